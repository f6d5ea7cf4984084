"""The availability gate on generated books: honest ones and outages pass, rows of labelled customers alone fail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import polars as pl
import pytest

from credit_platform.monitoring.data_quality.availability import Availability, history_of, judge_availability
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS

FIRST, AS_OF = date(2023, 1, 1), date(2025, 2, 1)
LAST_LABELLED = add_months(AS_OF, -6)
SOURCES = ("feature_clickstream", "features_attributes", "features_financials")
Rows = Mapping[str, pl.DataFrame]


@cache
def generated(drift: Drift | None = None, history_months: int = 24) -> Rows:
    """Cases, labels among them, and customer and month of every row of every other source."""
    months = month_range(FIRST, AS_OF)
    spec = BookSpec(
        first_month=FIRST,
        n_months=len(months),
        cases_per_month=40,
        history_months=history_months,
        seed=11,
        drifts=() if drift is None else (drift,),
    )
    delivered = [(month, spec.rows(month)) for month in months]
    loans = pl.concat([rows["lms_loan_daily"] for _, rows in delivered])
    labels = loans.filter(installment_num="6").select("loan_id", label=pl.col("overdue_amt").cast(pl.Float64) > 0)
    cohort = pl.col("loan_start_date").str.to_date()
    cases = loans.filter(installment_num="0").join(labels, on="loan_id", how="left")
    return {
        "cases": cases.select("label", customer="Customer_ID", cohort=cohort).with_columns(
            pl.col("label").cast(pl.Int8)
        ),
        **{
            source: pl.concat(
                [rows[source].select(customer="Customer_ID", month=pl.lit(month)) for month, rows in delivered]
            )
            for source in SOURCES
        },
    }


def judged(book: Rows, source: str = "feature_clickstream", as_of: date = AS_OF) -> Availability:
    last = add_months(as_of, -6)
    window = month_range(max(FIRST, add_months(last, -17)), last)
    return judge_availability(history_of(book["cases"], book[source]), window, as_of, LOANS.words)


def leaking(book: Rows, last: date = LAST_LABELLED) -> Rows:
    """The book with a clickstream of those customers alone who applied up to a month."""
    chosen = book["cases"].filter(pl.col("cohort") <= last)
    clickstream = book["feature_clickstream"].join(chosen, on="customer", how="semi")
    return {**book, "feature_clickstream": clickstream}


@pytest.mark.parametrize("history_months", [24, 6, 0])
@pytest.mark.parametrize("as_of", [date(2024, 1, 1), date(2024, 12, 1), AS_OF])
def test_an_honest_book_passes(history_months: int, as_of: date) -> None:
    assert judged(generated(history_months=history_months), as_of=as_of).status == "passed"


@pytest.mark.parametrize("source", SOURCES[1:])
def test_a_source_of_one_row_per_loan_is_unknown(source: str) -> None:
    assert judged(generated(), source).status == "unknown"


@pytest.mark.parametrize("history_months", [24, 6])
@pytest.mark.parametrize("first_dark", [date(2024, 4, 1), date(2024, 9, 1), date(2024, 12, 1), AS_OF])
def test_an_outage_by_date_passes_and_is_named(first_dark: date, history_months: int) -> None:
    found = judged(generated(Drift(DriftKind.SOURCE_DARK, first_dark, 1.0), history_months))
    assert found.status == "passed"
    assert f"Nobody has rows from {first_dark:%Y-%m} on: an outage by date." in found.reason


@pytest.mark.parametrize("history_months", [24, 6])
@pytest.mark.parametrize("as_of", [date(2024, 12, 1), AS_OF])
def test_rows_of_labelled_customers_alone_fail(as_of: date, history_months: int) -> None:
    book = leaking(generated(history_months=history_months), add_months(as_of, -6))
    found = judged(book, as_of=as_of)
    assert found.status == "failed"
    assert "Selection by customer: the loans of " in found.reason


@pytest.mark.parametrize("months_later", [1, 6])
def test_a_leak_is_still_seen_when_cohorts_without_it_have_labels(months_later: int) -> None:
    assert judged(leaking(generated(), add_months(LAST_LABELLED, -months_later))).status == "failed"
