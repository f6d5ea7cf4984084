"""Every drift changes what it says from its month on and nothing before; what cannot be generated is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.churn.generator.book import ChurnBook
from credit_platform.portfolios.churn.generator.churn_generator import GENERATOR
from credit_platform.portfolios.churn.generator.delivery import MISSING_COLUMNS, SALES_FORM
from credit_platform.portfolios.churn.generator.drift import DARK_SOURCE, REFUSED
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.drifted_rows import changed_form
from credit_platform_tests.portfolios.churn.generator.clean_rows import cases, clean_sales, mean, roc_auc

if TYPE_CHECKING:
    from credit_platform.portfolios.generator import RowsBySource

BOOK = ChurnBook(first_month=date(2021, 5, 1), n_months=14, cases_per_month=500, seed=5)
START = BOOK.months[8]
LATER = month_range(add_months(START, 1), BOOK.months[-2])


def drifted(kind: DriftKind, strength: float = 0.7) -> ChurnBook:
    return replace(BOOK, drifts=(Drift(kind, START, strength),))


def sales_of(book: ChurnBook) -> pl.DataFrame:
    return clean_sales(pl.concat(book.rows(month)["sales"] for month in book.months))


@pytest.fixture(scope="module")
def usual() -> pl.DataFrame:
    return sales_of(BOOK)


def labelled(sales: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(cases(sales, month).with_columns(month=pl.lit(month)) for month in LATER)


def churn_rate(sales: pl.DataFrame) -> float:
    return mean(labelled(sales)["is_churned"])


def assert_same(made: RowsBySource, expected: RowsBySource) -> None:
    assert made.keys() == expected.keys()
    for name, rows in made.items():
        assert_frame_equal(rows, expected[name])


@pytest.mark.parametrize("kind", GENERATOR.drifts)
def test_nothing_changes_before_a_drift_begins(kind: DriftKind) -> None:
    book = drifted(kind, 1.0)
    for month in (BOOK.first_month, add_months(START, -1)):
        assert_same(book.rows(month), BOOK.rows(month))
    changed, expected = book.rows(START), BOOK.rows(START)
    assert any(not rows.equals(expected.get(name, rows.clear())) for name, rows in changed.items())


def test_a_covariate_drift_makes_purchases_larger_and_keeps_days_and_customers(usual: pl.DataFrame) -> None:
    made = sales_of(drifted(DriftKind.COVARIATE))
    orders = [
        sales.filter((pl.col("amount") > 0) & (pl.col("transaction_date") >= START))
        .group_by("order_id")
        .agg(pl.len(), pl.col("amount").sum())
        for sales in (made, usual)
    ]
    more, before = orders
    assert mean(more["len"]) > 1.2 * mean(before["len"])
    assert mean(more["amount"]) > 1.5 * mean(before["amount"])
    assert abs(more.height / before.height - 1) < 0.01
    assert abs(churn_rate(made) - churn_rate(usual)) < 0.01


def test_a_label_drift_makes_more_customers_leave(usual: pl.DataFrame) -> None:
    book = drifted(DriftKind.LABEL, 1.0)
    assert churn_rate(sales_of(book)) > churn_rate(usual) + 0.02
    left, before = (one.truth(BOOK.last_month).filter(pl.col("leaves") >= START).height for one in (book, BOOK))
    assert left > 2 * before


def test_a_concept_drift_leaves_recency_little_to_say(usual: pl.DataFrame) -> None:
    made, expected = (labelled(sales) for sales in (sales_of(drifted(DriftKind.CONCEPT)), usual))
    for column, sign, fall in (("recency", 1, 0.06), ("purchases", -1, 0.15)):
        before, now = (roc_auc(one["is_churned"], sign * one[column].cast(pl.Int64)) for one in (expected, made))
        assert now < before - fall, column
    assert abs(mean(made["recency"]) - mean(expected["recency"])) < 6


def test_missing_cells_come_with_a_new_file_of_customers() -> None:
    book = drifted(DriftKind.MISSINGNESS, 0.7)
    made = book.rows(START)[f"customers_{START:%Y_%m}"]
    before = book.rows(BOOK.first_month)["customers"]
    assert made.height == before.height
    for column in MISSING_COLUMNS:
        assert made[column].null_count() / made.height > 0.6, column
    rest = [name for name in before.columns if name not in MISSING_COLUMNS]
    assert_frame_equal(made.select(rest), before.select(rest))
    assert list(book.rows(add_months(START, 1))) == ["sales", "feedback_raw"]


def test_a_dark_source_has_no_rows_from_then_on() -> None:
    book = drifted(DriftKind.SOURCE_DARK, 0.1)
    for month in (START, BOOK.last_month):
        made, expected = book.rows(month), BOOK.rows(month)
        assert made[DARK_SOURCE].is_empty()
        assert made[DARK_SOURCE].columns == expected[DARK_SOURCE].columns
        assert_frame_equal(made["sales"], expected["sales"])
    assert GENERATOR.dark_source == DARK_SOURCE


def test_a_schema_change_is_one_of_the_sales_files() -> None:
    expected = BOOK.rows(START)["sales"]
    for strength in (0.2, 0.5, 0.7, 1.0):
        made = drifted(DriftKind.SCHEMA_CHANGE, strength).rows(START)["sales"]
        assert_frame_equal(made, changed_form(expected, SALES_FORM, strength))
    commas = drifted(DriftKind.SCHEMA_CHANGE, 0.5).rows(START)["sales"]
    assert mean(commas["amount"].str.contains(",")) > 0.95


def test_a_season_swings_the_purchases() -> None:
    months = {month.month: month for month in BOOK.months[8:]}
    made, expected = (
        {number: one.rows(months[number])["sales"].height for number in (1, 6)}
        for one in (drifted(DriftKind.SEASONAL, 1.0), BOOK)
    )
    assert made[1] > 1.25 * expected[1]
    assert made[6] < 0.75 * expected[6]


def test_a_volume_drift_takes_that_share_of_the_customers_from_both_files() -> None:
    book = drifted(DriftKind.VOLUME, 0.6)
    for name in ("sales", DARK_SOURCE):
        made, expected = (
            set(one.rows(LATER[0])[name]["customer_id"].str.strip_chars().drop_nulls()) for one in (book, BOOK)
        )
        assert made < expected
        assert len(made) / len(expected) == pytest.approx(0.4, abs=0.12), name


def test_a_late_correction_only_adds_purchases_of_the_last_days() -> None:
    book = drifted(DriftKind.LATE_CORRECTION, 1.0)
    first, corrected = book.rows(START), book.corrected_rows(START)
    assert_same(corrected, BOOK.rows(START))
    missing = corrected["sales"].join(first["sales"], on=["order_id", "product_id"], how="anti")
    assert first["sales"].join(corrected["sales"], on=["order_id", "product_id"], how="anti").is_empty()
    assert 0.01 < missing.height / corrected["sales"].height < 0.06
    assert set(missing["transaction_date"].str.slice(8, 2)) <= {"27", "28", "29", "30", "31", "00"}


def test_every_kind_is_either_generated_or_refused_with_a_reason() -> None:
    assert set(GENERATOR.drifts) | set(REFUSED) == set(DriftKind)
    assert not set(GENERATOR.drifts) & set(REFUSED)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_generated_is_refused(kind: DriftKind) -> None:
    with pytest.raises(SettingsError, match=REFUSED[kind]):
        drifted(kind)


def test_a_drift_begins_in_a_month_of_the_book() -> None:
    with pytest.raises(SettingsError, match="Choose one of 2021-05 to 2022-06"):
        replace(BOOK, drifts=(Drift(DriftKind.LABEL, date(2022, 7, 1), 0.7),))
