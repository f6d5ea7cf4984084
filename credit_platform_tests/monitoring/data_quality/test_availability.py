"""The availability gate: honest feeds pass, feeds whose customers were chosen in hindsight fail."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.data_quality.availability import Availability, history_of, judge_availability
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.monitoring.data_quality.simulated_feeds import AS_OF, FIRST, HONEST, SELECTED, Feed

WINDOWS = (18, 7)  # cohorts of the shipped windows, and of those after a retrain action


@pytest.mark.parametrize("n_cohorts", WINDOWS)
@pytest.mark.parametrize("name", HONEST)
def test_an_honest_feed_passes(name: str, n_cohorts: int) -> None:
    assert {HONEST[name].judged(seed, n_cohorts).status for seed in range(2)} == {"passed"}


@pytest.mark.parametrize("n_cohorts", WINDOWS)
@pytest.mark.parametrize("name", SELECTED)
def test_a_feed_of_chosen_customers_fails(name: str, n_cohorts: int) -> None:
    assert {SELECTED[name].judged(seed, n_cohorts).status for seed in range(2)} == {"failed"}


def test_an_outage_is_named_with_its_month() -> None:
    found = Feed(outage=26).judged(1)
    assert found.reason.endswith("Nobody has rows from 2024-03 on: an outage by date.")


def test_the_reason_names_cohorts_rows_month_and_test() -> None:
    found = SELECTED["only labelled customers"].judged(1)
    for part in (
        "6 later cohorts (2024-01 to 2024-06) have 0 of",
        "expected up to the application",
        "rows expected after the application",
        "One-sided z-test by loan",
        "p < 0.0001 (Bonferroni, 13 tests)",
    ):
        assert part in found.reason
    assert "odds" not in found.reason
    assert "Mantel-Haenszel" in SELECTED["bads have rows and goods do not"].judged(1).reason


def test_what_comes_after_the_training_month_is_not_looked_at() -> None:
    history = SELECTED["only labelled customers"].history(1)
    as_of = add_months(AS_OF, -6)
    window = month_range(add_months(as_of, -17), add_months(as_of, -6))
    assert judge_availability(history, window, as_of, LOANS.words).status == "passed"


def book(ages: list[int], n_customers: int) -> Availability:
    """The gate on 12 cohorts of as many customers each; rows are at these months since the application."""
    cohorts = month_range(FIRST, add_months(FIRST, 11))
    cases = pl.DataFrame(
        [(f"{cohort:%m}-{n}", cohort, n % 3 == 0) for cohort in cohorts for n in range(n_customers)],
        schema={"customer": pl.String, "cohort": pl.Date, "label": pl.Boolean},
        orient="row",
    ).with_columns(pl.col("label").cast(pl.Int8))
    found = [(who, add_months(cohort, age)) for who, cohort, _ in cases.iter_rows() for age in ages]
    table = pl.DataFrame(found, schema={"customer": pl.String, "month": pl.Date}, orient="row")
    return judge_availability(history_of(cases, table), cohorts[:6], cohorts[-1], LOANS.words)


@pytest.mark.parametrize(
    ("ages", "n_customers", "status", "reason"),
    [
        ([0], 60, "unknown", "It has no history"),
        ([], 60, "unknown", "No customer of a known loan has a row of it by 2022-12"),
        ([-1, 0, 1], 60, "passed", "100.0% of the training loans have rows"),
        ([-1, 0, 1], 2, "passed", "At least 100.0% of the 24 loans have rows of it."),
        ([9, 11], 60, "unknown", "There is no month in which training loans and later ones can be compared"),
    ],
    ids=["one row per case", "no row", "history", "too few, but everybody", "long after"],
)
def test_what_its_rows_cannot_tell_is_unknown(ages: list[int], n_customers: int, status: str, reason: str) -> None:
    found = book(ages, n_customers)
    assert (found.status, reason in found.reason) == (status, True), found.reason


def test_a_customer_with_two_loans_and_a_row_for_each_gives_the_source_no_history() -> None:
    cohorts = month_range(FIRST, add_months(FIRST, 11))
    pairs = [(f"C{n}", cohort) for cohort in cohorts for n in range(40)]
    cases = pl.DataFrame(pairs, schema={"customer": pl.String, "cohort": pl.Date}, orient="row")
    cases = cases.with_columns(label=pl.lit(None, pl.Int8))
    history = history_of(cases, cases.select("customer", month="cohort"))
    assert judge_availability(history, cohorts[:6], date(2022, 12, 1), LOANS.words).status == "unknown"
