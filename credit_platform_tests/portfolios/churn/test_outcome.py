"""Labels by what comes after: held against a plain count over days, and none before the window has ended."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given

from credit_platform.months import month_range
from credit_platform.portfolios.churn.config import ChurnLabelPolicy, last_day
from credit_platform.portfolios.churn.outcome import ChurnStore, churned
from credit_platform_tests.portfolios.churn.purchases import CONFIG, FIRST, Sale, cases_of, sales_of, some_sales

MONTHS = month_range(date(2024, 1, 1), date(2024, 4, 1))
LABEL = ChurnLabelPolicy(window_days=30)
# Somebody buys something on every last day of a month, so that the data reach it.
ENDS = [("shop", (last_day(month) - FIRST).days, 1) for month in month_range(FIRST, date(2024, 4, 1))]


@given(drawn=some_sales)
def test_who_buys_nothing_in_the_window_has_churned(drawn: list[Sale]) -> None:
    cases = cases_of(sales_of([*drawn, *ENDS]), MONTHS)
    found = ChurnStore.validate(churned(cases, CONFIG.label).collect())
    bought = [(who, FIRST + timedelta(days=n)) for who, n, amount in [*drawn, *ENDS] if amount >= 0]
    expected = {}
    for month, who in cases.select("snapshot_month", "customer_id").collect().iter_rows():
        end, window = last_day(month), last_day(month) + timedelta(days=30)
        if window <= last_day(MONTHS[-1]):
            came = any(customer == who and end < day <= window for customer, day in bought)
            expected[month, who] = int(not came)
    labels = {(row["cohort"], row["customer_id"]): row["label"] for row in found.iter_rows(named=True)}
    assert labels == expected


@pytest.mark.parametrize(("last_sale", "is_known"), [(20, False), (26, False), (27, True), (30, True)])
def test_data_that_end_before_the_window_tell_no_label(last_sale: int, *, is_known: bool) -> None:
    """The window of March ends on 30 April; three days without a sale may be chance."""
    early = [sale for sale in ENDS if FIRST + timedelta(days=sale[1]) < date(2024, 4, 1)]
    until = [("shop", (date(2024, 4, last_sale) - FIRST).days, 1)]
    known = churned(cases_of(sales_of([*early, *until]), MONTHS), LABEL).collect()
    assert (date(2024, 3, 1) in known["cohort"].to_list()) is is_known
    assert date(2024, 2, 1) in known["cohort"].to_list()


def test_a_month_between_that_is_not_there_tells_no_label() -> None:
    """Of the customers of January, February could show who came back."""
    cases = cases_of(sales_of(ENDS), MONTHS)
    without = cases.filter(pl.col("snapshot_month") != date(2024, 2, 1))
    assert date(2024, 1, 1) in churned(cases, LABEL).collect()["cohort"].to_list()
    assert date(2024, 1, 1) not in churned(without, LABEL).collect()["cohort"].to_list()


def test_a_late_purchase_turns_a_label() -> None:
    gone = [("a", (date(2024, 2, 10) - FIRST).days, 9)]
    late = [("a", (date(2024, 3, 30) - FIRST).days, 9)]
    labels = []
    for drawn in (gone, gone + late):
        found = churned(cases_of(sales_of([*drawn, *ENDS]), MONTHS), LABEL).collect()
        labels.append(
            found.filter(customer_id="a", cohort=date(2024, 2, 1)).select("label", "next_purchase_date").row(0)
        )
    assert labels == [(1, None), (0, date(2024, 3, 30))]
