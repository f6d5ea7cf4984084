"""Whom a month is about: held against a plain count over days."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given

from credit_platform.months import month_range
from credit_platform.portfolios.churn.config import last_day
from credit_platform.portfolios.churn.sources.silver import CustomerMonths
from credit_platform_tests.portfolios.churn.purchases import FIRST, LAST, Sale, cases_of, sales_of, some_sales


@given(drawn=some_sales)
def test_a_customer_of_a_month_has_bought_in_the_ninety_days_up_to_its_last(drawn: list[Sale]) -> None:
    wanted = month_range(date(2024, 1, 1), date(2024, 4, 1))
    bought = [(who, FIRST + timedelta(days=n)) for who, n, amount in drawn if amount >= 0]
    sold_in = {(FIRST + timedelta(days=n)).replace(day=1) for _, n, _ in drawn}
    expected = {
        (month, who)
        for month in wanted
        if month in sold_in
        for who, day in bought
        if timedelta(0) <= last_day(month) - day < timedelta(days=90)
    }
    found = CustomerMonths.validate(cases_of(sales_of(drawn), wanted).collect())
    assert set(found.select("snapshot_month", "customer_id").iter_rows()) == expected
    for row in found.iter_rows(named=True):
        days = [day for who, day in bought if who == row["customer_id"] and day <= row["snapshot_date"]]
        of_month = [day for day in days if day >= row["snapshot_month"]]
        assert row["last_purchase_date"] == max(days)
        assert row["first_purchase_date"] == min(of_month, default=None)


def test_a_return_is_no_purchase_and_a_coupon_is_one() -> None:
    day = (date(2024, 3, 15) - FIRST).days
    found = cases_of(sales_of([("a", day, -5), ("b", day, 0)]), [date(2024, 3, 1)]).collect()
    assert found["customer_id"].to_list() == ["b"]


def test_later_sales_change_nothing() -> None:
    month = date(2024, 1, 1)
    early = [("a", 100, 5), ("b", 110, 7)]
    later = [("a", (LAST - FIRST).days, 5), ("c", (LAST - FIRST).days - 1, 5)]
    one, other = (cases_of(sales_of(drawn), [month]).collect() for drawn in (early, early + later))
    assert one.equals(other)
    assert one.select(pl.len()).item() == 2
