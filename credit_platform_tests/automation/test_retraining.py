from __future__ import annotations

import json

import dagster as dg
import pytest
from dagster._core.definitions.repository_definition import RepositoryDefinition

MODELS = ("logistic_regression", "gradient_boosting")


def report(
    instance: dg.DagsterInstance,
    model: str,
    month: str | None,
    *,
    action: str = "retrain",
    actionable: bool = True,
    version: str = "2024-12-01-abc",
) -> None:
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            asset_key=dg.AssetKey(["monitoring", model, "action"]),
            partition=month,
            metadata={"action": action, "actionable": actionable, "model_version": version},
        )
    )


def tick(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, cursor: str | None = None
) -> tuple[list[dg.RunRequest], str | None, str | None]:
    """Requests, skip reason and new cursor of one evaluation."""
    sensor = repository.get_sensor_def("retrain_on_action")
    with dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository) as context:
        data = sensor.evaluate_tick(context)
    return list(data.run_requests or []), data.skip_message, data.cursor


def keys(requests: list[dg.RunRequest]) -> list[str | None]:
    return [request.run_key for request in requests]


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
    assert skipped == "0 new actions, none asks for retraining"
    assert same == cursor


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
        "retrain:logistic_regression:2025-02-01:2024-12-01-abc",
        "retrain:gradient_boosting:2025-01-01:2024-12-01-abc",
    ]
    assert set(json.loads(cursor or "{}")) == set(MODELS)


def test_the_same_action_materialized_again_has_the_same_run_key(
    repository: RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01")
    report(instance, MODELS[0], "2025-01-01")
    requests, _, _ = tick(repository, instance)
    assert len(set(keys(requests))) == 1


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
    assert list(json.loads(cursor or "{}")) == [MODELS[0]]


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
    assert tick(repository, instance) == ([], "0 new actions, none asks for retraining", "{}")


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
