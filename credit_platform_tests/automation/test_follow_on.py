from __future__ import annotations

import dataclasses
from datetime import date
from itertools import pairwise

import dagster as dg
import pytest
from dagster._core.definitions.repository_definition import RepositoryDefinition
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from credit_platform.automation.follow_on import follow_on_rules, run_span, span_request
from credit_platform.automation.schedules import CLOSED_BY
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ModelConfig
from credit_platform.settings import Settings

SENSORS = {
    "score_on_month_built": ("build_month", "score_month"),
    "train_on_first_window": ("build_month", "train_models"),
    "score_on_first_training": ("train_models", "score_month"),
    "monitor_on_month_scored": ("score_month", "monitor_month"),
    "train_before_first_outcome": ("score_month", "train_models"),
    "train_on_quarter_end": ("monitor_month", "train_models"),
}
# Sensor, months of the finished run, months asked for or what the skip says. First training: 2024-12.
CASES: list[tuple[str, tuple[str, str], tuple[str, str] | str]] = [
    ("score_on_month_built", ("2025-01", "2025-01"), ("2025-01", "2025-01")),
    ("score_on_month_built", ("2024-12", "2024-12"), "2024-12 is scored after the first training, which is due in"),
    ("score_on_month_built", ("2023-01", "2023-01"), "scored after the first training"),
    ("score_on_month_built", ("2025-02", "2025-04"), ("2025-02", "2025-04")),
    ("train_on_first_window", ("2024-12", "2024-12"), ("2024-12", "2024-12")),
    ("train_on_first_window", ("2023-01", "2024-12"), ("2024-12", "2024-12")),
    ("train_on_first_window", ("2024-11", "2024-11"), "the first training is due in 2024-12, not in 2024-11"),
    ("train_on_first_window", ("2025-01", "2025-01"), "the first training is due in 2024-12, not in 2025-01"),
    ("score_on_first_training", ("2024-12", "2024-12"), ("2024-04", "2024-12")),
    ("score_on_first_training", ("2025-03", "2025-03"), "earlier months were scored after the first training"),
    ("monitor_on_month_scored", ("2024-04", "2024-12"), ("2024-10", "2024-12")),
    ("monitor_on_month_scored", ("2025-01", "2025-01"), ("2025-01", "2025-01")),
    ("monitor_on_month_scored", ("2024-09", "2024-09"), "first outcome of a scored cohort is read in 2024-10, after"),
    ("train_before_first_outcome", ("2025-03", "2025-03"), "2025-03 is monitored, and trained after that"),
    ("train_on_quarter_end", ("2025-03", "2025-03"), ("2025-03", "2025-03")),
    ("train_on_quarter_end", ("2025-01", "2025-01"), "no training is due in 2025-01"),
    ("train_on_quarter_end", ("2024-10", "2024-12"), "no training is due in 2024-12"),
    ("train_on_quarter_end", ("2024-10", "2024-10"), "no training is due in 2024-10"),
]


def month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def span_tags(first: str, last: str) -> dict[str, str]:
    if first == last:
        return {PARTITION_NAME_TAG: f"{first}-01"}
    return {ASSET_PARTITION_RANGE_START_TAG: f"{first}-01", ASSET_PARTITION_RANGE_END_TAG: f"{last}-01"}


def evaluate(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, sensor: str, tags: dict[str, str]
) -> tuple[dg.RunRequest | dg.SkipReason, str]:
    """What a sensor makes of a finished run with these tags, and that run's id."""
    definition = repository.get_sensor_def(sensor)
    assert isinstance(definition, dg.RunStatusSensorDefinition)
    finished = SENSORS[sensor][0]
    run = instance.create_run_for_job(job_def=repository.get_job(finished), tags=tags)
    instance.report_dagster_event(
        dg.DagsterEvent(event_type_value="PIPELINE_SUCCESS", job_name=finished), run_id=run.run_id
    )
    run = instance.get_run_by_id(run.run_id)
    assert run is not None
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor,
        dagster_instance=instance,
        dagster_run=run,
        dagster_event=dg.DagsterEvent(event_type_value="PIPELINE_SUCCESS", job_name=finished),
    )
    answer = definition(context)
    assert isinstance(answer, (dg.RunRequest, dg.SkipReason))
    return answer, run.run_id


def test_the_sensors_and_their_jobs_are_these(repository: RepositoryDefinition) -> None:
    found = {
        sensor.name: [target.job_name for target in sensor.targets]
        for sensor in repository.sensor_defs
        if isinstance(sensor, dg.RunStatusSensorDefinition) and not sensor.name.startswith("alert_on")
    }
    assert found == {name: [follower] for name, (_, follower) in SENSORS.items()}


def test_rules_are_written_for_the_jobs_they_name(axis: MonthlyAxis, config: ModelConfig) -> None:
    assert {rule.name: (rule.finished, rule.follower) for rule in follow_on_rules(axis, config, list)} == SENSORS


