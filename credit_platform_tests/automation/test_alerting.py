"""What people are told of real runs: the error that began a failure, the check that stopped it, the attempts left."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.assets.models.retrain_claim import RETRAIN_TAG
from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.alerting import alert_sensors
from credit_platform.automation.jobs import CHAINS_ITSELF
from credit_platform.errors import MissingMonthsError
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import parse_month
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import AlertAddresses

MONTH, MODELS = "2025-06-01", ("scorecard", "gradient_boosting")
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2025-01-01", end_date="2026-01-01")
RETRAINING = {"credit_platform/model": MODELS[1], RETRAIN_TAG.format(model=MODELS[1]): "retrain:key"}


@dg.asset(partitions_def=MONTHS)
def version() -> None:
    raise MissingMonthsError(table="gold/feature_store", months=[parse_month("2025-01-01")])


@dg.asset(name="version", partitions_def=MONTHS)
def mended_version() -> None:
    """Nothing is wrong with it."""


@dg.asset(partitions_def=MONTHS)
def elsewhere() -> None:
    """A table that has nothing to do with the others."""


@dg.asset_check(asset="version", name="primary_key_is_unique", blocking=True)
def stopping() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description="3 loans occur twice in 2025-06")


class Watched:
    """Runs of one job, and the alerts that follow from how they end."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        addresses = AlertAddresses.model_construct(is_dry_run=True)
        self.instance = instance
        self.dispatcher = AlertDispatcher(
            Lake.at(folder, portfolio=LOANS), LOANS.load_policy().monitoring, MODELS, addresses
        )
        _, self.sensor = alert_sensors(self.dispatcher, "running", max_attempts=2)
        self.cursor: str | None = None
        self.look()

    def run(
        self,
        asset: dg.AssetsDefinition,
        tags: dict[str, str] | None = None,
        *checks: dg.AssetChecksDefinition,
        is_late: bool = False,
    ) -> str:
        """Run the job for the month and let the sensor look, if not late; gives the run's id."""
        job = dg.define_asset_job("train_models", selection=dg.AssetSelection.all())
        definitions = dg.Definitions(assets=[asset], asset_checks=checks, jobs=[job])
        ran = (
            definitions.get_repository_def()
            .get_job("train_models")
            .execute_in_process(instance=self.instance, partition_key=MONTH, tags=tags, raise_on_error=False)
        )
        if not is_late:
            self.look()
        return ran.run_id

    def look(self) -> None:
        """Let the sensor look at what has ended."""
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            self.cursor = self.sensor.evaluate_tick(context).cursor

    def told(self) -> list[tuple[str, str, str]]:
        """Title, body and channels of everything told, in order."""
        records = self.dispatcher.log.records().values()
        return [(record.event.title, record.event.body, ", ".join(record.deliveries)) for record in records]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watched(tmp_path, instance)


def test_a_failed_run_is_told_with_the_error_that_began_it_and_closed_by_one_that_succeeds(watched: Watched) -> None:
    run_id = watched.run(version)
    ((title, body, channels),) = watched.told()
    assert (title, channels) == ("train_models 2025-06 failed", "slack, email")
    assert body.startswith("version: gold/feature_store has no file for 2025-01. ")
    assert "DagsterExecutionStepExecutionError" not in body
    assert f"Run {run_id}. Mend the cause and run train_models for 2025-06 again." in body
    watched.run(mended_version)
    assert [title for title, _, _ in watched.told()][1:] == ["train_models 2025-06 recovered"]
    assert watched.dispatcher.log.open_alerts() == []


def test_a_run_that_a_blocking_check_stopped_is_told_with_the_check(watched: Watched) -> None:
    watched.run(mended_version, None, stopping)
    ((_, body, _),) = watched.told()
    assert body.startswith("version: primary_key_is_unique: 3 loans occur twice in 2025-06\nRun ")


