"""How requests were answered is written down each minute and at the end, and says nothing of what was in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path
from threading import Semaphore

import pytest

from credit_platform.lake.governance.service_minutes import RequestCounts, ServiceMinutes
from credit_platform.lake.storage_faults import explained
from credit_platform.months import parse_month
from credit_platform.serving.http.batches import LOGGER
from credit_platform.serving.http.metrics import ServiceMetrics
from credit_platform_tests.serving.http.running import LIMITS, Running, body, layout_of, record, running

SELDOM = replace(LIMITS, note_seconds=3600.0)


def counted(folder: Path) -> dict[tuple[str, str], RequestCounts]:
    layout = layout_of(folder)
    months = [parse_month(one.name) for one in layout.service_minutes().glob("*")]
    found: dict[tuple[str, str], RequestCounts] = {}
    for month in months:
        for kind, one in ServiceMinutes(layout).of_month(month).items():
            found.setdefault(kind, RequestCounts()).add(one.answers, one.seconds, one.records)
    return found


def ask(service: Running) -> None:
    service.post()
    service.post(content=body(record(age="old")))
    service.post(content=body(*(record(f"loan-{n}") for n in range(3))))
    service.client.get("/health")


def test_what_was_counted_is_written_at_the_end_by_endpoint_and_size(tmp_path: Path) -> None:
    with running(tmp_path, limits=SELDOM) as service:
        ask(service)
        assert counted(tmp_path) == {}
    found = counted(tmp_path)
    assert {kind: (one.answers, one.records) for kind, one in found.items()} == {
        ("/v1/predict", "single"): ({"2xx": 1, "4xx": 1}, 2),
        ("/v1/predict", "several"): ({"2xx": 1}, 3),
        ("/health", "none"): ({"2xx": 1}, 0),
    }
    assert {sum(one.seconds.values()) for one in found.values()} == {1, 2}
    [file] = layout_of(tmp_path).service_minutes().rglob("*.jsonl")
    text = file.read_text()
    assert not [word for word in ("loan", "CUS_secret", "Ann", "anonymous") if word in text]


def test_it_is_written_while_the_service_runs(tmp_path: Path) -> None:
    with running(tmp_path, limits=replace(LIMITS, note_seconds=0.01)) as service:
        service.post()
        while ("/v1/predict", "single") not in counted(tmp_path):
            pass


def test_a_disk_that_is_full_fails_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = Semaphore(0)

    def full(minutes: ServiceMinutes, _counted: object) -> None:
        tried.release()
        raise explained(minutes.layout.service_minutes(), ENOSPC)

    monkeypatch.setattr(ServiceMinutes, "append", full)
    monkeypatch.setattr(LOGGER, "propagate", True)
    with running(tmp_path, limits=replace(LIMITS, note_seconds=0.01)) as service:
        # The second time comes after the first was borne.
        assert tried.acquire(timeout=60)
        assert tried.acquire(timeout=60)
        assert service.post().status_code == 200
    assert "not noted" in caplog.text


def test_a_request_is_counted_in_its_minute_and_its_bucket() -> None:
    metrics = ServiceMetrics(lambda: datetime(2024, 5, 31, 23, 59, 59, tzinfo=UTC))
    for seconds in (0.0, 0.05, 0.0501, 99.0):
        metrics.answered("/v1/predict", 200, seconds, 1)
    metrics.answered("/v1/predict", 0, 1.0, 0)
    assert metrics.take_minutes() == {
        "2024-05-31T23:59Z": {
            ("/v1/predict", "single"): RequestCounts({"2xx": 4}, {"0.002": 1, "0.05": 1, "0.075": 1, "inf": 1}, 4),
            ("/v1/predict", "none"): RequestCounts({"broken off": 1}, {"1.0": 1}, 0),
        }
    }
    assert metrics.take_minutes() == {}
    assert b'credit_platform_request_seconds_bucket{endpoint="/v1/predict",le="0.05"} 2.0' in metrics.page()
