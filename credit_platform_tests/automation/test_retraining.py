"""The sensor that asks for retrainings, one look at a time."""

from __future__ import annotations

import json

import dagster as dg
import pytest
from dagster._core.definitions.repository_definition import RepositoryDefinition
from dagster._core.test_utils import create_run_for_test

from credit_platform.assets.models.retrain_claim import LEFT_TO_TAG
from credit_platform_tests.automation.retrain_ticks import MODELS, keys, report, tick


def test_two_pending_retrain_months_give_two_requests_and_a_second_tick_none(
    repository: RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[1], "2025-01-01", version="v1")
    report(instance, MODELS[1], "2025-02-01", version="v2")
    requests, skipped, cursor = tick(repository, instance)
    assert keys(requests) == ["retrain:gradient_boosting:2025-01-01:v1", "retrain:gradient_boosting:2025-02-01:v2"]
    assert [request.partition_key for request in requests] == ["2025-01-01", "2025-02-01"]
    assert skipped is None
    again, skipped, same = tick(repository, instance, cursor)
    assert again == []
    assert skipped is not None
    assert skipped.startswith("0 new actions, retrain:gradient_boosting:2025-01-01:v1 is asked for")
    assert json.loads(same or "{}")["seen"] == json.loads(cursor or "{}")["seen"]


def test_each_model_is_asked_for_by_itself(repository: RepositoryDefinition, instance: dg.DagsterInstance) -> None:
    for model in reversed(MODELS):
        report(instance, model, "2025-01-01")
    requests, _, _ = tick(repository, instance)
    assert [list(request.asset_selection or []) for request in requests] == [
        [dg.AssetKey(["model", model])] for model in MODELS
    ]
    assert [request.tags["credit_platform/model"] for request in requests] == list(MODELS)


def test_an_action_recorded_after_the_last_look_is_found_and_earlier_ones_are_not_asked_for_again(
    repository: RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01")
    _, _, cursor = tick(repository, instance)
    report(instance, MODELS[0], "2025-02-01")
    report(instance, MODELS[1], "2025-01-01")
    requests, _, cursor = tick(repository, instance, cursor)
    assert keys(requests) == [
        "retrain:scorecard:2025-02-01:2024-12-01-abc",
        "retrain:gradient_boosting:2025-01-01:2024-12-01-abc",
    ]
    assert set(json.loads(cursor or "{}")["seen"]) == set(MODELS)


def test_the_same_action_materialized_again_asks_for_nothing_more(
    repository: RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01")
    report(instance, MODELS[0], "2025-01-01")
    requests, _, cursor = tick(repository, instance)
    report(instance, MODELS[0], "2025-01-01")
    again, _, _ = tick(repository, instance, cursor)
    assert len(keys([*requests, *again])) == 1


@pytest.mark.parametrize(
    ("action", "actionable"),
    [("monitor", True), ("active_monitoring", True), ("retrain", False), ("monitor", False)],
)
def test_other_actions_and_backtests_ask_for_nothing_and_move_the_cursor(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, action: str, *, actionable: bool
) -> None:
    report(instance, MODELS[0], "2025-01-01", action=action, actionable=actionable)
    requests, skipped, cursor = tick(repository, instance)
    assert requests == []
    assert skipped == "1 new actions, none asks for retraining"
    assert list(json.loads(cursor or "{}")["seen"]) == [MODELS[0]]


@pytest.mark.parametrize("month", ["2024-11-01", None])
def test_an_action_of_a_month_that_cannot_be_trained_asks_for_nothing(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, month: str | None
) -> None:
    report(instance, MODELS[0], month)
    requests, _, _ = tick(repository, instance)
    assert requests == []


def test_with_no_action_at_all_the_tick_is_skipped(
    repository: RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    assert tick(repository, instance) == (
        [],
        "0 new actions, none asks for retraining",
        '{"pending": [], "seen": {}}',
    )


def test_more_actions_than_one_look_takes_in_are_read_over_several_ticks(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit_platform.automation.retraining._EVENTS_PER_TICK", 2)
    for month in range(1, 6):
        report(instance, MODELS[0], f"2025-0{month}-01")
    asked: list[str | None] = []
    cursor: str | None = None
    for _ in range(4):
        requests, _, cursor = tick(repository, instance, cursor)
        asked += [request.partition_key for request in requests]
    assert asked == [f"2025-0{month}-01" for month in range(1, 6)]


def test_the_request_names_one_model_of_the_training_job(repository: RepositoryDefinition) -> None:
    sensor = repository.get_sensor_def("retrain_on_action")
    assert [target.job_name for target in sensor.targets] == ["train_models"]


def run_of(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    """The run a daemon would have started for a request, as far as it has come."""
    return create_run_for_test(instance, job_name="train_models", status=status, tags=dict(request.tags))


def test_a_training_that_fails_is_asked_for_again_as_often_as_policy_says_and_then_left_with_its_run_named(
    repository: RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01", version="v1")
    cursor: str | None = None
    asked: list[str | None] = []
    last = ""
    for _ in range(3):
        requests, _, cursor = tick(repository, instance, cursor)
        asked += keys(requests)
        last = run_of(instance, requests[0], dg.DagsterRunStatus.FAILURE).run_id
    key = "retrain:scorecard:2025-01-01:v1"
    assert asked == [key, f"{key}:attempt2", f"{key}:attempt3"]
    requests, skipped, cursor = tick(repository, instance, cursor)
    assert requests == []
    assert skipped == (
        f"0 new actions, {key} failed 3 times, last in run {last}; train the month by hand once it is mended"
    )
    assert json.loads(cursor or "{}")["pending"] == []


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_a_training_under_way_is_waited_for_and_its_success_ends_it(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    report(instance, MODELS[0], "2025-01-01")
    (request,), _, cursor = tick(repository, instance)
    run = run_of(instance, request, status)
    requests, skipped, cursor = tick(repository, instance, cursor)
    assert requests == []
    assert skipped is not None
    assert skipped.endswith("is under way")
    instance.handle_run_event(run.run_id, dg.DagsterEvent("PIPELINE_SUCCESS", run.job_name))
    requests, skipped, cursor = tick(repository, instance, cursor)
    assert (requests, json.loads(cursor or "{}")["pending"]) == ([], [])
    assert skipped is not None
    assert skipped.endswith("is done")


def test_a_cursor_lost_with_its_daemon_asks_again_under_the_same_run_key_and_not_at_all_once_a_run_exists(
    repository: RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01")
    (first,), _, _ = tick(repository, instance)
    (again,), _, _ = tick(repository, instance)
    assert first.run_key == again.run_key
    run_of(instance, first, dg.DagsterRunStatus.SUCCESS)
    assert tick(repository, instance)[0] == []


def test_a_run_that_left_the_training_to_another_counts_neither_as_done_nor_as_an_attempt(
    repository: RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01")
    (request,), _, cursor = tick(repository, instance)
    failed = run_of(instance, request, dg.DagsterRunStatus.FAILURE)
    left = run_of(instance, request, dg.DagsterRunStatus.SUCCESS)
    instance.add_run_tags(left.run_id, {LEFT_TO_TAG: failed.run_id})
    (second,), _, _ = tick(repository, instance, cursor)
    assert str(second.run_key).endswith(":attempt2")
