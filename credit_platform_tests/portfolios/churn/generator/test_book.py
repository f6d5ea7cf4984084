"""A generated book: the same bytes for the same seed, relations, keys, texts, what cannot be generated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.months import add_months
from credit_platform.portfolios.churn.generator.book import ChurnBook
from credit_platform.portfolios.churn.generator.churn_generator import GENERATOR
from credit_platform.portfolios.churn.generator.lives import draw_cohort
from credit_platform.portfolios.churn.generator.purchase_process import PurchaseProcess
from credit_platform_tests.portfolios.churn.generator.clean_rows import cases, clean_sales, mean

if TYPE_CHECKING:
    from collections.abc import Mapping

SMALL = ChurnBook(n_months=6, cases_per_month=40, seed=11)
COLUMNS = {
    "sales": ["customer_id", "order_id", "product_id", "transaction_date", "quantity", "amount"],
    "feedback_raw": ["customer_id", "feedback_id", "feedback_date", "comment"],
    "customers": [
        "customer_id",
        "age_group",
        "gender",
        "income_group",
        "home_ownership",
        "marital_status",
        "household_size",
        "kids_count",
    ],
}
LEVELS = {
    "age_group": {"19-24", "25-34", "35-44", "45-54", "55-64", "65+"},
    "gender": {"F", "M"},
    "income_group": {
        *("Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K", "100-124K", "125-149K", "150-174K"),
        *("175-199K", "200-249K", "250K+"),
    },
    "home_ownership": {"Homeowner", "Probable Homeowner", "Renter", "Probable Renter", "Unknown"},
    "marital_status": {"Married", "Unmarried", "Unknown"},
    "household_size": {"1", "2", "3", "4", "5+"},
    "kids_count": {"0", "1", "2", "3+"},
}
# The bytes of the small book; whoever changes them changes every generated book.
UNCHANGED = "a44427089c97475913762c075325792311e098457f0debfe7b34511ece921fe0"

Files = dict[str, pl.DataFrame]


def text(rows: Mapping[str, pl.DataFrame]) -> str:
    return "".join(name + frame.write_csv(quote_style="necessary") for name, frame in sorted(rows.items()))


def hash_of(book: ChurnBook) -> str:
    return hashlib.sha256("".join(text(book.rows(month)) for month in book.months).encode()).hexdigest()


def test_the_same_seed_gives_the_same_bytes_as_ever() -> None:
    assert hash_of(SMALL) == UNCHANGED
    draw_cohort.cache_clear()
    assert hash_of(replace(SMALL)) == UNCHANGED
    assert hash_of(replace(SMALL, seed=12)) != UNCHANGED


@given(seed=st.integers(0, 2**40), index=st.integers(0, SMALL.n_months - 1))
@settings(max_examples=5, deadline=None)
def test_a_month_does_not_depend_on_the_months_generated_before_it(seed: int, index: int) -> None:
    book = replace(SMALL, seed=seed)
    draw_cohort.cache_clear()
    alone = text(book.rows(book.months[index]))
    for other in reversed(book.months):
        book.rows(other)
    assert text(book.rows(book.months[index])) == alone


def test_a_longer_book_begins_like_the_shorter_one() -> None:
    longer = replace(SMALL, n_months=SMALL.n_months + 5)
    for month in SMALL.months[1:]:
        assert text(longer.rows(month)) == text(SMALL.rows(month))


def test_all_columns_are_the_contracts_as_text(churn_files: Files) -> None:
    assert {name: frame.columns for name, frame in churn_files.items()} == COLUMNS
    assert {dtype for frame in churn_files.values() for dtype in frame.dtypes} == {pl.String}


def test_customers_come_once(churn_book: ChurnBook) -> None:
    assert [list(churn_book.rows(month)) for month in churn_book.months[:3]] == [
        ["sales", "feedback_raw", "customers"],
        ["sales", "feedback_raw"],
        ["sales", "feedback_raw"],
    ]


@pytest.mark.parametrize(
    ("source", "key"),
    [("sales", ["order_id", "product_id"]), ("feedback_raw", ["feedback_id"]), ("customers", ["customer_id"])],
)
def test_a_key_is_repeated_only_by_a_row_that_is_delivered_twice(
    churn_files: Files, source: str, key: list[str]
) -> None:
    rows = churn_files[source]
    assert rows.unique().select(key).is_unique().all()
    assert rows.height > rows.unique().height


def test_every_buyer_is_a_customer_whose_row_is_there_exactly_when_it_was_delivered(
    churn_book: ChurnBook, churn_files: Files
) -> None:
    truth = churn_book.truth(churn_book.last_month)
    assert truth["customer_id"].is_unique().all()
    for source in ("sales", "feedback_raw"):
        ids = churn_files[source]["customer_id"].drop_nulls().str.strip_chars()
        assert ids.is_in(truth["customer_id"].implode()).all(), source
    delivered = truth.filter("is_delivered")["customer_id"]
    assert set(churn_files["customers"]["customer_id"].str.strip_chars()) == set(delivered)
    assert delivered.len() / truth.height == pytest.approx(churn_book.process.known_share, abs=0.05)


def test_nobody_buys_after_leaving_or_before_joining(churn_book: ChurnBook, churn_sales: pl.DataFrame) -> None:
    truth = churn_book.truth(churn_book.last_month)
    joined = churn_sales.filter(pl.col("amount") > 0).join(truth, on="customer_id")
    assert joined.height == churn_sales.filter(pl.col("amount") > 0).height
    assert joined.filter(pl.col("transaction_date") >= pl.col("leaves")).is_empty()
    assert mean(truth["leaves"].is_not_null()) > 0.05
    first = joined.group_by("customer_id").agg(pl.col("transaction_date").min())
    newcomers = first.filter(pl.col("transaction_date") >= add_months(churn_book.first_month, 6)).height
    assert newcomers > 4 * churn_book.process.joining * churn_book.cases_per_month


def test_profiles_have_the_levels_of_the_contract(churn_files: Files) -> None:
    for column, levels in LEVELS.items():
        found = set(churn_files["customers"][column].str.strip_chars().drop_nulls())
        assert levels <= found | {"175-199K", "200-249K", "250K+"}, column
        assert found - levels <= {"?", "#N/A", "n/a"}, column


def test_about_as_many_customers_are_active_as_asked_for(churn_book: ChurnBook, churn_sales: pl.DataFrame) -> None:
    sizes = [cases(churn_sales, month).height for month in churn_book.months[2:]]
    assert 0.9 * churn_book.cases_per_month < min(sizes) <= max(sizes) < 1.15 * churn_book.cases_per_month


def test_some_purchases_of_a_months_end_come_in_the_next_file(churn_book: ChurnBook) -> None:
    second = clean_sales(churn_book.rows(churn_book.months[1])["sales"])
    late = second.filter(pl.col("transaction_date") < churn_book.months[1])
    bought = late.filter(pl.col("amount") >= 0)["order_id"].n_unique()
    assert 0.004 < bought / second["order_id"].n_unique() < 0.03
    assert (late["transaction_date"] >= date(2021, 1, 26)).all()
    assert churn_book.rows(churn_book.months[0])["sales"]["transaction_date"].max() == "2021-01-31"


def test_the_files_have_their_dirt(churn_files: Files) -> None:
    sales = churn_files["sales"]
    for column, is_dirty, low, high in (
        ("customer_id", pl.col("customer_id").str.contains(r"^\s|\s$"), 0.002, 0.005),
        ("customer_id", pl.col("customer_id").is_null(), 0.0001, 0.0008),
        ("transaction_date", pl.col("transaction_date") == "0000-00-00", 0.0001, 0.0008),
        ("amount", pl.col("amount").str.ends_with("_"), 0.001, 0.004),
        ("amount", pl.col("amount") == "n/a", 0.0005, 0.002),
        ("quantity", pl.col("quantity") == "?", 0.0005, 0.002),
    ):
        share = sales.select(is_dirty.fill_null(value=False).mean()).item()
        assert low < share < high, (column, share)
    assert sales["customer_id"].is_in(["", " "]).sum() == 0


def test_returns_are_negative_and_follow_a_purchase(churn_sales: pl.DataFrame) -> None:
    returns = churn_sales.filter(pl.col("amount") < 0).with_columns(pl.col("order_id").str.strip_suffix("-R"))
    bought = churn_sales.filter(pl.col("amount") > 0)
    pairs = returns.join(bought, on=["order_id", "product_id", "customer_id"], suffix="_bought")
    assert pairs.height > 0.98 * returns.height > 50
    assert (pairs["transaction_date"] > pairs["transaction_date_bought"]).all()
    assert mean(churn_sales["amount"] == 0) == pytest.approx(0.008, abs=0.003)


def test_a_book_is_read_back_from_its_ground_truth() -> None:
    book = replace(SMALL, process=PurchaseProcess(rate=3.0))
    assert GENERATOR.read(json.loads(json.dumps(book.to_dict()))) == book


def test_nothing_is_corrected_where_nothing_was_late() -> None:
    assert text(SMALL.corrected_rows(SMALL.months[2])) == text(SMALL.rows(SMALL.months[2]))


def test_a_book_of_one_customer_has_all_files() -> None:
    book = ChurnBook(n_months=1, cases_per_month=1)
    assert {name: rows.columns for name, rows in book.rows(book.first_month).items()} == COLUMNS
