"""Requests that are sent again with their key: the stored answer, by whichever process, and nothing decided twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from credit_platform.lake.governance.api_keys import ApiKeyFile
from credit_platform.lake.governance.online_decisions import OnlineDecisionLog
from credit_platform_tests.serving.http.fake_scorer import ATTRIBUTES, FakeScorer
from credit_platform_tests.serving.http.running import body, layout_of, problem, record, running


def test_the_same_request_gets_the_stored_answer_and_is_decided_once(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        first = service.post(idempotency_key="k1")
        again = service.post(idempotency_key="k1")
        by_the_other_name = service.post("/predict", idempotency_key="k1")
        assert first.content == again.content == by_the_other_name.content
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        assert len(service.logged()) == 1
        assert service.post().json()["predictions"][0]["decision_id"] != first.json()["predictions"][0]["decision_id"]


def test_a_key_is_not_good_for_another_request(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        service.post(idempotency_key="k1")
        other = service.post(content=body(record("loan-2")), idempotency_key="k1")
        assert (other.status_code, problem(other)["type"]) == (409, "urn:credit-platform:problem:key-was-used")
        rows = service.post("/v1/features/predict", {"records": [{"loan_id": "a"}]}, idempotency_key="k1")
        assert rows.status_code == 409
        assert len(service.logged()) == 1


def test_a_request_that_was_refused_gives_its_key_back(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        assert service.post(content=body(record(age="x")), idempotency_key="k1").status_code == 422
        assert service.post(idempotency_key="k1").status_code == 200


def test_a_restart_forgets_no_answer(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        first = service.post(idempotency_key="k1")
    with running(tmp_path, FakeScorer(version="v2")) as service:
        assert service.post(idempotency_key="k1").content == first.content
        assert service.scorer.calls == []


def test_an_answer_is_found_in_the_log_where_the_keys_were_lost(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        first = service.post(idempotency_key="k1")
        # As a process that is killed between the log and the keys leaves them.
        segments = (tmp_path / "audit/online/segments.jsonl").read_bytes()
        head = (tmp_path / "audit/online/segments_head.json").read_bytes()
    (tmp_path / "audit/online/segments.jsonl").write_bytes(segments)
    (tmp_path / "audit/online/segments_head.json").write_bytes(head)
    for file in (tmp_path / "service").glob("answers.sqlite*"):
        file.unlink()
    with running(tmp_path) as service:
        assert service.post(idempotency_key="k1").content == first.content
    assert OnlineDecisionLog(layout_of(tmp_path)).verify() == []


def test_requests_that_come_together_are_decided_once(tmp_path: Path) -> None:
    with running(tmp_path) as service, ThreadPoolExecutor(8) as pool:
        service.scorer.is_free.clear()
        first = pool.submit(service.post)
        service.scorer.called.acquire(timeout=60)
        others = [pool.submit(service.post, idempotency_key="k1") for _ in range(5)]
        while "credit_platform_queue_records 5.0" not in service.client.get("/metrics").text:
            pass
        service.scorer.is_free.set()
        assert len({answer.result().content for answer in others}) == 1
        assert first.result().status_code == 200
        assert len(service.logged()) == 2


def test_keys_of_one_client_are_not_those_of_another(tmp_path: Path) -> None:
    keys = ApiKeyFile(layout_of(tmp_path))
    tokens = [keys.add(name, role="score") for name in ("a", "b")]
    with running(tmp_path) as service:
        answers = [
            service.post(idempotency_key="k1", authorization=f"Bearer {token}").json()["request_id"] for token in tokens
        ]
        assert len(set(answers)) == 2
        assert [one.content["owner"] for one in service.logged()] == ["a", "b"]


def test_records_of_several_requests_are_scored_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as service, ThreadPoolExecutor(8) as pool:
        service.scorer.is_free.clear()
        first = pool.submit(service.post)
        service.scorer.called.acquire(timeout=60)
        others = [pool.submit(service.post, content=body(record(f"loan-{n}", n))) for n in range(6)]
        odd = pool.submit(service.post, content=body(record(age="x")))
        while "credit_platform_queue_records 7.0" not in service.client.get("/metrics").text:
            pass
        service.scorer.is_free.set()
        assert [one.result().json()["predictions"][0]["score"] for one in others] == [600 + n for n in range(6)]
        assert problem(odd.result())["errors"][0]["pointer"] == f"/records/0/{ATTRIBUTES}/Age"
        assert first.result().status_code == 200
        assert service.scorer.calls == [1, 7]
