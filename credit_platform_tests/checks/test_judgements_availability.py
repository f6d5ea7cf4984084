"""Sources selected by customer, month by month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.checks.judgements_availability import availability_check
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_range
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.checks.evaluating import AXIS, FIRST, evaluated, lake_with, reds
from credit_platform_tests.small_book import PREVIEW_ALLOWED

pytestmark = PREVIEW_ALLOWED
CONFIG = LOANS.load_policy().model
MONTHS = month_range(FIRST, date(2024, 3, 1))
UNSEEN = date(2023, 12, 1)  # the first cohort without rows


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


def book(folder: Path, *, outage: bool) -> Lake:
    """Forty new loans a month, and a clickstream of all months without the customers, or the months, from UNSEEN on."""
    cohort = pl.col("cohort")
    cases = (
        pl.DataFrame({"cohort": MONTHS})
        .join(pl.DataFrame({"n": range(40)}), how="cross")
        .select(
            cohort,
            mob=pl.lit(0, pl.Int32),
            customer_id=pl.format("{}_{}", cohort.dt.strftime("%Y%m"), "n"),
            loan_id=pl.format("L{}_{}", cohort.dt.strftime("%Y%m"), "n"),
        )
    )
    rows = cases.select("customer_id", "cohort").join(pl.DataFrame({"snapshot_month": MONTHS}), how="cross")
    rows = rows.filter(pl.col("snapshot_month" if outage else "cohort") < UNSEEN)
    begun = cases.rename({"cohort": "snapshot_month"})
    tables = {
        "silver/loan_snapshots": begun,
        "silver/customer_clickstream": rows,
        "silver/customer_attributes": begun,
    }
    return lake_with(folder, tables, MONTHS)


def test_rows_of_chosen_customers_warn_from_the_first_month_that_shows_them(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    check = availability_check(LOANS, AXIS, CONFIG, CheckPolicy())
    results = evaluated(check, book(tmp_path, outage=False), MONTHS, instance)
    assert reds(results) == month_range(UNSEEN, MONTHS[-1])
    result = results[MONTHS[-1]]
    assert "2024-03: feature_clickstream: Selection by customer: the loans of 4 later" in (result.description or "")
    status = {source.name: result.metadata[source.name].value for source in LOANS.sources[1:]}
    assert status == {
        "feature_clickstream": "failed",
        "features_attributes": "unknown",
        "features_financials": "unknown",
    }
    assert result.severity == dg.AssetCheckSeverity.WARN


def test_an_outage_by_date_passes_in_every_month(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    check = availability_check(LOANS, AXIS, CONFIG, CheckPolicy())
    results = evaluated(check, book(tmp_path, outage=True), MONTHS, instance)
    assert reds(results) == []
    assert results[MONTHS[-1]].metadata["feature_clickstream"].value == "passed"
    assert "Nobody has rows from 2023-12 on" in str(results[MONTHS[-1]].metadata["why: feature_clickstream"].value)
    assert "no source can be judged yet" in (results[FIRST].description or "")
