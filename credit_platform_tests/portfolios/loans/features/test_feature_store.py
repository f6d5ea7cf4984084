from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.months import add_months, month_range, parse_month
from credit_platform.portfolios.loans.features.catalogue import (
    CHANNELS,
    CLICKSTREAM_MEANS,
    CLICKSTREAM_SUMS,
    SOURCE_FLAGS,
)
from credit_platform.portfolios.loans.features.feature_columns import LOAN_KINDS
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.source_rows import Cells, bronze_rows, read_bronze

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from credit_platform.schemas.cleaning.table_cleaning import Cleaned

FIRST = date(2023, 1, 1)
N_MONTHS = 4  # few, so that drawn rows often fall just before, on and just after an application
CUSTOMERS = ("A0x", "B0x")
CLEANERS: dict[str, Callable[[pl.LazyFrame], Cleaned]] = {
    "lms_loan_daily": clean_loan_snapshots,
    "features_attributes": clean_attributes,
    "features_financials": clean_financials,
    "feature_clickstream": clean_clickstream,
}


class Silver(NamedTuple):
    loans: pl.DataFrame
    attributes: pl.DataFrame
    financials: pl.DataFrame
    clickstream: pl.DataFrame


def silver(source: str, *rows: tuple[date, Cells]) -> pl.DataFrame:
    bronze = [bronze_rows(source, {"snapshot_date": month.isoformat(), **cells}, month=month) for month, cells in rows]
    return CLEANERS[source](pl.concat([bronze_rows(source), *bronze])).rows.collect()


def application(customer: str, month: date) -> tuple[date, Cells]:
    return month, {"loan_id": f"{customer}_{month}", "Customer_ID": customer, "loan_start_date": month.isoformat()}


def features(book: Silver, *, months: int = 24) -> pl.DataFrame:
    built = build_feature_store(*(table.lazy() for table in book), clickstream_months=months).collect()
    return FeatureStore.validate(built)


def one_customer(**sources: Sequence[tuple[date, Cells]]) -> dict[str, object]:
    tables = [silver(name, *sources.get(name, [])) for name in list(CLEANERS)[1:]]
    loans = silver("lms_loan_daily", application("CUS_0x1", date(2023, 3, 1)))
    return features(Silver(loans, *tables)).row(0, named=True)


def test_the_catalogue_names_the_columns_in_their_order() -> None:
    expected = [
        *("snapshot_month", "loan_id", "customer_id"),
        *(*LOANS.features.numeric, *LOANS.features.categorical, *CLICKSTREAM_SUMS, *CLICKSTREAM_MEANS),
        *("has_attributes", "has_financials", "has_clickstream", "sources_present"),
    ]
    assert FeatureStore.column_names() == expected
    assert all(column.description for column in FeatureStore.columns().values())


def test_age_and_personal_data_never_enter() -> None:
    assert not {"age", "name", "ssn"} & set(FeatureStore.column_names())


def test_a_loan_without_any_source_is_still_there_and_says_so() -> None:
    row = one_customer()
    assert (row["sources_present"], row["n_clickstream_months"], row["fe_1_sum"], row["fe_1_mean"]) == (
        "",
        0,
        0.0,
        None,
    )
    assert [row[flag] for flag in SOURCE_FLAGS.values()] == [False] * 3
    assert row["n_auto_loans"] is row["debt_to_salary"] is row["occupation_group"] is None


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("features_attributes", "attributes"),
        ("features_financials", "financials"),
        ("feature_clickstream", "clickstream"),
    ],
)
def test_each_source_raises_its_own_flag(source: str, named: str) -> None:
    row = one_customer(**{source: [(FIRST, {})]})
    assert row["sources_present"] == named
    assert [name for name, flag in SOURCE_FLAGS.items() if row[flag]] == [named]


def test_all_sources_are_named_in_order() -> None:
    row = one_customer(**{name: [(FIRST, {})] for name in list(CLEANERS)[1:]})
    assert row["sources_present"] == "attributes+clickstream+financials"


def test_ratios_follow_their_definitions() -> None:
    row = one_customer(features_financials=[(FIRST, {})])
    expected = {
        "n_financial_products": 9,
        "loans_per_credit_item": 2 / 7,
        "debt_to_salary": 0.5,
        "emi_to_salary": 0.02,
        "repayment_ability_amount": 2940.0,
        "loan_extent": 10.0,
        "n_auto_loans": 1,
        "n_payday_loans": 1,
        "n_student_loans": 0,
        "is_minimum_amount_paid": False,
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("cells", "unknown"),
    [
        ({"Monthly_Inhand_Salary": "0"}, ["debt_to_salary", "emi_to_salary"]),
        ({"Num_Bank_Accounts": "0", "Num_Credit_Card": "0"}, ["loans_per_credit_item"]),
        ({"Num_Bank_Accounts": "-1"}, ["loans_per_credit_item", "n_financial_products"]),
        ({"Type_of_Loan": "_"}, list(LOAN_KINDS)),
    ],
)
def test_a_ratio_is_null_rather_than_infinite_or_guessed(cells: Cells, unknown: list[str]) -> None:
    row = one_customer(features_financials=[(FIRST, cells)])
    assert [row[name] for name in unknown] == [None] * len(unknown)


