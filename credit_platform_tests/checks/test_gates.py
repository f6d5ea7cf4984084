"""Gates and versions of bronze on a real instance: a month is stopped alone, only changed rows make tables stale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from credit_platform.assets.tables.bronze import is_replacing
from credit_platform.checks.gates import GATE_CHECK
from credit_platform.cli.run.restatement import rebuild_command, replaced_by, spans, stale_tables
from credit_platform.cli.run.runs import Runner
from credit_platform.lake.raw.deliveries import REPLACE_TAG
from credit_platform.months import month_key
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders, check_results, without_month

pytestmark = PREVIEW_ALLOWED

JANUARY, FEBRUARY, MARCH = date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1)
BRONZE, SILVER = "bronze/features_attributes", "silver/customer_attributes"
BOTH = (BRONZE, SILVER)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


@pytest.fixture
def book(small_book: BookFolders, tmp_path: Path) -> BookFolders:
    return small_book.copy_raw_to(tmp_path)


@pytest.fixture
def runner(book: BookFolders, instance: dg.DagsterInstance) -> Runner:
    return book.runner(instance)


def change(book: BookFolders, month: date, age: str = "41") -> None:
    """Deliver other ages for one month."""
    file = book.raw_dir / "features_attributes.csv"
    rows = pl.read_csv(file, infer_schema=False)
    is_mine = pl.col("snapshot_date").str.starts_with(f"{month:%Y-%m}")
    rows.with_columns(Age=pl.when(is_mine).then(pl.lit(age)).otherwise("Age")).write_csv(file)


def versions(instance: dg.DagsterInstance, table: str) -> dict[str, str]:
    """The data version of every month's latest materialization."""
    records = instance.fetch_materializations(dg.AssetKey(table.split("/")), limit=500).records
    found: dict[str, str] = {}
    for record in records:
        materialization = record.asset_materialization
        if materialization is not None and materialization.partition is not None:
            tags = materialization.tags or {}
            found.setdefault(materialization.partition, tags["dagster/data_version"])
    return found


def stale(runner: Runner, table: str, *months: date) -> list[date]:
    resolver = CachingStaleStatusResolver(
        runner.instance, runner.repository.asset_graph, LoadingContextForTest(runner.instance)
    )
    key = dg.AssetKey(table.split("/"))
    return [month for month in months if resolver.get_status(key, month_key(month)) == StaleStatus.STALE]


def test_a_month_that_is_missing_is_red_alone_and_stops_what_depends_on_it(
    book: BookFolders, runner: Runner, instance: dg.DagsterInstance
) -> None:
    without_month(book.raw_dir / "features_attributes.csv", FEBRUARY)
    outcome = runner.run("build_month", JANUARY, MARCH, assets=BOTH)
    assert not outcome.success
    assert outcome.failed_months == (FEBRUARY,)
    assert not outcome.is_source_unusable
    assert any("2023-02: no row has a snapshot date in this month. Add" in problem for problem in outcome.problems)
    results = {month: passed for month, (passed, _) in check_results(instance, BRONZE, GATE_CHECK).items() if month}
    assert results == {"2023-01-01": "SUCCEEDED", "2023-02-01": "FAILED", "2023-03-01": "SUCCEEDED"}
    assert instance.get_materialized_partitions(dg.AssetKey(SILVER.split("/"))) == set()
    assert runner.run("build_month", MARCH, MARCH, assets=BOTH).success


def test_a_file_that_cannot_be_read_stops_all_months_and_is_told_apart(book: BookFolders, runner: Runner) -> None:
    (book.raw_dir / "features_attributes.csv").write_bytes(b"")
    outcome = runner.run("build_month", JANUARY, MARCH, assets=BOTH)
    assert outcome.is_source_unusable
    assert outcome.failed_months == ()
    (problem,) = outcome.problems
    assert "features_attributes.csv: not a readable CSV file (it is empty). Deliver the file again." in problem


def test_every_month_of_a_range_run_has_the_version_of_its_own_rows(
    runner: Runner, instance: dg.DagsterInstance
) -> None:
    assert runner.run("build_month", JANUARY, MARCH, assets=BOTH).success
    ranged = versions(instance, BRONZE)
    assert len(set(ranged.values())) == 3
    for month in (JANUARY, FEBRUARY, MARCH):
        assert runner.run("build_month", month, month, assets=[BRONZE]).success
    assert versions(instance, BRONZE) == ranged
    latest = instance.get_latest_materialization_event(dg.AssetKey(BRONZE.split("/")))
    assert latest is not None
    assert latest.asset_materialization is not None
    assert {"dagster/row_count", "file", "delivery", "rows_delivered"} <= set(latest.asset_materialization.metadata)
    assert stale(runner, SILVER, JANUARY, FEBRUARY, MARCH) == []


@pytest.mark.parametrize("is_range", [False, True])
def test_replaced_rows_make_what_was_built_on_them_stale_and_nothing_else(
    book: BookFolders,
    runner: Runner,
    is_range: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert runner.run("build_month", JANUARY, MARCH, assets=BOTH).success
    change(book, FEBRUARY)
    first, last = (JANUARY, MARCH) if is_range else (FEBRUARY, FEBRUARY)
    refused = runner.run("build_month", first, last, assets=[BRONZE])
    assert not refused.success
    assert refused.failed_months == (FEBRUARY,)
    assert stale(runner, SILVER, JANUARY, FEBRUARY, MARCH) == []
    runner.tags = {REPLACE_TAG: "true"}
    assert runner.run("build_month", first, last, assets=[BRONZE]).success
    assert stale(runner, SILVER, JANUARY, FEBRUARY, MARCH) == [FEBRUARY]
    assert runner.run("build_month", FEBRUARY, FEBRUARY, assets=[SILVER]).success
    assert stale(runner, SILVER, JANUARY, FEBRUARY, MARCH) == []


def test_the_command_line_knows_what_was_built_on_replaced_rows(book: BookFolders, runner: Runner) -> None:
    assert runner.run("build_month", JANUARY, MARCH).success
    runner.outcomes.clear()
    change(book, FEBRUARY)
    runner.tags = {REPLACE_TAG: "true"}
    assert runner.run("build_month", FEBRUARY, FEBRUARY).success
    replaced = replaced_by(book.lake, runner.outcomes)
    assert [(record.source, record.month) for record in replaced] == [("features_attributes", FEBRUARY)]
    found = stale_tables(runner.repository, book.lake, replaced, runner.outcomes)
    assert found["gold/feature_store"] == [MARCH]
    assert not {BRONZE, SILVER, "gold/label_store", "gold/vintages"} & set(found)
    assert rebuild_command(found) == "credit-platform backfill --from 2023-03 --to 2023-03"
    assert runner.run("build_month", MARCH, MARCH).success
    assert stale_tables(runner.repository, book.lake, replaced, runner.outcomes) == {}


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), (" True ", True), ("false", False), ("1", False), ("", False)]
)
def test_only_true_replaces(value: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_replacing({REPLACE_TAG: value}) is expected
    assert not is_replacing({})


def test_months_are_written_as_spans() -> None:
    assert spans([MARCH, JANUARY, date(2023, 5, 1), FEBRUARY]) == "2023-01..2023-03, 2023-05"
    assert spans([JANUARY]) == "2023-01"
