"""Pages of other origins, and that they operate nothing."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from credit_platform.cli.same_origin import SameOrigin
from credit_platform_tests.field_faults.catalogue import case


async def _behind(_scope: object, _receive: object, send: object) -> None:
    assert callable(send)
    await send({"type": "http.response.start", "status": 200})


def answer_to(method: str, *, query: str = "", **headers: str) -> dict[str, Any]:
    """How a request to the UI is answered."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    named = {"host": "127.0.0.1:3000"} | headers
    scope = {
        "type": "http",
        "method": method,
        "path": "/graphql",
        "query_string": f"query={quote(query)}".encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
    }
    asyncio.run(SameOrigin(_behind)(scope, send, send))  # pyrefly: ignore
    return sent[0]


def status_of(method: str, *, query: str = "", **headers: str) -> object:
    return answer_to(method, query=query, **headers)["status"]


@case(
    "F2",
    given="a foreign page sends GET /graphql?query=mutation{startSensor(...)}, or a foreign Host",
    right="mutations only by POST from the same origin, foreign hosts refused",
)
def test_foreign_pages_operate_nothing() -> None:
    starting = "mutation { startSensor(sensorSelector: {}) { __typename } }"
    assert status_of("GET", query=starting, origin="http://evil.example") == 403
    assert status_of("GET", query=starting) == 403
    assert status_of("GET", query=f"mutation {'{ a ' * 5000}{'}' * 5000}") == 403
    assert status_of("POST", origin="http://127.0.0.1:4000") == 403
    assert status_of("POST", host="evil.example", origin="http://evil.example") == 403
    assert status_of("POST", origin="http://127.0.0.1:3000", sec_fetch_site="same-origin") == 200


@case(
    "F6",
    given="a foreign page shows the UI in a frame, below something one wants to click on",
    right="a browser does not show it there",
)
def test_no_foreign_page_shows_the_ui_in_a_frame() -> None:
    assert (b"x-frame-options", b"SAMEORIGIN") in answer_to("GET", sec_fetch_site="cross-site")["headers"]
