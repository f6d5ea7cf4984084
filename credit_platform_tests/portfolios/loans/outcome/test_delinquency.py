from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.portfolios.loans.outcome.delinquency import (
    BUCKETS,
    DayCount,
    days_past_due,
    dpd_bucket,
    first_missed_date,
    n_installments_missed,
)


def delinquency(
    overdue: float, due: float, snapshot: date, *, day_count: DayCount = "calendar", tenure: int = 10
) -> tuple[int | None, date | None, int, str]:
    row = {"overdue_amount": overdue, "due_amount": due, "loan_amount": 10000.0, "tenure": tenure}
    return (
        pl.LazyFrame([{**row, "snapshot_date": snapshot}])
        .with_columns(n_installments_missed=n_installments_missed())
        .with_columns(first_missed_date=first_missed_date())
        .with_columns(dpd=days_past_due(day_count=day_count))
        .select("n_installments_missed", "first_missed_date", "dpd", dpd_bucket())
        .collect()
        .row(0)
    )


@pytest.mark.parametrize(
    ("overdue", "due", "snapshot", "expected"),
    [
        (0.0, 1000.0, date(2023, 7, 1), (0, None, 0, "current")),
        (0.0, 0.0, date(2023, 7, 1), (0, None, 0, "current")),
        (1000.0, 1000.0, date(2023, 7, 1), (1, date(2023, 6, 1), 30, "30-59")),
        (1000.0, 1000.0, date(2023, 3, 1), (1, date(2023, 2, 1), 28, "1-29")),
        (1000.0, 1000.0, date(2024, 3, 1), (1, date(2024, 2, 1), 29, "1-29")),
        (1000.01, 1000.0, date(2023, 7, 1), (2, date(2023, 5, 1), 61, "60-89")),
        (300.3, 100.1, date(2023, 7, 1), (3, date(2023, 4, 1), 91, "90-119")),
        (1000.0, 0.0, date(2023, 7, 1), (1, date(2023, 6, 1), 30, "30-59")),
        (4000.0, 1000.0, date(2023, 7, 1), (4, date(2023, 3, 1), 122, "120+")),
    ],
)
def test_overdue_amounts_become_days_past_due(
    overdue: float, due: float, snapshot: date, expected: tuple[int, date | None, int, str]
) -> None:
    assert delinquency(overdue, due, snapshot) == expected


@pytest.mark.parametrize("snapshot", [date(2023, 3, 1), date(2024, 3, 1), date(2023, 7, 1), date(2023, 5, 31)])
def test_a_30_360_month_always_has_thirty_days(snapshot: date) -> None:
    assert delinquency(2000.0, 1000.0, snapshot, day_count="30_360")[2] in {60, 62}
    assert delinquency(2000.0, 1000.0, snapshot.replace(day=1), day_count="30_360")[2] == 60


@pytest.mark.parametrize(("overdue", "due", "tenure"), [(1.0, 0.0, 0), (1e12, 1.0, 10)])
def test_what_cannot_be_counted_is_null(overdue: float, due: float, tenure: int) -> None:
    assert delinquency(overdue, due, date(2023, 7, 1), tenure=tenure)[0] is None


@given(st.integers(0, 1200))
def test_every_number_of_missed_instalments_has_days_and_a_bucket(missed: int) -> None:
    counted, first, days, bucket = delinquency(missed * 123.45, 123.45, date(2024, 12, 1))
    assert counted == missed
    assert (first is None) == (missed == 0) == (bucket == "current")
    assert 28 * missed <= days <= 31 * missed
    assert bucket in BUCKETS


def test_bucket_borders_fall_where_their_names_say() -> None:
    days = pl.DataFrame({"dpd": [0, 1, 29, 30, 59, 60, 89, 90, 119, 120]}, schema={"dpd": pl.Int32})
    names = days.select(dpd_bucket()).to_series().to_list()
    assert names == ["current", "1-29", "1-29", "30-59", "30-59", "60-89", "60-89", "90-119", "90-119", "120+"]
