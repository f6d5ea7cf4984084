from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote

import pytest

from credit_platform.cli.same_origin import SameOrigin

OWN = "127.0.0.1:3000"
MUTATION = 'mutation { startSensor(sensorSelector: {sensorName: "x"}) { __typename } }'
Message = MutableMapping[str, Any]


def answered(*, hosts: tuple[str, ...] = (), **request: object) -> list[Message]:
    """What is sent back; the application behind answers 200, or accepts."""
    sent: list[Message] = []

    async def behind(scope: Message, _receive: object, send: Any) -> None:
        is_http = scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200} if is_http else {"type": "websocket.accept"})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {}

    headers: dict[str, str] = {"host": OWN, **request.pop("headers", {})}  # pyrefly: ignore
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
        **request,
    }
    asyncio.run(SameOrigin(behind, hosts)(scope, receive, send))
    return sent


@pytest.mark.parametrize(
    ("headers", "is_passed"),
    [
        ({}, True),  # a program
        ({"origin": f"http://{OWN}", "sec-fetch-site": "same-origin"}, True),
        ({"origin": f"HTTP://{OWN}"}, True),
        ({"referer": f"http://{OWN}/runs?x=http://evil.example"}, True),
        ({"host": "localhost:8080", "origin": "http://localhost:8080"}, True),
        ({"host": "[::1]:3000", "origin": "http://[::1]:3000"}, True),
        ({"origin": "http://127.0.0.1:4000", "sec-fetch-site": "same-site"}, False),
        ({"origin": "http://localhost:3000"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": f"http://{OWN}@evil.example"}, False),
        ({"origin": "http://[bad"}, False),
        ({"origin": f"http://{OWN}", "sec-fetch-site": "cross-site"}, False),
        ({"referer": "http://evil.example/127.0.0.1:3000"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"host": "evil.example:3000", "origin": "http://evil.example:3000"}, False),
        ({"host": "127.0.0.1.evil.example", "origin": "http://127.0.0.1.evil.example"}, False),
        ({"host": "[bad"}, False),
        ({"host": ""}, False),
        ({"host": "ui.example.org", "origin": "https://ui.example.org"}, True),
        ({"origin": "https://ui.example.org", "sec-fetch-site": "same-origin"}, True),  # the proxy sends its own host
        ({"host": "ui.example.org:99"}, False),
        ({"origin": "https://ui.example.org:99"}, False),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_only_pages_of_the_ui_and_programs_get_through(kind: str, headers: dict[str, str], *, is_passed: bool) -> None:
    first, *rest = answered(type=kind, headers=headers, hosts=("ui.example.org",))
    if is_passed:
        assert first.get("status", 200) == 200
        assert first["type"] in {"http.response.start", "websocket.accept"}
    elif kind == "http":
        assert first["status"] == 403
        assert rest[0]["body"].endswith(b".")
    else:
        assert first["type"] == "websocket.close"


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/x/graphql"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        (MUTATION, 403),
        (f"# a comment\nquery A {{ version }} {MUTATION}", 403),
        ("{ version }", 200),
        ('group:"bronze"', 200),
        ("{" * 100_000, 200),
    ],
)
def test_nothing_is_changed_by_get(path: str, query: str, status: int) -> None:
    text = f"operationName=A&query={quote(query)}".encode()
    first, *_ = answered(method="GET", path=path, query_string=text, headers={"sec-fetch-site": "same-origin"})
    assert first["status"] == status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_elsewhere_leads_to_the_ui_but_no_frame_shows_it(method: str) -> None:
    first, *_ = answered(method=method, path="/runs", headers={"sec-fetch-site": "cross-site"})
    assert first["status"] == 200
    assert (b"x-frame-options", b"SAMEORIGIN") in first["headers"]
    assert answered(method=method, path="/runs", headers={"host": "evil.example"})[0]["status"] == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_any_other_method_counts_as_a_change(method: str) -> None:
    assert answered(method=method, headers={"origin": "http://evil.example"})[0]["status"] == 403
