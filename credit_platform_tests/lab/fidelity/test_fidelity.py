"""A book is near another of its own kind, and every difference made by hand is found where it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.assets.tables.bronze import sources
from credit_platform.lab.fidelity.book_sample import BookSample, generated_rows, sample_of
from credit_platform.lab.fidelity.fidelity import compare_books, kolmogorov_smirnov
from credit_platform.lab.fidelity.line import BookFigure, judged, line, to_frame
from credit_platform.lab.fidelity.page import fidelity_page
from credit_platform.lab.fidelity.ranking import compare_rankings
from credit_platform.lake.raw.raw_book import read_book
from credit_platform.portfolios.generator import ComparedColumns
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.toy_book import write_gym
from credit_platform_tests.toy_portfolio import GYM, MEMBERS

if TYPE_CHECKING:
    from pathlib import Path

FINANCIALS = "silver/customer_financials"
SPEC = BookSpec(n_months=9, cases_per_month=400, history_months=6, seed=1)


@pytest.fixture(scope="module")
def first() -> BookSample:
    return sample_of(generated_rows(SPEC), LOANS, LOANS.load_policy(None).model)


@pytest.fixture(scope="module")
def second() -> BookSample:
    return sample_of(generated_rows(replace(SPEC, seed=3)), LOANS, LOANS.load_policy(None).model)


def changed(book: BookSample, table: str, cells: pl.Expr) -> BookSample:
    return replace(book, silver={**book.silver, table: book.silver[table].with_columns(cells)})


def apart(real: BookSample, made: BookSample) -> pl.DataFrame:
    return to_frame(compare_books(real, made)).filter(pl.col("status") != "ok")


def test_two_books_of_one_process_are_near_each_other(first: BookSample, second: BookSample) -> None:
    lines = to_frame(compare_books(first, second))
    assert lines.filter(pl.col("status").is_in(["breach", "unknown"])).is_empty()
    assert lines.get_column("n_real").min() > 0  # pyrefly: ignore[unsupported-operation]
    assert set(lines["section"]) == {"feature", "category", "dirt", "outcome", "attrition", "coverage"}
    # Half of all distances of two samples are above what chance leads to expect, not most of them.
    psi = lines.filter(statistic="psi", section="feature")["distance"].to_numpy()
    floor = lines.filter(statistic="psi_by_chance")["distance"].to_numpy()
    assert 0.2 < np.mean(psi > floor) < 0.8


def test_a_book_is_at_no_distance_of_itself(first: BookSample) -> None:
    lines = to_frame(compare_books(first, first)).filter(pl.col("statistic") != "psi_by_chance")
    assert lines["distance"].abs().max() == 0


def test_a_shifted_feature_is_found(first: BookSample, second: BookSample) -> None:
    found = apart(first, changed(second, FINANCIALS, pl.col("monthly_inhand_salary_amount") * 1.6)).filter(
        item="monthly_inhand_salary_amount"
    )
    assert {"mean", "ks", "psi"} <= set(found["statistic"])


def test_dirt_that_is_missing_is_found(first: BookSample, second: BookSample) -> None:
    found = apart(first, changed(second, FINANCIALS, pl.lit([], dtype=pl.List(pl.String)).alias("repairs"))).filter(
        section="dirt"
    )
    assert "Credit_Mix_placeholder_nulled" in set(found["item"])


def test_loans_that_leave_the_file_and_more_bads_are_found(first: BookSample, second: BookSample) -> None:
    young = pl.col("mob") < 3
    kept = second.silver[LOANS.cases.table].filter(young | (pl.col("loan_id").hash(0) % 4 > 0))
    labels = second.labels.with_columns(pl.lit(1, pl.Int8).alias("label"))
    found = apart(first, replace(second, silver={**second.silver, LOANS.cases.table: kept}, labels=labels))
    assert found.filter(section="attrition")["item"].to_list() == [f"month on book {mob}" for mob in range(3, 9)]
    assert "loans with a label" in set(found.filter(section="outcome")["item"])


def test_a_fixed_model_ranks_both_books_alike_until_the_clickstream_says_nothing(
    first: BookSample, second: BookSample
) -> None:
    training, real = first.labelled(), second.labelled()
    same = to_frame(list(compare_rankings(LOANS.features, training, real, training)))
    whole = same.filter(item="all features, all cohorts").row(0, named=True)
    assert whole["n_real"] == real.height
    assert whole["real_low"] < whole["real"] < whole["real_high"]
    assert same["item"].n_unique() == same.height == 2 * (1 + 3)
    shuffled = real.with_columns(pl.col("label").shuffle(seed=1))
    broken = to_frame(list(compare_rankings(LOANS.features, training, real, shuffled)))
    assert broken.filter(item="all features, all cohorts")["status"].item() == "breach"
    assert "warn" in set(broken.filter(pl.col("item").str.contains("cohort "))["status"])


def test_a_book_of_two_sources_and_no_history_is_compared_by_its_own_names(tmp_path: Path) -> None:
    generator = replace(LOANS.required_generator, compared=ComparedColumns(numbers={MEMBERS: ("distance_km",)}))
    gym, config = replace(GYM, generator=generator), GYM.load_policy(None).model
    write_gym(tmp_path / "raw")
    book = sample_of(read_book(tmp_path / "raw", sources(gym, config), gym), gym, config)
    assert len(book.months) == 20
    assert book.cases_per_month == 150
    lines = to_frame([*compare_books(book, book), *compare_rankings(gym.features, *[book.labelled()] * 3)])
    items = {section: set(rows["item"]) for (section,), rows in lines.group_by("section")}
    assert items["feature"] == {"distance_km"}
    assert {"zone", "zone = near", "zone = far"} == items["category"]
    assert "contracts with a label" in items["outcome"]
    assert items["attrition"] == {"month on book 1", "month on book 2"}
    assert "all features, all cohorts" in items["ranking"]
    assert not [item for item in items["ranking"] if item.startswith("without")]
    assert "coverage" not in items
    assert "Do contracts turn out alike?" in fidelity_page(lines, gym, seed=1)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.lists(st.floats(-5, 5), min_size=1, max_size=30))
def test_the_distance_of_distributions_is_symmetric_and_between_0_and_1(a: list[float], b: list[float]) -> None:
    forth, back = kolmogorov_smirnov(np.array(a), np.array(b)), kolmogorov_smirnov(np.array(b), np.array(a))
    assert forth is not None
    assert forth == back
    assert 0 <= forth <= 1


def test_what_cannot_be_measured_is_unknown_and_never_ok() -> None:
    assert line("outcome", "x", "rate", BookFigure(None, 0), BookFigure(0.5, 10), band="share").status == "unknown"
    assert judged(float("inf"), "psi") == "breach"
    assert kolmogorov_smirnov(np.array([]), np.array([1.0])) is None


def test_the_real_book_is_near_in_outcome_dirt_and_attrition(real_book: Path) -> None:
    config = LOANS.load_policy(None).model
    real = sample_of(read_book(real_book, sources(LOANS, config), LOANS), LOANS, config)
    size = {"n_months": len(real.months), "cases_per_month": real.cases_per_month}
    spec = BookSpec(first_month=real.months[0], **size, has_leak=True)
    made = sample_of(generated_rows(spec), LOANS, config)
    lines = to_frame(compare_books(real, made))
    assert set(lines.filter(pl.col("section").is_in(["outcome", "dirt", "attrition"]))["status"]) == {"ok"}
    assert set(lines.filter(statistic="psi")["status"]) == {"ok"}
