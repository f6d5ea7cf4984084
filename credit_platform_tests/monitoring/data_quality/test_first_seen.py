from __future__ import annotations

from datetime import date

import polars as pl

from credit_platform.monitoring.data_quality.first_seen import LateCohort, late_cohorts
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS

MONTHS = month_range(date(2023, 11, 1), date(2024, 2, 1))
COLUMNS = {"loan_id": pl.String, "snapshot_month": pl.Date, "mob": pl.Int32}


def test_a_case_counts_as_late_once_and_in_its_own_cohort() -> None:
    rows = [("A", MONTHS[n], n) for n in range(4)]
    rows += [("B", MONTHS[n], n) for n in range(2, 4)]  # first seen two months late, over the turn of the year
    rows += [("B", MONTHS[3], 0), ("OLD", MONTHS[0], 5)]  # another case of the same id; one older than the book
    frame = pl.LazyFrame(rows, schema=COLUMNS, orient="row")
    found = late_cohorts(frame, LOANS.cases, months=MONTHS, built=MONTHS)
    assert found == {
        MONTHS[0]: [],
        MONTHS[1]: [],
        MONTHS[2]: [LateCohort(MONTHS[0], 1, 2, ("B",))],
        MONTHS[3]: [],
    }
    assert found[MONTHS[2]][0].share == 0.5
    assert late_cohorts(frame, LOANS.cases, months=MONTHS, built=MONTHS[1:])[MONTHS[2]] == []
