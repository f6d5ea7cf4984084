"""Bad rates outside their band, and instalments that a short month leaves uncounted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.checks.judgements import _book_check, bad_rate_check
from credit_platform.months import month_range
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.outcome.day_count_check import DAY_COUNT_CHECK
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.checks.evaluating import AXIS, FIRST, evaluated, lake_with, number, reds
from credit_platform_tests.small_book import PREVIEW_ALLOWED

pytestmark = PREVIEW_ALLOWED
MONTHS = month_range(FIRST, date(2023, 8, 1))
LABEL = LOANS.load_policy().model.label


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


def labels(n_bad: dict[date, int]) -> pl.DataFrame:
    """Labels of 400 loans a month, 30 % of them bad unless said otherwise."""
    parts = [
        pl.DataFrame({"snapshot_month": [month] * 400, "label": [1] * bad + [0] * (400 - bad)})
        for month in MONTHS
        for bad in [n_bad.get(month, 120)]
    ]
    return pl.concat(parts)


@pytest.mark.parametrize(("n_bad", "is_red"), [(120, False), (155, False), (165, True), (80, True)])
def test_a_bad_rate_far_from_that_of_earlier_cohorts_warns(
    tmp_path: Path, instance: dg.DagsterInstance, n_bad: int, *, is_red: bool
) -> None:
    month = MONTHS[6]
    lake = lake_with(tmp_path, {"gold/label_store": labels({month: n_bad})}, MONTHS)
    results = evaluated(bad_rate_check(LOANS, AXIS, CheckPolicy()), lake, MONTHS, instance)
    assert reds(results) == ([month] if is_red else [])
    assert number(results[month], "bad_rate") == n_bad / 400
    assert number(results[month], "band_low") < 0.3 < number(results[month], "band_high")
    assert results[month].severity == dg.AssetCheckSeverity.WARN


def test_the_first_cohorts_have_too_few_before_them(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    lake = lake_with(tmp_path, {"gold/label_store": labels({MONTHS[2]: 400})}, MONTHS)
    results = evaluated(bad_rate_check(LOANS, AXIS, CheckPolicy()), lake, MONTHS[:3], instance)
    assert reds(results) == []
    assert "too few earlier cohorts" in (results[MONTHS[2]].description or "")


def test_a_month_without_labels_is_no_bad_rate_of_zero(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    rows = labels({}).filter(pl.col("snapshot_month") > MONTHS[0])
    lake = lake_with(tmp_path, {"gold/label_store": rows}, MONTHS)
    result = evaluated(bad_rate_check(LOANS, AXIS, CheckPolicy()), lake, MONTHS[:1], instance)[MONTHS[0]]
    assert result.passed
    assert "bad_rate" not in result.metadata


def snapshots(dpd: dict[date, int]) -> pl.DataFrame:
    """Ten loans with one missed instalment a month, one at the label's month on book, and one with none."""
    parts = [
        pl.DataFrame(
            {
                "snapshot_month": [month] * 11,
                "n_installments_missed": [1] * 10 + [0],
                "dpd": [dpd.get(month, 31)] * 10 + [0],
                "mob": [LABEL.lag_months] + [2] * 10,
            },
            schema_overrides={"mob": pl.Int32, "dpd": pl.Int32, "n_installments_missed": pl.Int32},
        )
        for month in MONTHS
    ]
    return pl.concat(parts)


def test_the_day_count_artefact_of_march_is_counted_in_march_alone(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    march = date(2023, 3, 1)
    lake = lake_with(tmp_path, {"silver/loan_snapshots": snapshots({march: 28})}, MONTHS)
    results = evaluated(_book_check(DAY_COUNT_CHECK, AXIS, LABEL, CheckPolicy()), lake, MONTHS, instance)
    assert reds(results) == [march]
    assert number(results[march], "share_not_counted") == 1.0
    assert number(results[march], "labels_affected") == 1
    assert number(results[date(2023, 4, 1)], "share_not_counted") == 0.0


def test_thirty_days_to_every_month_leave_no_instalment_uncounted(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    lake = lake_with(tmp_path, {"silver/loan_snapshots": snapshots({date(2023, 3, 1): 30})}, MONTHS)
    assert reds(evaluated(_book_check(DAY_COUNT_CHECK, AXIS, LABEL, CheckPolicy()), lake, MONTHS, instance)) == []
