from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.gold import RollRates, Vintages
from credit_platform.portfolios.loans.outcome.roll_rates import roll_rates_sql
from credit_platform.portfolios.loans.outcome.vintages import vintages_sql

FIRST = date(2023, 1, 1)
SCHEMA = {
    "snapshot_month": pl.Date,
    "loan_id": pl.String,
    "loan_start_date": pl.Date,
    "loan_amount": pl.Float64,
    "balance_amount": pl.Float64,
    "tenure": pl.Int32,
    "mob": pl.Int32,
    "dpd": pl.Int32,
    "dpd_bucket": pl.String,
}
BUCKET = {0: "current", 10: "1-29", 30: "30-59", 61: "60-89"}
TABLES = {"vintages": (vintages_sql(30), Vintages), "roll_rates": (roll_rates_sql(30), RollRates)}


def loan(
    name: str, start: int, *days: int | None, amount: float = 1000.0, balance: float = 500.0, tenure: int = 10
) -> list[dict[str, Any]]:
    """One loan's snapshots from its start month on; None leaves a month out. `balance` is that of every month."""
    origin = add_months(FIRST, start)
    return [
        {
            "snapshot_month": add_months(origin, mob),
            "loan_id": name,
            "loan_start_date": origin,
            "loan_amount": amount,
            "balance_amount": balance,
            "tenure": tenure,
            "mob": mob,
            "dpd": dpd,
            "dpd_bucket": BUCKET[dpd],
        }
        for mob, dpd in enumerate(days)
        if dpd is not None
    ]


def table(name: str, rows: list[dict[str, Any]], months: list[date]) -> pl.DataFrame:
    sql, schema = TABLES[name]
    with duckdb.connect() as connection:
        connection.register("loan_snapshots", pl.DataFrame(rows, schema=SCHEMA).to_arrow())
        connection.register(
            "as_of", pl.DataFrame({"snapshot_month": months}, schema={"snapshot_month": pl.Date}).to_arrow()
        )
        found = connection.sql(sql).pl()
    assert found.columns == schema.column_names()
    return schema.validate(found)


def month(n: int) -> date:
    return add_months(FIRST, n)


def test_a_vintage_counts_loans_ever_and_currently_past_due() -> None:
    rows = [*loan("A", 0, 0, 30, 0), *loan("B", 0, 0, 0, 30, amount=3000.0), *loan("C", 0, 0, 10, 0)]
    found = table("vintages", rows, [month(2)])
    curve = found.select("mob", "n_loans", "n_ever_30dpd", "n_30dpd", "ever_30dpd_amount_rate").rows()
    assert curve == [(0, 3, 0, 0, 0.0), (1, 3, 1, 1, 0.2), (2, 3, 2, 1, 0.8)]
    assert found["ever_30dpd_rate"].to_list() == [0.0, 1 / 3, 2 / 3]
    assert found["current_30dpd_rate"].to_list() == [0.0, 1 / 3, 1 / 3]


def test_a_loan_that_left_the_book_stays_in_its_cohort_as_it_was_last() -> None:
    rows = [*loan("A", 0, 0, 30), *loan("B", 0, 0, 0, 0), *loan("C", 0, 30, 0), *loan("D", 0, 30, None, 0)]
    found = table("vintages", rows, [month(2)])
    assert found.select("n_loans", "n_ever_30dpd", "n_30dpd").rows() == [(4, 2, 2), (4, 3, 2), (4, 3, 1)]


def test_the_days_from_which_on_a_loan_is_past_due_are_given() -> None:
    rows = [*loan("A", 0, 0, 30), *loan("B", 0, 0, 61), *loan("C", 0, 0, 0, 0)]
    assert TABLES["vintages"][0] != vintages_sql(60)
    with patch.dict(TABLES, {"vintages": (vintages_sql(60), Vintages), "roll_rates": (roll_rates_sql(60), RollRates)}):
        assert table("vintages", rows, [month(2)])["n_30dpd"].to_list() == [0, 1, 1]
        gone = table("roll_rates", rows, [month(2)]).select("from_bucket", "to_bucket").rows()
    assert gone == [("30-59", "missing"), ("60-89", "ended_unpaid"), ("current", "current")]


