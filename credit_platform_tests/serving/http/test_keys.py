"""Who is let in, to what, and how much of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from credit_platform.lake.governance.api_keys import ApiKeyFile
from credit_platform.serving.http.limits import Allowance, ServiceLimits
from credit_platform_tests.serving.http.running import LIMITS, body, layout_of, problem, record, running


def test_with_keys_nobody_is_let_in_without_one_but_to_ask_for_health(tmp_path: Path) -> None:
    ApiKeyFile(layout_of(tmp_path)).add("bank", role="score")
    with running(tmp_path) as service:
        for headers in (
            {"accept": "*/*"},
            {"authorization": "Bearer cp_wrong"},
            {"x_api_key": "cp_"},
            {"authorization": "Basic YTpi"},
        ):
            refused = service.post(**headers)
            assert refused.status_code == 401
            assert problem(refused)["detail"] == "Send a key: Authorization: Bearer KEY."
            assert refused.headers["www-authenticate"].startswith("Bearer")
        for path in ("/v1/schema", "/metrics", "/openapi.json", "/nowhere"):
            assert service.client.get(path).status_code == 401
        assert service.client.get("/health").status_code == service.client.get("/ready").status_code == 200
        assert service.logged() == []


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_lets_its_owner_in_and_names_them_in_the_log(tmp_path: Path, header: str) -> None:
    token = ApiKeyFile(layout_of(tmp_path)).add("bank", role="score")
    with running(tmp_path) as service:
        shown = f"Bearer {token}" if header == "Authorization" else token
        answer = service.client.post("/v1/predict", json=body(), headers={header: shown})
        assert answer.status_code == 200
        assert [one.content["owner"] for one in service.logged()] == ["bank"]


def test_a_key_that_reads_has_nothing_scored(tmp_path: Path) -> None:
    token = ApiKeyFile(layout_of(tmp_path)).add("prometheus", role="read")
    with running(tmp_path, Authorization=f"Bearer {token}") as service:
        assert service.client.get("/metrics").status_code == service.client.get("/v1/metadata").status_code == 200
        for path in ("/v1/predict", "/predict", "/v1/features/predict", "/v1/validate"):
            assert problem(service.post(path))["status"] == 403


def test_a_key_made_or_revoked_counts_at_once_and_the_last_one_opens_nothing(tmp_path: Path) -> None:
    keys = ApiKeyFile(layout_of(tmp_path))
    with running(tmp_path) as service:
        assert service.post().status_code == 200
        token = keys.add("bank", role="score")
        while service.post().status_code == 200:
            pass
        assert service.post(authorization=f"Bearer {token}").status_code == 200
        keys.revoke("bank")
        while service.post(authorization=f"Bearer {token}").status_code == 200:
            pass
        assert service.post().status_code == 401
        keys.layout.api_keys().unlink()
        service.client.get("/health")
        assert service.post().status_code == 401


def test_limits_of_a_key_are_kept(tmp_path: Path) -> None:
    keys = ApiKeyFile(layout_of(tmp_path))
    slow = keys.add("slow", role="score", requests_per_second=0.001)
    small = keys.add("small", role="score", records_per_minute=2)
    with running(tmp_path) as service:
        answers = [service.post(authorization=f"Bearer {slow}") for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 429]
        assert int(answers[1].headers["retry-after"]) > 900
        sizes = [service.post(content=body(record(), record("b")), x_api_key=small) for _ in range(2)]
        assert [one.status_code for one in sizes] == [200, 429]
        assert problem(sizes[1])["type"].endswith("too-many-records")


def test_without_keys_only_names_of_loopback_are_answered(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        assert problem(service.post(host="attacker.example.org"))["status"] == 421
        for host in ("localhost:8000", "127.0.0.1", "[::1]", "[::1]:80", "LOCALHOST"):
            assert service.post(host=host).status_code == 200


def test_a_queue_that_is_full_says_when_to_come_again(tmp_path: Path) -> None:
    with running(tmp_path, limits=replace(LIMITS, waiting_records=3)) as service, ThreadPoolExecutor(4) as pool:
        service.scorer.is_free.clear()
        waiting = [pool.submit(service.post)]
        service.scorer.called.acquire(timeout=60)
        waiting.append(pool.submit(service.post, content=body(record(), record("b"), record("c"))))
        while "credit_platform_queue_records 3.0" not in service.client.get("/metrics").text:
            pass
        refused = service.post()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        service.scorer.is_free.set()
        assert [one.result().status_code for one in waiting] == [200, 200]


def test_a_request_that_waits_too_long_is_given_up_and_not_decided(tmp_path: Path) -> None:
    limits: ServiceLimits = replace(LIMITS, answer_seconds=0.2)
    with running(tmp_path, limits=limits) as service, ThreadPoolExecutor(4) as pool:
        service.scorer.is_free.clear()
        first = pool.submit(service.post)
        service.scorer.called.acquire(timeout=60)
        assert service.post(content=body(record("given up"))).status_code == 503
        assert first.result().status_code == 503
        service.scorer.is_free.set()
        service.scorer.called.release()
        assert service.post().status_code == 200
        assert "given up" not in [one.content["decisions"][0]["case"] for one in service.logged()]


def test_an_allowance_fills_evenly_and_is_paid_back() -> None:
    now = 0.0
    bucket = Allowance(2.0, 4.0, lambda: now)
    assert [bucket.take(1) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    now = 0.5
    assert (bucket.take(1), bucket.take(1)) == (0, 0.5)
    now = 100.0
    assert bucket.take(8) == 0, "more than its size is taken from a full one"
    assert bucket.take(1) == 2.5