@pytest.mark.parametrize(("sensor", "finished", "expected"), CASES)
def test_a_closed_month_is_carried_on_or_the_reason_is_said(
    repository: RepositoryDefinition,
    instance: dg.DagsterInstance,
    sensor: str,
    finished: tuple[str, str],
    expected: tuple[str, str] | str,
) -> None:
    answer, run_id = evaluate(repository, instance, sensor, CLOSED_BY | span_tags(*finished))
    if isinstance(expected, str):
        assert isinstance(answer, dg.SkipReason)
        assert expected in str(answer.skip_message)
        return
    assert isinstance(answer, dg.RunRequest)
    assert run_span(
        dict(answer.tags) | ({PARTITION_NAME_TAG: answer.partition_key} if answer.partition_key else {})
    ) == (
        month(expected[0]),
        month(expected[1]),
    )
    assert dict(answer.tags).items() >= CLOSED_BY.items()
    assert answer.tags["credit_platform/after_run"] == run_id
    assert answer.tags["credit_platform/why"].startswith(f"{sensor}: ")
    assert answer.tags["credit_platform/why"].endswith(" succeeded")
    assert answer.run_key == f"{sensor}:{finished[1]}-01:{run_id}"


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("tags", [{}, {"credit_platform/started_by": "backfill"}])
def test_a_run_that_the_month_s_close_did_not_start_is_left_alone(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, sensor: str, tags: dict[str, str]
) -> None:
    answer, _ = evaluate(repository, instance, sensor, tags | span_tags("2024-12", "2024-12"))
    assert isinstance(answer, dg.SkipReason)
    assert "was not started by the month's close" in str(answer.skip_message)


def test_a_run_of_no_month_is_left_alone(repository: RepositoryDefinition, instance: dg.DagsterInstance) -> None:
    answer, _ = evaluate(repository, instance, "score_on_month_built", dict(CLOSED_BY))
    assert isinstance(answer, dg.SkipReason)
    assert "is of no month" in str(answer.skip_message)


@pytest.mark.parametrize("backfill_months", [8, 2, 0])
@pytest.mark.parametrize("every_months", [3, 1])
def test_from_month_to_month_every_step_that_is_due_is_asked_for_exactly_once(
    settings: Settings, backfill_months: int, every_months: int
) -> None:
    policy = settings.policy.model
    config = policy.model_copy(
        update={
            "scoring": policy.scoring.model_copy(update={"backfill_months": backfill_months}),
            "retraining": policy.retraining.model_copy(update={"every_months": every_months}),
        }
    )
    axis = settings.model_copy(
        update={"policy": dataclasses.replace(settings.policy, model=config), "last_month": None}
    ).axis()
    asked: list[tuple[str, tuple[date, date]]] = []
    rules = follow_on_rules(axis, config, list)
    for closed in month_range(axis.first_snapshot, add_months(axis.first_training, 7)):
        waiting = [("build_month", (closed, closed))]
        while waiting:
            job, span = waiting.pop()
            for rule in (rule for rule in rules if rule.finished == job):
                planned = rule.plan(*span)
                if not isinstance(planned, str):
                    asked.append((rule.follower, planned))
                    waiting.append((rule.follower, planned))

    def months(job: str) -> list[date]:
        return sorted(each for name, span in asked if name == job for each in month_range(*span))

    last = add_months(axis.first_training, 7)
    assert months("score_month") == month_range(axis.first_scoring, last)
    assert months("monitor_month") == month_range(axis.first_outcome, last)
    due = [add_months(axis.first_training, n) for n in range(0, 8, every_months)]
    assert months("train_models") == due
    assert all(first <= second for (_, (first, _)), (_, (second, _)) in pairwise(asked[3:]))


def test_a_span_of_one_month_is_a_partition_and_a_longer_one_a_range() -> None:
    one = span_request("k", (month("2024-12"), month("2024-12")), {"a": "b"})
    assert (one.partition_key, dict(one.tags)) == ("2024-12-01", {"a": "b"})
    many = span_request("k", (month("2024-10"), month("2024-12")), {"a": "b"})
    assert many.partition_key is None
    assert dict(many.tags) == {"a": "b"} | span_tags("2024-10", "2024-12")


def test_a_run_without_months_has_no_span() -> None:
    assert run_span({}) is None
    assert run_span(span_tags("2024-10", "2024-12")) == (month("2024-10"), month("2024-12"))


def test_where_people_promote_nothing_is_scored_by_itself_before_somebody_has(
    axis: MonthlyAxis, config: ModelConfig
) -> None:
    by_hand = config.model_copy(update={"promotion": config.promotion.model_copy(update={"auto_promote": False})})
    waiting = ["gradient_boosting"]
    rules = {rule.name: rule for rule in follow_on_rules(axis, by_hand, lambda: waiting)}
    first, later = axis.first_training, add_months(axis.first_training, 1)
    assert "a person promotes the first versions" in str(rules["score_on_first_training"].plan(first, first))
    skipped = str(rules["score_on_month_built"].plan(later, later))
    assert "nobody has promoted a version of gradient_boosting yet" in skipped
    assert "2025-01 is scored after that" in skipped
    waiting.clear()
    assert rules["score_on_month_built"].plan(later, later) == (later, later)