def test_transitions_are_shares_of_the_bucket_left() -> None:
    rows = [*loan("A", 0, 0, 30), *loan("B", 0, 0, 0, amount=3000.0), *loan("C", 0, 30, 0), *loan("D", 1, 0)]
    found = table("roll_rates", rows, [month(0), month(1)])
    assert found.rows() == [
        (month(1), "30-59", "current", 1, 1.0, 1.0, True, 1.0, 1.0),
        (month(1), "current", "30-59", 1, 0.5, 0.25, False, None, None),
        (month(1), "current", "current", 1, 0.5, 0.75, False, None, None),
    ]


def test_the_cure_rate_is_the_share_of_a_bucket_that_is_current_again() -> None:
    rows = [*loan("A", 0, 30, 0), *loan("B", 0, 30, 61, amount=3000.0), *loan("C", 0, 10, 30)]
    found = table("roll_rates", rows, [month(1)])
    cures = found.select("from_bucket", "to_bucket", "cure_rate", "cure_amount_rate").rows()
    assert cures == [
        ("1-29", "30-59", 0.0, 0.0),
        ("30-59", "60-89", 0.5, 0.25),
        ("30-59", "current", 0.5, 0.25),
    ]


def test_a_book_of_loans_of_no_amount_has_rates_of_zero_and_no_error() -> None:
    found = table("roll_rates", loan("A", 0, 30, 0, amount=0.0), [month(1)])
    assert found.select("transition_rate", "transition_amount_rate", "cure_amount_rate").row(0) == (1.0, 0.0, 0.0)


def test_a_skipped_month_is_no_transition_but_a_missing_row() -> None:
    rows = loan("A", 0, 0, None, 30)
    assert table("roll_rates", rows, [month(2)]).is_empty()
    assert table("roll_rates", rows, [month(1)])["to_bucket"].to_list() == ["missing"]


def test_loans_that_end_are_repaid_unpaid_or_missing_by_their_last_row() -> None:
    rows = [
        *loan("repaid at term", 0, 0, 0, balance=0.0, tenure=1),
        *loan("repaid early", 0, 10, 10, balance=0.0),
        *loan("term over", 0, 0, 61, tenure=1),
        *loan("still running", 0, 0, 0),
        *loan("stays", 0, 0, 0, 0, amount=3000.0),
    ]
    found = table("roll_rates", rows, [month(2)])
    assert found.select("from_bucket", "to_bucket", "n_loans", "transition_rate", "transition_amount_rate").rows() == [
        ("1-29", "closed", 1, 1.0, 1.0),
        ("60-89", "ended_unpaid", 1, 1.0, 1.0),
        ("current", "closed", 1, pytest.approx(1 / 3), 0.2),
        ("current", "current", 1, pytest.approx(1 / 3), 0.6),
        ("current", "missing", 1, pytest.approx(1 / 3), 0.2),
    ]
    assert found.filter(pl.col("is_cure")).is_empty()
    assert found.filter(pl.col("from_bucket") != "current")["cure_rate"].to_list() == [0.0, 0.0]


books = st.lists(
    st.tuples(st.integers(0, 4), st.lists(st.sampled_from([*BUCKET, None]), min_size=1, max_size=5)),
    min_size=1,
    max_size=6,
).map(lambda loans: [row for n, (start, days) in enumerate(loans) for row in loan(f"L{n}", start, *days)])


@pytest.mark.parametrize("name", list(TABLES))
@settings(max_examples=8, deadline=None)
@given(rows=books)
def test_each_month_uses_only_what_was_known_then(name: str, rows: list[dict[str, Any]]) -> None:
    months = month_range(FIRST, month(6))
    whole = table(name, rows, months)
    parts = [table(name, [row for row in rows if row["snapshot_month"] <= until], [until]) for until in months]
    assert whole.equals(pl.concat(parts))
    assert whole.equals(table(name, rows[::-1], months))


@settings(max_examples=15, deadline=None)
@given(rows=books)
def test_a_cohort_never_forgets_a_loan_past_due(rows: list[dict[str, Any]]) -> None:
    found = table("vintages", rows, [month(8)])
    for curve in found.partition_by("cohort"):
        assert all(earlier <= later for earlier, later in pairwise(curve["n_ever_30dpd"]))


@settings(max_examples=15, deadline=None)
@given(rows=books)
def test_transitions_from_a_bucket_add_up_to_one(rows: list[dict[str, Any]]) -> None:
    found = table("roll_rates", rows, month_range(FIRST, month(8)))
    rates = ("transition_rate", "transition_amount_rate")
    sums = found.group_by("snapshot_month", "from_bucket").agg(pl.col(rates).sum())
    for rate in rates:
        assert sums[rate].to_list() == pytest.approx([1.0] * sums.height)
