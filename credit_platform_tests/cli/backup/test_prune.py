"""`prune` takes what nothing rests on: superseded and failed runs, and what runs printed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from credit_platform.checks.reporting import first_materializations
from credit_platform.cli.backup.prune import delete, oldest_kept, prunable, prune
from credit_platform.cli.instance import open_instance
from credit_platform.instance.shared_history import asset_key
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import Settings
from credit_platform_tests.small_book import BookFolders

TABLE = asset_key(LOANS, "gold/feature_store")
MONTHS = dg.MonthlyPartitionsDefinition("2024-01-01", end_date="2024-04-01")


@dg.asset(partitions_def=MONTHS, key=TABLE)
def a_table(context: dg.AssetExecutionContext) -> None:
    if context.run.tags.get("fails"):
        message = "planted"
        raise RuntimeError(message)


@pytest.fixture
def settings(small_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir).settings()


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings) as opened:
        yield opened


def ran(instance: dg.DagsterInstance, month: str, **tags: str) -> str:
    return dg.materialize([a_table], instance=instance, partition_key=month, tags=tags, raise_on_error=False).run_id


def test_runs_that_something_rests_on_stay(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    superseded, standing = ran(instance, "2024-01-01"), ran(instance, "2024-01-01")
    failed, other = ran(instance, "2024-02-01", fails="yes"), ran(instance, "2024-02-01")
    retraining = ran(instance, "2024-03-01", **{"credit_platform/retrain_x": "key"})
    later = ran(instance, "2024-03-01")
    soon = datetime.now(tz=UTC) + timedelta(minutes=1)
    found = prunable(instance, LOANS, soon)
    assert set(found.whole) == {superseded, failed}
    assert set(found.output_only) == {standing, other, retraining, later}
    assert prunable(instance, LOANS, soon - timedelta(days=1)).whole == ()
    before = instance.get_materialized_partitions(TABLE)
    logs = tmp_path / "data" / ".dagster" / "compute_logs"
    assert len(list(logs.iterdir())) == 6
    delete(instance, found)
    assert instance.get_materialized_partitions(TABLE) == before == {
        "2024-01-01", "2024-02-01", "2024-03-01"
    }  # fmt: skip
    assert {run.run_id for run in instance.get_runs()} == {standing, other, retraining, later}
    assert list(logs.iterdir()) == []
    assert prunable(instance, LOANS, soon).whole == ()


def test_the_run_that_built_a_month_first_stays(instance: dg.DagsterInstance) -> None:
    @dg.asset(partitions_def=MONTHS, key=dg.AssetKey(["monitoring", "data_quality"]))
    def data_quality() -> None: ...

    def build(month: str) -> str:
        return dg.materialize([data_quality], instance=instance, partition_key=month).run_id

    first, superseded, standing = (build("2024-01-01") for _ in range(3))
    only = build("2024-02-01")
    months = [date(2024, 1, 1), date(2024, 2, 1)]
    before = first_materializations(instance, asset_key(LOANS, "monitoring/data_quality"), months)
    found = prunable(instance, LOANS, datetime.now(tz=UTC) + timedelta(minutes=1))
    assert set(found.whole) == {superseded}
    assert set(found.output_only) == {first, standing, only}
    delete(instance, found)
    assert first_materializations(instance, asset_key(LOANS, "monitoring/data_quality"), months) == before


def test_prune_deletes_only_when_told(settings: Settings, instance: dg.DagsterInstance) -> None:
    ran(instance, "2024-01-01")
    told = StringIO()
    assert prune(settings, Console(file=told, width=200), keep_months=1, is_doing=False) == 1
    assert "Nothing deleted; add --yes" in told.getvalue()
    assert prune(settings, Console(file=told, width=200), keep_months=1, is_doing=True) == 0
    assert instance.get_runs_count() == 1, "a run of this month is kept"


@pytest.mark.parametrize(("keep", "first"), [(1, date(2024, 2, 1)), (3, date(2023, 12, 1)), (12, date(2023, 3, 1))])
def test_whole_months_are_kept(keep: int, first: date) -> None:
    assert oldest_kept(datetime(2024, 3, 15, 12, tzinfo=UTC), keep).date() == first
