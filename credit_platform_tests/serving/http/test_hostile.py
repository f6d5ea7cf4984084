"""Requests that nobody means well with: each is refused with a field or a reason, and none makes the service fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from credit_platform_tests.serving.http.fake_scorer import ATTRIBUTES
from credit_platform_tests.serving.http.running import LIMITS, Running, body, problem, record, running, sent_raw

NOTHING: list[Any] = []
NO_NAMES: dict[str, Any] = {}
MISSING = object()
ODD: tuple[Any, ...] = (
    *(NOTHING, NO_NAMES, [[1]], [NO_NAMES], [1], {"a": 1}, True, False, [None], {"Age": {"Age": 1}}),
    *("\ud800", "\udfff\ud800", "x\ud83d", "x" * 10_001),
)
NAMES = (
    "",
    "no_such",
    "a/b",
    "~",
    "__proto__",
    "\ud800",
    "'; drop table loans; --",
    "{{7*7}}",
    "x" * 300,
    "age",
    "Age ",
)
NO_AGES = ("../../etc/passwd", "NaN", "-1", "1e400", "=1+1", "<script>", "40 ", "４０", "0x28", "4_0", "9" * 5_000)
# By the field of a record that they are put into.
NO_VALUES: dict[str, tuple[Any, ...]] = {
    "loan_id": (
        "",
        None,
        " \n",
        "\x00",
        "a\x1bb",
        "\u202e\u200b",
        "k" * 201,
        NOTHING,
        NO_NAMES,
        True,
        "\ud800",
        MISSING,
    ),
    "Customer_ID": ("\n", "\x00", "a\x1bb", "\u202e\u200b", "k" * 201, NOTHING, NO_NAMES, True, "\ud800"),
    "snapshot_date": (
        *("", None, "yesterday", "2024-13-01", "2024-02-30", "20240501", "2024-W01-1", "2024-5-1", "0001-01-01"),
        *("9999-12-31", "2024-05-01T00:00:00", "٢٠٢٤-05-01", 20240501, 1.5, NOTHING, NO_NAMES, True, " 2024-05-01"),
        MISSING,
    ),
    ATTRIBUTES: ("x", 1, True, [1], ["x"], [None], [[NO_NAMES]], "\ud800", 1.5),
    "feature_clickstream": ("x", 1, True, [1], ["x"], [None], [[NO_NAMES]], "\ud800", [NO_NAMES] * 10_001),
}
NO_RECORDS = (None, NO_NAMES, "x", 1, True, NOTHING, [None], [1], ["x"], [[1]], [True], [NO_NAMES], [record()] * 11)
NO_THRESHOLDS = (0, 1, -1, 2, 1e308, "x", "nan", "inf", "-0.2", "", NOTHING, NO_NAMES, True, [0.2])
NO_JSON = (
    *(b"", b" ", b"{", b"[", b"nul", b"{'a': 1}", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"records": [}', b"{}{}"),
    *(b'{"records": NaN}', b'{"threshold": Infinity}', b'{"threshold": -Infinity}', b'{"records": [01]}'),
    *(b"[" * 100_000, b'{"a":' * 100_000, b'{"records": "' + b"\xc3\x28" + b'"}', b"<x/>", b"records=1"),
)
JSON = {"Content-Type": "application/json"}


def with_field(name: str, value: object) -> dict[str, Any]:
    """A request whose record has another value in a field, or none."""
    return body({key: cell for key, cell in {**record(), name: value}.items() if cell is not MISSING})


def by_field() -> Iterator[tuple[object, str]]:
    """Bodies, and a pointer to what is wrong with each."""
    for value in ODD:
        yield with_field(ATTRIBUTES, {"Age": value}), f"/records/0/{ATTRIBUTES}/Age"
        yield with_field(ATTRIBUTES, [{"Age": 1}, {"Name": value}]), f"/records/0/{ATTRIBUTES}/1/Name"
        yield with_field("feature_clickstream", [{"fe_1": value}]), "/records/0/feature_clickstream/0/fe_1"
        yield (
            with_field("features_financials", {"Annual_Income": value}),
            "/records/0/features_financials/Annual_Income",
        )
    yield from (
        (with_field(name, value), f"/records/0/{name}") for name, values in NO_VALUES.items() for value in values
    )
    yield from (({"records": value}, "/records") for value in NO_RECORDS)
    yield from ((body(threshold=value), "/threshold") for value in NO_THRESHOLDS)
    yield from ((with_field(ATTRIBUTES, {"Age": value}), f"/records/0/{ATTRIBUTES}/Age") for value in NO_AGES)
    yield from ((top, "") for top in (NOTHING, "x", 1, None, True, [record()]))
    for name in NAMES:
        pointer = name[:100].replace("~", "~0").replace("/", "~1")
        yield with_field(name, 1), f"/records/0/{pointer}"
        yield with_field(ATTRIBUTES, {name: 1}), f"/records/0/{ATTRIBUTES}/{pointer}"
        yield with_field("feature_clickstream", [{}, {name: 1}]), f"/records/0/feature_clickstream/1/{pointer}"
        yield {**body(), name: 1}, f"/{pointer}"


FIELDS = list(by_field())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("hostile"), limits=replace(LIMITS, records=10, body_bytes=2**20)) as one:
        yield one
        # After all of it the service is as it was.
        assert one.post().status_code == 200
        assert len(one.logged()) == 1


def test_two_hundred_bodies_are_refused_by_field_and_nothing_is_decided(service: Running) -> None:
    assert len(FIELDS) >= 200
    wrong: list[object] = []
    for content, pointer in FIELDS:
        refused = service.client.post("/v1/predict", content=json.dumps(content), headers=JSON)
        told = problem(refused)
        if refused.status_code != 422 or not any(
            fault["pointer"].startswith(pointer) and fault["rule"] and fault["detail"] for fault in told["errors"]
        ):
            wrong.append((content, pointer, told))
    assert wrong == []
    assert service.logged() == []


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/features/predict", "/v1/validate"])
def test_what_is_no_json_is_refused_with_a_reason(service: Running, path: str) -> None:
    for content in NO_JSON:
        refused = service.client.post(path, content=content, headers=JSON)
        assert refused.status_code == 400, (content[:20], refused.text)
        assert problem(refused)["detail"]


def test_names_that_come_twice_are_refused(service: Running) -> None:
    twice = '{"records": [{"loan_id": "a", "loan_id": "b"}]}', '{"records": [], "records": []}'
    for content, pointer in zip(twice, ("/records/0", ""), strict=True):
        refused = service.client.post("/v1/predict", content=content, headers=JSON)
        faults = [(fault["pointer"], fault["rule"]) for fault in problem(refused)["errors"]]
        assert (pointer, "names_are_unique") in faults


def test_other_types_methods_paths_and_sizes_are_refused(service: Running) -> None:
    text = json.dumps(body())
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", ""):
        refused = service.client.post("/v1/predict", content=text, headers={"Content-Type": kind})
        assert problem(refused)["status"] == 415
    packed = {**JSON, "Content-Encoding": "gzip"}
    assert problem(service.client.post("/v1/predict", content=text, headers=packed))["status"] == 415
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert problem(service.client.request(method, "/v1/predict"))["status"] == 405
    for path in ("/", "/docs", "/v1", "/v1/predict/", "/../etc/passwd", "/%2e%2e/", "/v1/predict%00", "/\u202e"):
        assert service.client.post(path, content=text, headers=JSON).status_code in {404, 307, 405}
    large = b'{"records": "' + b"x" * 2**20 + b'"}'
    assert problem(service.client.post("/v1/predict", content=large, headers=JSON))["status"] == 413
    unstated = service.client.post("/v1/predict", content=iter([large[:70_000]] * 20), headers=JSON)
    assert problem(unstated)["status"] == 413
    for key in ("", "k" * 201):
        refused = service.client.post("/v1/predict", content=text, headers={**JSON, "Idempotency-Key": key})
        assert problem(refused)["status"] == 400


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /health HTTP/1.1\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
        b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_what_is_no_request_is_refused_or_let_go(service: Running, sent: bytes) -> None:
    try:
        received = sent_raw(service.port, sent)
    except ConnectionResetError:
        received = b""
    assert received == b"" or received.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200"))
    assert service.client.get("/health").status_code == 200
