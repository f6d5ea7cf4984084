"""Volumes unlike earlier months, gaps between months, and months built too late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.checks.judgements_sources import (
    DATA_QUALITY,
    contiguous_check,
    freshness_check,
    volume_check,
)
from credit_platform.checks.reporting import first_materializations
from credit_platform.instance.shared_history import asset_key
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, month_range
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.checks.evaluating import AXIS, FIRST, evaluated, lake_with, number, reds
from credit_platform_tests.small_book import PREVIEW_ALLOWED

pytestmark = PREVIEW_ALLOWED
SILVER = tuple(f"silver/{source.table}" for source in LOANS.sources)
MONTHS = month_range(FIRST, date(2023, 8, 1))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


def silver(folder: Path, rows: dict[tuple[str, date], int], *, growth: int = 0) -> Lake:
    """Silver tables of 100 rows a month unless said otherwise; the loan book gains `growth` older loans a month."""
    tables = {}
    for table in SILVER:
        parts = []
        for number_of_month, month in enumerate(MONTHS):
            n = rows.get((table, month), 100)
            older = growth * number_of_month if table == SILVER[0] else 0
            mob = pl.Series("mob", [0] * n + [1] * older, dtype=pl.Int32)
            parts.append(pl.DataFrame({"mob": mob}).with_columns(snapshot_month=pl.lit(month)))
        tables[table] = pl.concat(parts)
    return lake_with(folder, tables, MONTHS)


@pytest.mark.parametrize("table", SILVER)
@pytest.mark.parametrize("n", [0, 40, 200])
def test_a_volume_unlike_that_of_earlier_months_warns(
    tmp_path: Path, instance: dg.DagsterInstance, table: str, n: int
) -> None:
    month = MONTHS[5]
    results = evaluated(
        volume_check(LOANS, AXIS, CheckPolicy()), silver(tmp_path, {(table, month): n}), MONTHS, instance
    )
    assert reds(results) == [month]
    name = table.split("/")[1]
    assert f"{name} has {n:,}, {n / 100:.2f} times the median" in (results[month].description or "")
    assert number(results[month], f"{name} of median") == n / 100


def test_a_loan_book_that_grows_with_every_cohort_is_judged_by_its_new_loans(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    results = evaluated(volume_check(LOANS, AXIS, CheckPolicy()), silver(tmp_path, {}, growth=100), MONTHS, instance)
    assert reds(results) == []
    assert "too few earlier months" in (results[MONTHS[0]].description or "")


def test_a_gap_warns_from_the_month_after_it_and_names_table_and_month(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake = silver(tmp_path, {})
    lake.layout.month_file(SILVER[1], MONTHS[3]).unlink()
    results = evaluated(contiguous_check(LOANS, AXIS, CheckPolicy()), lake, MONTHS, instance)
    assert reds(results) == MONTHS[3:]
    assert results[MONTHS[4]].description == "2023-05: silver/customer_attributes lacks 2023-04."
    assert number(results[MONTHS[4]], "months_missing") == 1


def materialize(instance: dg.DagsterInstance, months: list[date]) -> None:
    key = dg.AssetKey(DATA_QUALITY.split("/"))
    for month in months:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=month_key(month)))


def test_history_is_not_judged_and_a_month_that_is_not_built_is_late(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    materialize(instance, MONTHS[:3])
    results = evaluated(freshness_check(AXIS, CheckPolicy()), silver(tmp_path, {}), MONTHS[:4], instance)
    assert reds(results) == [MONTHS[3]]
    assert "not judged" in (results[MONTHS[0]].description or "")
    assert "is not built" in (results[MONTHS[3]].description or "")
    assert number(results[MONTHS[0]], "hours_after_month_begin") > 0


def test_a_month_after_the_first_run_is_judged_by_its_first_materialization(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def built(_instance: dg.DagsterInstance, _asset: str, months: list[date]) -> tuple[float, dict[date, float]]:
        begins = {month: datetime(month.year, month.month, 1, tzinfo=UTC) for month in months}
        hours = dict.fromkeys(months, 71) | {months[-1]: 73}
        return 0.0, {month: (begin + timedelta(hours=hours[month])).timestamp() for month, begin in begins.items()}

    monkeypatch.setattr("credit_platform.checks.judgements_sources.first_materializations", built)
    results = evaluated(freshness_check(AXIS, CheckPolicy()), silver(tmp_path, {}), MONTHS[:3], instance)
    assert reds(results) == [MONTHS[2]]
    assert number(results[MONTHS[2]], "hours_after_month_begin") == 73
    assert "too late: 72 are allowed" in (results[MONTHS[2]].description or "")


def test_building_a_month_again_does_not_change_when_it_was_first_built(instance: dg.DagsterInstance) -> None:
    materialize(instance, MONTHS[:2])
    since, first = first_materializations(instance, asset_key(LOANS, DATA_QUALITY), MONTHS[:2])
    materialize(instance, [*MONTHS[:2], MONTHS[0]])
    assert first_materializations(instance, asset_key(LOANS, DATA_QUALITY), MONTHS[:2]) == (since, first)
    assert since == first[MONTHS[0]]
    assert first_materializations(instance, asset_key(LOANS, DATA_QUALITY), MONTHS[4:5]) == (since, {})
