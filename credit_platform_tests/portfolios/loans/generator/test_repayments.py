from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.generator.repayments import (
    ABSORBED_FROM,
    TENURE_MONTHS,
    draw_missed_in_a_row,
)
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.portfolios.loans.generator.whole_cohorts import cohort_of


@pytest.fixture(scope="session")
def loans(book: dict[str, pl.DataFrame]) -> pl.DataFrame:
    amounts = pl.col("due_amt", "paid_amt", "overdue_amt", "balance").cast(pl.Float64)
    number = pl.col("installment_num").cast(pl.Int64)
    return book["lms_loan_daily"].with_columns(amounts, number).sort("loan_id", "installment_num")


def test_overdue_is_what_was_due_less_what_was_paid(loans: pl.DataFrame) -> None:
    due, paid = (pl.col(name).cum_sum().over("loan_id") for name in ("due_amt", "paid_amt"))
    assert loans.select((pl.col("overdue_amt") == due - paid).all()).item()
    assert loans.select((pl.col("balance") == 10_000 - paid).all()).item()


def test_installments_are_due_each_month_from_the_first(loans: pl.DataFrame) -> None:
    due = pl.when(pl.col("installment_num") == 0).then(0.0).otherwise(1000.0)
    assert loans.select((pl.col("due_amt") == due).all()).item()
    expected = pl.int_range(pl.len()).over("loan_id")
    assert loans.select((pl.col("installment_num") == expected).all()).item()
    assert loans["installment_num"].max() == TENURE_MONTHS


def test_payments_are_whole_installments_and_some_catch_up(loans: pl.DataFrame) -> None:
    assert set(loans["paid_amt"].unique()) == {0.0, 1000.0, 2000.0, 3000.0, 4000.0}
    assert tuple(loans.columns) == LOANS.source("lms_loan_daily").columns
    assert set(loans["loan_amt"]) == {"10000"}
    assert set(loans["tenure"]) == {"10"}


def test_the_loan_key_is_the_customer_and_the_start_date(loans: pl.DataFrame) -> None:
    key = pl.format("{}_{}", "Customer_ID", pl.col("loan_start_date").str.replace_all("-", "_"))
    assert loans.select((pl.col("loan_id") == key).all()).item()


@given(seed=st.integers(0, 2**32), flags=st.lists(st.booleans(), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_defaulters_never_pay_again_from_month_five_and_others_never_miss(seed: int, flags: list[bool]) -> None:
    is_default = np.array(flags)
    behind = draw_missed_in_a_row(is_default, np.random.default_rng(seed))
    assert not behind[~is_default].any()
    assert (np.diff(behind[is_default, ABSORBED_FROM:], axis=1) == 1).all()
    assert not (behind[:, 6] == 1).any()


def test_nobody_is_exactly_one_installment_behind_at_month_six(loans: pl.DataFrame) -> None:
    at_six = loans.filter(pl.col("installment_num") == 6)
    assert not (at_six["overdue_amt"] == 1000.0).any()
    assert (at_six["overdue_amt"] > 0).any()


def test_the_share_of_overdue_loans_rises_in_a_straight_line_to_month_five_and_stays(loans: pl.DataFrame) -> None:
    # Cohorts of the last months are not there yet at the later instalments, so only complete loans are compared.
    complete = loans.filter(pl.len().over("loan_id") == TENURE_MONTHS + 1)
    shares = complete.group_by("installment_num").agg((pl.col("overdue_amt") > 0).mean()).sort("installment_num")
    by_month = shares["overdue_amt"].to_list()
    assert by_month[0] == 0.0
    assert by_month[5:] == [by_month[5]] * 6
    for month in range(1, 5):
        assert by_month[month] == pytest.approx(by_month[5] * month / 5, abs=0.02)


def test_default_rates_scatter_around_the_rate_of_the_process_only_by_chance(book_spec: BookSpec) -> None:
    truths = [cohort_of(book_spec, month).truth for month in book_spec.months]
    n_bad = np.array([truth["is_default"].to_numpy().sum() for truth in truths])
    expected = np.array([truth["default_probability"].to_numpy().sum() for truth in truths])
    sizes = np.array([truth.height for truth in truths])
    assert n_bad.sum() / sizes.sum() == pytest.approx(0.29, abs=0.02)
    assert (np.abs(n_bad - expected) <= 5 * np.sqrt(sizes * 0.29 * 0.71)).all()


def test_the_loan_file_shows_the_defaults_of_the_truth(book_spec: BookSpec, loans: pl.DataFrame) -> None:
    month = book_spec.months[8]
    truth = cohort_of(book_spec, month).truth
    at_six = loans.filter((pl.col("loan_start_date") == month.isoformat()) & (pl.col("installment_num") == 6))
    joined = truth.join(at_six, on="loan_id", validate="1:1")
    assert joined.height == truth.height
    assert joined.select(((pl.col("overdue_amt") > 0) == pl.col("is_default")).all()).item()
