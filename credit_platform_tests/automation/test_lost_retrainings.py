"""Retrainings whose run died, whose request got lost, or that two daemons asked for, end in exactly one training."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.repository_definition import RepositoryDefinition
from dagster._core.test_utils import create_run_for_test

from credit_platform.assets.models.retrain_claim import LEFT_TO_TAG, RETRAIN_TAG
from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.jobs import TRAIN_MODELS, monthly_jobs
from credit_platform.automation.retraining import retrain_on_action
from credit_platform.lake.governance.retrainings import Done, Retraining
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.alerts import failure_event
from credit_platform.months import parse_month
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ModelConfig, RetrainingPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import AlertAddresses
from credit_platform_tests.automation.retrain_ticks import MODELS, keys, look, report

KEY = "retrain:scorecard:2025-01-01:v1"


@dataclass
class Impatient:
    """The sensor of a book."""

    sensor: dg.SensorDefinition
    repository: RepositoryDefinition
    lake: Lake

    def look(self, instance: dg.DagsterInstance, cursor: str | None) -> tuple[list[str | None], str, str | None]:
        """Run keys asked for, what a skip says, and the new cursor."""
        requests, skipped, cursor = look(self.sensor, self.repository, instance, cursor)
        return keys(requests), skipped or "", cursor


@contextmanager
def holding(file: Path) -> Iterator[None]:
    """Keep a file locked, as the living process of a run does."""
    file.parent.mkdir(parents=True)
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@pytest.fixture
def impatient(axis: MonthlyAxis, repository: RepositoryDefinition, tmp_path: Path) -> Impatient:
    """The sensor under a policy that gives a silent run up after a second."""
    lake, policy = (
        Lake.at(tmp_path, portfolio=LOANS),
        RetrainingPolicy(every_months=3, max_attempts=2, dead_after_seconds=1),
    )
    job = monthly_jobs(LOANS, MODELS)[TRAIN_MODELS]
    sensor = retrain_on_action(axis, job, MODELS, "stopped", lake=lake, policy=policy)
    return Impatient(sensor, repository, lake)


def test_who_was_told_of_a_failed_attempt_is_told_when_another_has_done_the_work(
    impatient: Impatient, instance: dg.DagsterInstance, axis: MonthlyAxis, config: ModelConfig
) -> None:
    report(instance, MODELS[0], "2025-01-01", version="v1")
    addresses = AlertAddresses.model_construct(is_dry_run=True)
    dispatcher = AlertDispatcher(impatient.lake, LOANS.load_policy().monitoring, MODELS, addresses)
    job = monthly_jobs(LOANS, MODELS)[TRAIN_MODELS]
    impatient.sensor = retrain_on_action(
        axis, job, MODELS, "stopped", lake=impatient.lake, policy=config.retraining, dispatcher=dispatcher
    )
    _, _, cursor = impatient.look(instance, None)
    dispatcher.tell([failure_event("train_models", parse_month("2025-01"), "r1", ["no"], model=MODELS[0])])
    tags = {RETRAIN_TAG.format(model=MODELS[0]): KEY}
    run = create_run_for_test(instance, job_name="train_models", status=dg.DagsterRunStatus.SUCCESS, tags=tags)
    assert impatient.look(instance, cursor)[1].endswith("is done")
    assert dispatcher.log.open_alerts() == []
    assert list(dispatcher.log.records().values())[-1].event.occasion == run.run_id


def test_a_run_that_died_with_all_that_watched_it_has_failed_and_is_tried_again(
    impatient: Impatient, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01", version="v1")
    asked, _, cursor = impatient.look(instance, None)
    assert asked == [KEY]
    tags = {RETRAIN_TAG.format(model=MODELS[0]): KEY}
    run = create_run_for_test(instance, job_name="train_models", status=dg.DagsterRunStatus.STARTED, tags=tags)
    time.sleep(1.1)
    with holding(impatient.lake.layout.sign_of_life(run.run_id)):
        assert impatient.look(instance, cursor)[1].endswith("is under way")
    asked, _, cursor = impatient.look(instance, cursor)
    assert asked == [f"{KEY}:attempt2"]
    dead = instance.get_run_by_id(run.run_id)
    assert dead is not None
    assert dead.status == dg.DagsterRunStatus.FAILURE
    create_run_for_test(instance, job_name="train_models", status=dg.DagsterRunStatus.FAILURE, tags=tags)
    assert f"{KEY} failed 2 times" in impatient.look(instance, cursor)[1]


def test_a_run_that_was_killed_when_it_had_trained_is_followed_by_one_that_finds_it_done(
    impatient: Impatient, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01", version="v1")
    tags = {RETRAIN_TAG.format(model=MODELS[0]): KEY}
    died = create_run_for_test(instance, job_name="train_models", status=dg.DagsterRunStatus.FAILURE, tags=tags)
    Retraining(impatient.lake.layout, KEY).finish(Done("v2", died.run_id))
    asked, _, cursor = impatient.look(instance, None)
    assert asked == [f"{KEY}:attempt2"]
    left = tags | {LEFT_TO_TAG: died.run_id}
    create_run_for_test(instance, job_name="train_models", status=dg.DagsterRunStatus.SUCCESS, tags=left)
    assert impatient.look(instance, cursor)[1].endswith(f"{KEY} is done")


def test_a_run_that_has_not_started_is_left_to_the_monitoring_of_runs(
    impatient: Impatient, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01", version="v1")
    tags = {RETRAIN_TAG.format(model=MODELS[0]): KEY}
    create_run_for_test(instance, job_name="train_models", status=dg.DagsterRunStatus.STARTING, tags=tags)
    time.sleep(1.1)
    assert impatient.look(instance, None)[1].endswith("is under way")


def test_a_request_that_got_lost_is_made_once_more_under_its_key(
    impatient: Impatient, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01", version="v1")
    cursor: str | None = None
    asked: list[list[str | None]] = []
    for _ in range(12):
        requests, _, cursor = impatient.look(instance, cursor)
        asked.append(requests)
    assert asked == [[KEY], *[[]] * 10, [KEY]]


def test_two_runs_that_two_daemons_started_for_one_request_are_one_attempt(
    impatient: Impatient, instance: dg.DagsterInstance
) -> None:
    report(instance, MODELS[0], "2025-01-01", version="v1")
    tags = {RETRAIN_TAG.format(model=MODELS[0]): KEY, "dagster/run_key": KEY}
    for _ in range(2):
        create_run_for_test(instance, job_name="train_models", status=dg.DagsterRunStatus.FAILURE, tags=tags)
    assert impatient.look(instance, None)[0] == [f"{KEY}:attempt2"]
