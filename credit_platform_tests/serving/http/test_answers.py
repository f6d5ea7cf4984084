"""What the endpoints answer: decisions that are in the log, faults by field, and what the service says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from credit_platform.lake.governance.online_decisions import OnlineDecisionLog
from credit_platform_tests.serving.http.fake_scorer import ATTRIBUTES, BROKEN, FakeScorer
from credit_platform_tests.serving.http.running import Running, body, problem, record, running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as one:
        yield one


def metric(service: Running, name: str) -> float:
    lines = service.client.get("/metrics").text.splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)), 0.0)


@pytest.mark.parametrize("path", ["/v1/predict", "/predict"])
def test_an_application_is_decided_with_reasons_and_the_decision_is_in_the_log(service: Running, path: str) -> None:
    answer = service.post(path)
    assert answer.status_code == 200
    content = answer.json()
    assert content["request_id"] == answer.headers["x-request-id"]
    [prediction] = content["predictions"]
    assert {
        "loan_id": "loan-1",
        "default_probability": 1 / 43,
        "score": 640,
        "grade": "R1",
        "decision": "approve",
    }.items() <= (prediction.items())
    assert prediction["reasons"] == [{"code": "A1", "text": "Your age"}]
    assert (prediction["model"], prediction["model_version"]) == ("scorecard", "v1")
    assert (prediction["provenance"], prediction["policy_sha256"]) == ("api", "p" * 64)
    assert prediction["sources_present"] == "attributes"
    [logged] = service.logged()
    assert logged.content["request_id"] == content["request_id"]
    assert logged.place.decision_id(0) == prediction["decision_id"]
    [decision] = logged.content["decisions"]
    assert decision["default_probability"] == prediction["default_probability"]
    assert decision["features"] == {"snapshot_month": "2024-05-01", "loan_id": "loan-1", "age": 40}
    assert [row["model_version"] for row in decision["shadow"]] == ["t1"]
    assert OnlineDecisionLog(service.layout).verify() == []


def test_no_file_and_no_answer_names_the_customer_or_a_name(
    service: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [
        service.post().text,
        service.post(content=body(record(age="CUS_secret"))).text,
        service.post(content=body(record("CUS_secret\x00"))).text,
        service.post(content=body(record(BROKEN))).text,
        capsys.readouterr().err,
    ]
    texts += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    assert len(texts) > 6
    assert [text for text in texts if "CUS_secret" in text or "Ann Body" in text] == []


def test_many_records_are_answered_in_their_order_and_logged_as_one_record(service: Running) -> None:
    answer = service.post(content=body(*(record(f"loan-{n}", n % 90) for n in range(1000))))
    assert answer.status_code == 200
    assert [one["loan_id"] for one in answer.json()["predictions"]] == [f"loan-{n}" for n in range(1000)]
    assert [one["score"] for one in answer.json()["predictions"]] == [600 + n % 90 for n in range(1000)]
    assert [len(one.content["decisions"]) for one in service.logged()] == [1000]


def test_one_fault_refuses_the_whole_request_and_nothing_is_decided(service: Running) -> None:
    refused = service.post(content=body(record(), record("loan-2", "very old"), record("loan-3", fee=1)))
    assert [(fault["pointer"], fault["rule"]) for fault in problem(refused)["errors"]] == [
        ("/records/2/fee", "is_known")
    ]
    refused = service.post(content=body(record(), record("loan-2", "very old"), record("loan-3", True)))  # noqa: FBT003
    assert [fault["pointer"] for fault in problem(refused)["errors"]] == [f"/records/2/{ATTRIBUTES}/Age"]
    refused = service.post(content=body(record(), record("loan-2", "very old"), record("loan-3", None)))
    pointers = [fault["pointer"] for fault in problem(refused)["errors"]]
    assert pointers == [f"/records/{place}/{ATTRIBUTES}/Age" for place in (1, 2)]
    assert "very old" not in refused.text
    assert service.logged() == []


def test_rows_given_as_a_list_have_a_place_in_pointers(service: Running) -> None:
    rows = [{"fe_1": 1}, {"fe_1": 2, "fe/x": "~"}]
    refused = service.post(content=body(record(feature_clickstream=rows)))
    assert problem(refused)["errors"][0]["pointer"] == "/records/0/feature_clickstream/1/fe~1x"
    refused = service.post(content=body(record(feature_clickstream=[{"fe_1": 1}, {"fe_1": "x"}])))
    assert problem(refused)["errors"][0]["pointer"] == "/records/0/feature_clickstream/1/fe_1"


def test_numbers_are_scored_as_they_were_written(service: Running) -> None:
    text = json.dumps(body(record(age="@"))).replace('"@"', "007.10".replace("007.10", "1e0"))
    refused = service.client.post("/v1/predict", content=text, headers={"Content-Type": "application/json"})
    assert problem(refused)["errors"][0]["pointer"] == f"/records/0/{ATTRIBUTES}/Age"
    assert (
        service.post(content=body(record(age=41))).json() | {"request_id": 0}
        != service.post(content=body(record(age="41"))).json()
    )
    first, second = (one.content["decisions"][0]["input_sha256"] for one in service.logged())
    assert first == second


def test_a_threshold_takes_the_place_of_the_cut_off(service: Running) -> None:
    low, usual, high = (service.post(content=body(threshold=t)).json() for t in (0.01, None, 0.9))
    decisions = [one["predictions"][0]["decision"] for one in (low, usual, high)]
    assert decisions == ["decline", "approve", "approve"]
    assert [one.content["threshold"] for one in service.logged()] == [0.01, None, 0.9]


def test_validate_says_what_is_wrong_and_decides_nothing(service: Running) -> None:
    sound = service.post("/v1/validate").json()
    assert sound["valid"] is True
    assert sound["records"] == [{"valid": True, "unseen": []}]
    mixed = service.post("/v1/validate", body(record(), record("b", "x"))).json()
    assert [one["valid"] for one in mixed["records"]] == [True, False]
    assert mixed["errors"][0]["pointer"] == f"/records/1/{ATTRIBUTES}/Age"
    missing = service.post("/v1/validate", {"records": [{}]})
    assert (missing.status_code, missing.json()["valid"]) == (200, False)
    assert [fault["pointer"] for fault in missing.json()["errors"]] == [
        "/records/0/loan_id",
        "/records/0/snapshot_date",
    ]
    assert service.logged() == []


def test_feature_rows_are_decided_too(service: Running) -> None:
    row = {"loan_id": "loan-1", "snapshot_month": "2024-05-01", "customer_id": "CUS_secret", "n_loans": 4}
    answer = service.post("/v1/features/predict", {"records": [row]})
    assert answer.json()["predictions"][0]["score"] == 604
    refused = service.post("/v1/features/predict", {"records": [row, row | {"n_loans": "x"}]})
    assert [fault["pointer"] for fault in problem(refused)["errors"]] == ["/records/1/n_loans"]
    refused = service.post("/v1/features/predict", {"records": [row | {"no_such": 1, "n_loans": [4]}]})
    assert [fault["pointer"] for fault in problem(refused)["errors"]] == ["/records/0/n_loans", "/records/0/no_such"]
    assert len(service.logged()) == 1


def test_the_service_says_what_it_takes_and_what_it_scores_with(service: Running) -> None:
    schema = service.client.get("/v1/schema").json()
    properties = schema["properties"]["records"]["items"]["properties"]
    assert set(properties) == {
        *("loan_id", "customer_id", "snapshot_date"),
        *(source.name for source in service.layout.portfolio.sources),
    }
    assert "Age" in properties[ATTRIBUTES]["anyOf"][0]["properties"]
    said = service.client.get("/v1/metadata").json()
    assert (said["champion"], said["versions"]) == ("scorecard", {"scorecard": "v1", "trees": "t1"})
    assert set(service.client.get("/openapi.json").json()["paths"]) >= {"/v1/predict", "/predict", "/health"}
    assert service.client.get("/health").json()["status"] == "ok"
    assert service.client.get("/ready").json()["status"] == "ready"


def test_prometheus_is_told_what_happened(service: Running) -> None:
    service.post(content=body(*(record(f"loan-{n}") for n in range(3))))
    service.post(content=body(record(age="x")))
    service.client.get("/no-such-path")
    assert metric(service, 'credit_platform_requests_total{endpoint="/v1/predict",status_class="2xx"}') == 1
    assert metric(service, 'credit_platform_requests_total{endpoint="/v1/predict",status_class="4xx"}') == 1
    assert metric(service, 'credit_platform_requests_total{endpoint="other",status_class="4xx"}') == 1
    assert metric(service, 'credit_platform_request_seconds_count{endpoint="/v1/predict"}') == 2
    assert metric(service, 'credit_platform_decisions_total{decision="approve"}') == 3
    scored = 'credit_platform_records_scored_total{model="%s",use="%s",version="%s"}'
    assert metric(service, scored % ("scorecard", "champion", "v1")) == 3
    assert metric(service, scored % ("trees", "shadow", "t1")) == 3
    assert metric(service, "credit_platform_records_refused_total") == 1
    assert metric(service, "credit_platform_batch_records_count") == 2
    assert metric(service, "credit_platform_log_append_seconds_count") == 1
    assert metric(service, "credit_platform_queue_records") == 0
    assert metric(service, 'credit_platform_version_in_force{model="scorecard",version="v1"}') == 1


def test_a_promotion_is_taken_over_without_a_restart(service: Running) -> None:
    assert service.post().json()["predictions"][0]["model_version"] == "v1"
    service.scorer.promoted = "v2"
    while service.post().json()["predictions"][0]["model_version"] != "v2":
        pass
    assert service.client.get("/v1/metadata").json()["versions"]["scorecard"] == "v2"


def test_without_a_version_in_force_it_is_not_ready(tmp_path: Path) -> None:
    with running(tmp_path, FakeScorer(version=None)) as service:
        refused = service.post()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert service.logged() == []
        assert service.client.get("/health").status_code == 200
        waiting: httpx.Response = service.client.get("/ready")
        assert waiting.status_code == 503
        assert "No version of the champion is in force" in waiting.json()["detail"]
        service.scorer.promoted = "v1"
        while service.client.get("/ready").status_code != 200:
            service.client.get("/health")


def test_what_fails_as_nothing_should_fails_alone_and_says_no_word_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path) as service:
        failed = service.post(content=body(record(BROKEN)))
        assert failed.status_code == 500
        assert set(failed.json()) == {"type", "title", "status", "detail", "request_id"}
        assert service.post().status_code == 200
        assert "nobody thought of" not in failed.text + capsys.readouterr().err