def test_the_latest_facts_up_to_the_application_are_used() -> None:
    facts = [
        (date(2023, month, 1), {"Occupation": name}) for month, name in ((1, "Lawyer"), (2, "Writer"), (4, "Manager"))
    ]
    assert one_customer(features_attributes=facts)["occupation_group"] == "creative"


cells_of_customer = st.tuples(st.sampled_from(CUSTOMERS), st.integers(0, N_MONTHS - 1), st.integers(-500, 500))


@st.composite
def books(draw: st.DrawFn) -> Silver:
    """Two customers with one or two applications and rows of any month, before and after them."""

    def rows(source: str, column: str) -> pl.DataFrame:
        unique = st.lists(cells_of_customer, max_size=8, unique_by=lambda row: row[:2])
        return silver(
            source,
            *(
                (add_months(FIRST, n), {"Customer_ID": customer, column: str(value)})
                for customer, n, value in draw(unique)
            ),
        )

    applied = draw(
        st.lists(
            st.tuples(st.sampled_from(CUSTOMERS), st.integers(0, N_MONTHS - 1)), min_size=1, max_size=5, unique=True
        )
    )
    return Silver(
        silver("lms_loan_daily", *(application(customer, add_months(FIRST, n)) for customer, n in applied)),
        rows("features_attributes", "Age"),
        rows("features_financials", "Delay_from_due_date"),
        rows("feature_clickstream", "fe_1"),
    )


@settings(max_examples=25, deadline=None)
@given(book=books(), later=books(), cut=st.integers(0, N_MONTHS - 1))
def test_nothing_later_than_the_application_matters(book: Silver, later: Silver, cut: int) -> None:
    month = add_months(FIRST, cut)
    past = [table.filter(pl.col("snapshot_month") <= month) for table in book]
    future = [table.filter(pl.col("snapshot_month") > month) for table in later]
    other = Silver(*(pl.concat(pair) for pair in zip(past, future, strict=True)))
    until_then = pl.col("snapshot_month") <= month
    known_then = features(Silver(*past)).filter(until_then)
    assert features(book).filter(until_then).equals(known_then)
    assert features(other).filter(until_then).equals(known_then)


@settings(max_examples=15, deadline=None)
@given(book=books(), seed=st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(book: Silver, seed: int) -> None:
    shuffled = Silver(*(table.sample(fraction=1.0, shuffle=True, seed=seed) for table in book))
    assert features(shuffled).equals(features(book))


@settings(max_examples=15, deadline=None)
@given(book=books(), months=st.sampled_from((1, 2, 24)))
def test_month_by_month_equals_the_whole_range(book: Silver, months: int) -> None:
    parts = [
        features(book._replace(loans=book.loans.filter(pl.col("snapshot_month") == month)), months=months)
        for month in month_range(FIRST, add_months(FIRST, N_MONTHS - 1))
    ]
    assert pl.concat(parts).equals(features(book, months=months))


@settings(max_examples=15, deadline=None)
@given(book=books(), months=st.integers(1, 5))
def test_clickstream_agrees_with_a_plain_count(book: Silver, months: int) -> None:
    for row in features(book, months=months).iter_rows(named=True):
        first = add_months(row["snapshot_month"], 1 - months)
        seen = book.clickstream.filter(
            (pl.col("customer_id") == row["customer_id"])
            & pl.col("snapshot_month").is_between(first, row["snapshot_month"])
        )
        assert row["n_clickstream_months"] == seen.height
        assert row["fe_1_sum"] == sum(seen["fe_1"])
        assert row["fe_1_mean"] == (sum(seen["fe_1"]) / seen.height if seen.height else None)


def test_features_of_a_real_book_do_not_see_past_their_month(real_book: Path) -> None:
    book = Silver(*(clean(read_bronze(real_book, name).lazy()).rows.collect() for name, clean in CLEANERS.items()))
    cut = parse_month("2023-12")
    until_then = Silver(*(table.filter(pl.col("snapshot_month") <= cut) for table in book))
    whole = features(book)
    assert whole.height == book.loans.filter(pl.col("mob") == 0).height
    assert whole.filter(pl.col("snapshot_month") <= cut).equals(features(until_then))
    has_history = book.clickstream["customer_id"].unique()
    assert whole["has_clickstream"].sum() == whole["customer_id"].is_in(has_history.implode()).sum()
    assert all(whole[f"{channel}_sum"].is_finite().all() for channel in CHANNELS)