def test_the_last_failed_attempt_at_a_retraining_calls_those_who_hear_of_a_retrain_and_its_mending_does_too(
    watched: Watched,
) -> None:
    watched.run(version, RETRAINING)
    watched.run(version, RETRAINING)
    first, last = watched.told()
    assert first[0] == "train_models 2025-06 gradient_boosting failed"
    assert (last[0], last[2]) == (
        "train_models 2025-06 gradient_boosting given up after 2 attempts",
        "pagerduty, slack, email",
    )
    watched.run(mended_version, {"credit_platform/model": MODELS[0]})
    assert len(watched.dispatcher.log.open_alerts()) == 1
    watched.run(mended_version)
    assert watched.told()[-1][0] == "train_models 2025-06 gradient_boosting recovered"
    assert watched.told()[-1][2] == "pagerduty, slack, email"
    assert watched.dispatcher.log.open_alerts() == []


@pytest.mark.parametrize("tags", [{}, RETRAINING], ids=["a job", "a retraining"])
@pytest.mark.parametrize("by", ["same", "whole job"])
def test_a_failure_noticed_when_a_later_run_has_done_its_work_leaves_no_alert(
    watched: Watched, tags: dict[str, str], by: str
) -> None:
    watched.run(version, tags, is_late=True)
    mended = watched.run(mended_version, tags if by == "same" else {}, is_late=True)
    assert watched.told() == []
    watched.look()
    first, last = watched.told()
    assert (first[0].split()[-1], last[0].split()[-1]) == ("failed", "recovered")
    assert last[1].startswith(f"Run {mended} of train_models ")
    assert watched.dispatcher.log.open_alerts() == []


@pytest.mark.parametrize("order", ["earlier", "of another model", "failed as well"])
def test_a_run_that_did_not_do_the_work_of_a_failed_one_closes_no_alert(watched: Watched, order: str) -> None:
    if order == "earlier":
        watched.run(mended_version, RETRAINING)
    failed = watched.run(version, RETRAINING, is_late=True)
    if order == "of another model":
        watched.run(mended_version, {"credit_platform/model": MODELS[0]})
    if order == "failed as well":
        failed = watched.run(version, RETRAINING, is_late=True)
    watched.look()
    assert [record.event.occasion for record in watched.dispatcher.log.open_alerts()] == [failed]


def test_a_failure_from_before_the_first_look_is_told_unless_it_was_mended(watched: Watched) -> None:
    failed = watched.run(version, is_late=True)
    watched.cursor = None
    watched.look()
    assert [record.event.occasion for record in watched.dispatcher.log.open_alerts()] == [failed]
    watched.run(mended_version)
    assert watched.dispatcher.log.open_alerts() == []
    watched.run(version, RETRAINING, is_late=True)
    watched.run(mended_version, RETRAINING, is_late=True)
    n_told, watched.cursor = len(watched.told()), None
    watched.look()
    assert len(watched.told()) == n_told


def test_a_range_that_a_command_runs_again_in_parts_is_told_of_only_where_it_stays_broken(watched: Watched) -> None:
    command = {"credit_platform/started_by": "backfill", CHAINS_ITSELF: "true"}
    watched.run(version, command, is_late=True)
    watched.run(mended_version, command)
    assert watched.told() == []
    watched.run(version, command)
    assert [title for title, _, _ in watched.told()] == ["train_models 2025-06 failed"]


def test_a_run_that_makes_just_what_a_failed_one_left_closes_its_alert(watched: Watched) -> None:
    watched.run(version)
    dg.materialize([elsewhere], instance=watched.instance, partition_key=MONTH)
    watched.look()
    assert len(watched.dispatcher.log.open_alerts()) == 1
    dg.materialize([mended_version], instance=watched.instance, partition_key=MONTH)
    watched.look()
    assert watched.dispatcher.log.open_alerts() == []


def test_runs_are_told_of_whatever_their_location(watched: Watched) -> None:
    watched.run(version, {".dagster/repository": "__repository__@elsewhere"})
    assert len(watched.dispatcher.log.open_alerts()) == 1
