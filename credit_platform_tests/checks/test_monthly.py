"""Checks report per month on a real instance, in range runs and in single ones, and block what depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.cli.run.runs import Runner
from credit_platform.lake.tables.monthly import Lake
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders, check_results

pytestmark = PREVIEW_ALLOWED

MONTHS = [date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1)]
PLANTED = MONTHS[1]
ATTRIBUTES = "silver/customer_attributes"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


@pytest.fixture
def book(small_book: BookFolders, tmp_path: Path) -> BookFolders:
    """The raw files of the small book with nothing built from them."""
    return BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)


@pytest.fixture
def broken_runner(book: BookFolders, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A platform whose cleaning lets one customer of the planted month be 500 years old."""
    write = Lake.write_months

    def spoilt(month: date, frame: pl.DataFrame) -> pl.DataFrame:
        is_planted = (pl.int_range(pl.len()) == 0) & (month == PLANTED)
        return frame.with_columns(age=pl.when(is_planted).then(pl.lit(500, pl.Int32)).otherwise("age"))

    def write_spoilt(lake: Lake, table: str, parts: Iterable[tuple[date, pl.DataFrame]]) -> dict[date, int]:
        if table == ATTRIBUTES:
            parts = ((month, spoilt(month, frame)) for month, frame in parts)
        return write(lake, table, parts)

    monkeypatch.setattr(Lake, "write_months", write_spoilt)
    return book.runner(instance)


def materialized(instance: dg.DagsterInstance, table: str) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(table.split("/")))


def test_a_range_run_with_one_bad_month_is_red_for_that_month_alone_and_blocks_what_depends_on_it(
    broken_runner: Runner, instance: dg.DagsterInstance
) -> None:
    outcome = broken_runner.run("build_month", MONTHS[0], MONTHS[-1])
    assert not outcome.success
    assert outcome.failed_months == (PLANTED,)
    assert any("age" in problem and "2023-02" in problem for problem in outcome.problems)
    results = {month: result for month, result in check_results(instance, ATTRIBUTES).items() if month}
    assert results == {
        "2023-01-01": ("SUCCEEDED", True),
        "2023-02-01": ("FAILED", True),
        "2023-03-01": ("SUCCEEDED", True),
    }
    assert materialized(instance, ATTRIBUTES) == {"2023-01-01", "2023-02-01", "2023-03-01"}
    assert materialized(instance, "gold/feature_store") == set()
    assert materialized(instance, "monitoring/row_balance") == set()
    assert materialized(instance, "gold/label_store") == {"2023-01-01", "2023-02-01", "2023-03-01"}


def test_a_month_s_result_names_broken_rules_rows_and_the_rows_it_was_made_of(
    broken_runner: Runner, instance: dg.DagsterInstance
) -> None:
    broken_runner.run("build_month", MONTHS[0], MONTHS[-1])
    key = dg.AssetCheckKey(dg.AssetKey(["silver", "customer_attributes"]), "rows_meet_the_contract")
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=20)
    evaluated = [record.event.asset_check_evaluation for record in history if record.event]
    evaluations = {each.partition: each for each in evaluated if each}
    red = evaluations["2023-02-01"]
    assert red.severity == dg.AssetCheckSeverity.ERROR
    assert red.metadata["broken: age|max"].value == 1
    assert red.metadata["rows_in_breach"].value == 1
    assert red.metadata["example"].value == "a row whose key is not shown, as its source has personal columns"
    latest = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key.asset_key, asset_partitions=["2023-02-01"]), limit=1
    ).records[0]
    assert red.target_materialization_data is not None
    assert red.target_materialization_data.storage_id == latest.storage_id
    assert red.target_materialization_data.run_id == latest.run_id


@pytest.mark.parametrize(("month", "status"), [(PLANTED, "FAILED"), (MONTHS[0], "SUCCEEDED")])
def test_a_run_of_one_month_reports_that_month(
    broken_runner: Runner, instance: dg.DagsterInstance, month: date, status: str
) -> None:
    outcome = broken_runner.run("build_month", month, month, assets=["bronze/features_attributes", ATTRIBUTES])
    assert outcome.success is (status == "SUCCEEDED")
    assert outcome.failed_months == ((month,) if status == "FAILED" else ())
    assert check_results(instance, ATTRIBUTES) == {month.isoformat(): (status, True)}


def test_a_month_that_was_red_turns_green_when_it_is_built_again(
    book: BookFolders, broken_runner: Runner, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = ["bronze/features_attributes", ATTRIBUTES]
    broken_runner.run("build_month", MONTHS[0], MONTHS[-1], assets=assets)
    monkeypatch.undo()
    mended = book.runner(instance).run("build_month", PLANTED, PLANTED, assets=assets)
    assert mended.success
    results = check_results(instance, ATTRIBUTES)
    assert {results[month.isoformat()] for month in MONTHS} == {("SUCCEEDED", True)}


def test_a_green_range_has_a_green_result_for_every_month_of_every_table(
    book: BookFolders, instance: dg.DagsterInstance
) -> None:
    runner = book.runner(instance)
    outcome = runner.run("build_month", MONTHS[0], MONTHS[-1])
    assert outcome.success, outcome.problems
    tables = [key.to_user_string() for key in runner.repository.get_job("build_month").asset_layer.selected_asset_keys]
    expected = {month.isoformat(): ("SUCCEEDED", True) for month in MONTHS}
    for table in tables:
        assert {month: result for month, result in check_results(instance, table).items() if month} == expected, table
