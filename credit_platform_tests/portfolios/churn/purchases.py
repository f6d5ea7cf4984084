"""Small sets of sales and comments for the tests of the churn book, as silver has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl
from hypothesis import strategies as st

from credit_platform.portfolios.churn.cases import SALES, customers_of_months
from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform.portfolios.churn.sources.silver import Feedback, Sales, Shoppers

CONFIG = CHURN.load_policy().model
FIRST, LAST = date(2023, 10, 1), date(2024, 4, 30)
DAYS = (LAST - FIRST).days + 1
PEOPLE = ("a", "b", "c")

NO_REPAIRS: list[str] = []
Sale = tuple[str, int, int]
# Customer, day since FIRST, amount in whole units: below 0 is a return.
some_sales = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.integers(0, DAYS - 1), st.integers(-3, 50)), min_size=1, max_size=60
)
some_comments = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.integers(0, DAYS - 1), st.integers(-10, 10)), max_size=15
)


def sales_of(drawn: Sequence[Sale]) -> pl.LazyFrame:
    """silver/sales rows: every sale is an order of its own."""
    rows = [
        {
            "snapshot_month": (day := FIRST + timedelta(days=n)).replace(day=1),
            "order_id": f"o{i}",
            "product_id": f"p{i % 4}",
            "customer_id": who,
            "transaction_date": day,
            "quantity": 1.0,
            "amount": float(amount),
            "repairs": NO_REPAIRS,
        }
        for i, (who, n, amount) in enumerate(drawn)
    ]
    return Sales.cast(pl.DataFrame(rows, infer_schema_length=None)).lazy()


def comments_of(drawn: Sequence[Sale]) -> pl.LazyFrame:
    """silver/feedback rows; the number is the sentiment in tenths."""
    rows = [
        {
            "snapshot_month": (day := FIRST + timedelta(days=n)).replace(day=1),
            "feedback_id": f"f{i}",
            "customer_id": who,
            "feedback_date": day,
            "has_words": True,
            "sentiment": tenths / 10,
            "repairs": NO_REPAIRS,
        }
        for i, (who, n, tenths) in enumerate(drawn)
    ]
    return Feedback.cast(pl.DataFrame(rows)).lazy() if rows else Feedback.create_empty(lazy=True)


def profiles() -> pl.LazyFrame:
    """silver/customers: one customer of three is described."""
    empty = dict.fromkeys(Shoppers.column_names())
    known = {
        "snapshot_month": FIRST,
        "customer_id": "a",
        "income_group": "50-74K",
        "kids_count": "2",
        "repairs": NO_REPAIRS,
    }
    return Shoppers.cast(pl.DataFrame([empty | known], infer_schema_length=None)).lazy()


def cases_of(sales: pl.LazyFrame, months: Sequence[date]) -> pl.LazyFrame:
    """silver/customer_months of the months."""
    return customers_of_months({SALES: sales}, months, CONFIG)
