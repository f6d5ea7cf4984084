from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from credit_platform.portfolios.loans.generator.customer_names import COMMA_RATE, QUOTE_RATE, SPACE_RATE, draw_names
from credit_platform.portfolios.loans.generator.dirt import ATTRIBUTES_DIRT, FINANCIALS_DIRT, Dirt, soil

BOOK = 12_500
ALL_DIRT = [("features_attributes", one) for one in ATTRIBUTES_DIRT]
ALL_DIRT += [("features_financials", one) for one in FINANCIALS_DIRT]


def is_within_five_sigmas(count: int, n: int, rate: float) -> bool:
    return abs(count - n * rate) <= 5 * math.sqrt(n * rate * (1 - rate)) + 1


@pytest.mark.parametrize(("source", "dirt"), ALL_DIRT, ids=[one.column for _, one in ALL_DIRT])
def test_every_kind_of_dirt_appears_at_its_rate(book: dict[str, pl.DataFrame], source: str, dirt: Dirt) -> None:
    column = book[source][dirt.column]
    n = column.len()
    placeholders = int((column == dirt.placeholder).sum()) if dirt.placeholder else 0
    values = column.filter(column != dirt.placeholder) if dirt.placeholder else column
    assert is_within_five_sigmas(placeholders, n, dirt.placeholders / BOOK)
    assert is_within_five_sigmas(int(values.str.ends_with("_").sum()), n, dirt.underscores / BOOK)
    if dirt.outliers:
        numbers = values.str.strip_suffix("_").cast(pl.Float64)
        low, high = dirt.outlier_range
        assert is_within_five_sigmas(int(numbers.is_between(low, high).sum()), n, dirt.outliers / BOOK)


def test_underscores_placeholders_and_outliers_leave_the_rest_as_it_was() -> None:
    clean = pl.DataFrame({"Age": [str(age) for age in np.arange(20_000) % 40 + 15]})
    dirty = soil(clean, ATTRIBUTES_DIRT[:1], np.random.default_rng(1))
    untouched = dirty["Age"] == clean["Age"]
    stripped = dirty["Age"].str.strip_suffix("_").cast(pl.Int64)
    assert untouched.mean() == pytest.approx(1 - (637 + 104 + 215) / BOOK, abs=0.01)
    assert ((stripped == clean["Age"].cast(pl.Int64)) | (stripped == -500) | (stripped > 100)).all()


def test_an_outlier_may_carry_an_underscore_and_a_placeholder_may_not() -> None:
    dirt = Dirt(
        "n", underscores=6_250, placeholder="-100", placeholders=6_250, outliers=6_250, outlier_range=(500, 900)
    )
    dirty = soil(pl.DataFrame({"n": ["1"] * 2_000}), (dirt,), np.random.default_rng(1))["n"]
    assert set(dirty.str.replace(r"^[5-9]\d\d", "outlier")) == {"-100", "outlier", "outlier_"}


def test_decimal_columns_keep_their_form() -> None:
    dirt = Dirt("n", outliers=BOOK, outlier_range=(26, 2_560), is_decimal=True)
    dirty = soil(pl.DataFrame({"n": ["4.0"] * 200}), (dirt,), np.random.default_rng(1))["n"]
    assert dirty.str.contains(r"^\d+\.0$").all()


def test_names_have_stray_quotes_commas_and_spaces_at_their_rates() -> None:
    n = 100_000
    names = draw_names(n, np.random.default_rng(1))
    has_quote, has_comma = names.str.contains('"', literal=True), names.str.contains(",", literal=True)
    assert is_within_five_sigmas(int((has_quote & ~has_comma).sum()), n, QUOTE_RATE)
    assert is_within_five_sigmas(int(has_comma.sum()), n, COMMA_RATE)
    assert is_within_five_sigmas(int(names.str.starts_with(" ").sum()), n, SPACE_RATE)


def test_dirty_names_survive_a_csv_file(book: dict[str, pl.DataFrame]) -> None:
    attributes = book["features_attributes"]
    text = attributes.write_csv(quote_style="necessary").encode()
    assert pl.read_csv(text, infer_schema=False).equals(attributes)


def test_the_loans_listed_agree_with_their_number_wherever_it_is_valid(book: dict[str, pl.DataFrame]) -> None:
    listed = pl.col("Type_of_Loan").str.split(", ").list.len().fill_null(0).cast(pl.Int64)
    number = pl.col("Num_of_Loan").str.strip_suffix("_").cast(pl.Int64)
    financials = book["features_financials"].filter(number.is_between(0, 9))
    assert financials.select((listed == number).all()).item()
    several = financials.filter(number > 1)
    assert several.select(pl.col("Type_of_Loan").str.contains(r", and [A-Z][A-Za-z -]+$").all()).item()


def test_credit_history_is_written_in_years_and_months(book: dict[str, pl.DataFrame]) -> None:
    assert book["features_financials"]["Credit_History_Age"].str.contains(r"^\d+ Years and ([0-9]|1[01]) Months$").all()
