"""Features of customers: held against plain counts over days, and blind to whatever comes after the snapshot."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from math import isclose

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from credit_platform.months import add_months, months_between
from credit_platform.portfolios.churn.config import last_day
from credit_platform.portfolios.churn.features.feature_store import (
    CASES,
    CUSTOMERS,
    FEEDBACK,
    SALES,
    CustomerFeatures,
    build_feature_store,
)
from credit_platform_tests.portfolios.churn.purchases import (
    FIRST,
    Sale,
    cases_of,
    comments_of,
    profiles,
    sales_of,
    some_comments,
    some_sales,
)

MONTH = date(2024, 2, 1)
END = last_day(MONTH)


def features(sales: list[Sale], comments: list[Sale], month: date = MONTH) -> pl.DataFrame:
    sold = sales_of(sales)
    silver = {CASES: cases_of(sold, [month]), SALES: sold, FEEDBACK: comments_of(comments), CUSTOMERS: profiles()}
    return CustomerFeatures.validate(build_feature_store(silver).collect())


@given(sales=some_sales, comments=some_comments)
def test_features_are_what_counting_by_hand_gives(sales: list[Sale], comments: list[Sale]) -> None:
    for row in features(sales, comments).iter_rows(named=True):
        who = row["customer_id"]
        own = [(FIRST + timedelta(days=n), amount) for name, n, amount in sales if name == who]
        seen = [(day, amount) for day, amount in own if day <= END]
        bought = [(day, amount) for day, amount in seen if amount >= 0]

        def within(months: int, rows: list[tuple[date, int]]) -> list[tuple[date, int]]:
            return [(day, value) for day, value in rows if months_between(day.replace(day=1), MONTH) < months]

        assert row["days_since_purchase"] == (END - max(day for day, _ in bought)).days
        for n in (1, 2, 3):
            # Sums are over all rows, returns included; without any there is none.
            amounts = [amount for _, amount in within(n, seen)]
            assert isclose(row[f"amount_{n}m"] or 0, sum(amounts), abs_tol=1e-9)
            assert row[f"n_orders_{n}m"] == len(within(n, bought))
        assert row["n_orders_7d"] == sum((END - day).days < 7 for day, _ in bought)
        days = sorted({day for day, _ in bought if (END - day).days < 90})
        gaps = [(later - day).days for day, later in pairwise(days)]
        assert row["n_purchase_days_3m"] == len(days)
        assert row["largest_gap_days"] == max(gaps, default=None)
        said = [(FIRST + timedelta(days=n), tenths) for name, n, tenths in comments if name == who]
        said = [(day, tenths) for day, tenths in said if day <= END]
        for n in (2, 3, 4):
            tenths = [value for _, value in within(n, said)]
            assert row[f"sentiment_low_{n}m"] == (min(tenths) / 10 if tenths else None)
            mean = row[f"sentiment_mean_{n}m"]
            assert mean is None if not tenths else isclose(mean, sum(tenths) / len(tenths) / 10, abs_tol=1e-9)
        assert row["n_feedback_4m"] == len(within(4, said))
        assert row["has_profile"] is (who == "a")


@given(sales=some_sales, comments=some_comments, others=some_sales, words=some_comments, seed=st.integers(0, 9))
def test_nothing_after_the_snapshot_changes_a_feature(
    sales: list[Sale], comments: list[Sale], others: list[Sale], words: list[Sale], seed: int
) -> None:
    """Sales and comments of later days are altered, added and deleted."""

    def until(rows: list[Sale]) -> list[Sale]:
        return [row for row in rows if FIRST + timedelta(days=row[1]) <= END]

    def after(rows: list[Sale]) -> list[Sale]:
        return [row for row in rows if FIRST + timedelta(days=row[1]) > END][seed % 3 :]

    sold = [*until(sales), ("c", (END - FIRST).days, 1)]
    one = features([*sold, *after(sales)], [*until(comments), *after(comments)])
    other = features([*sold, *after(others)], [*until(comments), *after(words)])
    assert_frame_equal(one, other, check_exact=True)


def test_the_last_day_counts_and_the_next_does_not() -> None:
    last = (END - FIRST).days
    row = features([("a", last, 5), ("a", last + 1, 7)], []).row(0, named=True)
    assert (row["amount_1m"], row["n_orders_7d"], row["days_since_purchase"]) == (5.0, 1, 0)


def test_standing_facts_hold_until_later_ones_come() -> None:
    later = profiles().with_columns(snapshot_month=pl.lit(MONTH), income_group=pl.lit("250K+"))
    both = pl.concat([profiles(), later])
    found = {}
    for month in (add_months(MONTH, -1), MONTH):
        sold = sales_of([("a", (last_day(month) - FIRST).days, 5)])
        silver = {CASES: cases_of(sold, [month]), SALES: sold, FEEDBACK: comments_of([]), CUSTOMERS: both}
        found[month] = build_feature_store(silver).collect()["income_group"].item()
    assert list(found.values()) == ["50-74K", "250K+"]
