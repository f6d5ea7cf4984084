from __future__ import annotations

from datetime import date
from functools import lru_cache

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from credit_platform.monitoring.early_warning.early_outcomes import cohort_readings, early_labels
from credit_platform.monitoring.early_warning.early_performance import measure_early_performance
from credit_platform.months import add_months
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.portfolios.loans.outcome.early_outcomes import early_outcomes
from credit_platform.schemas.early_warning import EarlyPerformance
from credit_platform_tests.monitoring.early_warning.early_books import (
    FIRST,
    LABEL_MOB,
    NO_DRIFT,
    Book,
    Drift,
    label_config,
)
from credit_platform_tests.monitoring_rows import thresholds

SHIPPED = thresholds()


def measure(
    snapshots: pl.DataFrame, scored: pl.DataFrame, month: date, *, until: date, policy: MonitoringThresholds = SHIPPED
) -> pl.DataFrame:
    labels = early_labels(
        snapshots.lazy(), policy.early_performance.reads, read=early_outcomes, label=label_config(), until=until
    )
    frame = measure_early_performance(
        cohort_readings(labels, scored, key="loan_id"),
        month=month,
        model="gradient_boosting",
        label_mob=LABEL_MOB,
        thresholds=policy,
    )
    return EarlyPerformance.validate(frame.select(EarlyPerformance.column_names()))


def as_of(book: Book, month: date, policy: MonitoringThresholds = SHIPPED) -> pl.DataFrame:
    return measure(book.snapshots, book.scored, month, until=month, policy=policy)


@lru_cache(maxsize=4)
def drawn(n_cohorts: int, seed: int, drift: Drift = NO_DRIFT) -> Book:
    return Book(n_cohorts=n_cohorts, seed=seed, drift=drift)


def raised(book: Book, months: list[date]) -> list[date]:
    """Months in which something that became known then departs."""
    labels = early_labels(
        book.snapshots.lazy(),
        SHIPPED.early_performance.reads,
        read=early_outcomes,
        label=label_config(),
        until=book.months[-1],
    )
    reads = cohort_readings(labels, book.scored, key="loan_id")
    return [
        month
        for month in months
        if measure_early_performance(reads, month=month, model="m", label_mob=LABEL_MOB, thresholds=SHIPPED)
        .filter(read_month=month, status="warn")
        .height
    ]


def test_open_cohorts_have_the_reads_they_have_reached() -> None:
    month = add_months(FIRST, 19)
    found = as_of(drawn(20, seed=2), month)
    single = found.filter(pl.col("segment") != "all_reads", metric="bad_rate").sort("cohort", "mob")
    reached = [(add_months(month, -age), mob) for age in (5, 4, 3, 2, 1) for mob in range(1, min(age, 4) + 1)]
    assert single.select("cohort", "mob").rows() == reached
    joint = found.filter(segment="all_reads")
    assert joint["metric"].to_list() == ["bad_rate", "roc_auc"]
    assert joint.filter(metric="bad_rate")["n"].item() == 5 * 300
    assert found["n_history_cohorts"].max() == 12


def test_an_early_rate_is_a_share_with_its_interval_and_expectation() -> None:
    found = as_of(drawn(20, seed=2), add_months(FIRST, 19)).filter(segment="dpd_30_at_mob_4", metric="bad_rate")
    for row in found.iter_rows(named=True):
        assert row["value"] == row["n_bad"] / row["n"]
        assert row["ci_low"] < row["value"] < row["ci_high"]
        assert row["expected"] == pytest.approx(0.8 * 0.29, abs=0.04)
        assert row["label_correlation"] == pytest.approx(0.85, abs=0.05)
        assert -1 <= row["rate_correlation"] <= 1


def test_a_verdict_stays_as_it_was_when_it_was_read() -> None:
    book, month = drawn(20, seed=3), add_months(FIRST, 17)
    columns = ["cohort", "metric", "segment", "value", "expected", "p_value", "holm_p_value", "status"]
    then = as_of(book, month).filter(pl.col("segment") != "all_reads")
    later = as_of(book, add_months(month, 2)).filter(pl.col("read_month") <= month, pl.col("segment") != "all_reads")
    still_open = then.filter(pl.col("cohort") >= later["cohort"].min())
    assert later.height > 0
    assert later.select(columns).equals(still_open.select(columns))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), place=st.integers(4, 14), lost=st.floats(0, 1))
@example(seed=0, place=7, lost=0.0)  # the newest cohort cannot be judged, so all together stand at the one before
def test_nothing_later_than_the_month_is_read(seed: int, place: int, lost: float) -> None:
    own = {"min_history_cohorts": 1, "history_cohorts": 4}
    policy = thresholds(min_bads=1, early_performance=SHIPPED.early_performance.model_dump() | own)
    book, month = Book(n_cohorts=15, loans_per_month=12, seed=seed), add_months(FIRST, place)
    is_later = pl.col("snapshot_month") > month
    known = measure(book.snapshots.filter(~is_later), book.scored.filter(~is_later), month, until=month, policy=policy)
    other = Book(n_cohorts=15, loans_per_month=12, seed=seed + 1)
    rewritten = pl.concat(
        [book.snapshots.filter(~is_later), other.snapshots.filter(is_later).sample(fraction=lost, seed=1)]
    )
    for snapshots in (book.snapshots, rewritten):
        with_later = measure(snapshots, book.scored, month, until=add_months(FIRST, 14), policy=policy)
        assert with_later.equals(known)
    assert known.filter(pl.col("cohort").dt.offset_by("1mo") > pl.lit(month)).is_empty()
    assert known.height > 0


def test_cohorts_the_version_was_fitted_on_are_no_history_of_its_ranking() -> None:
    fitted = {add_months(FIRST, number): "train" for number in range(10)}
    found = as_of(Book(n_cohorts=16, seed=2, roles=fitted), add_months(FIRST, 15))
    newest = found.filter(cohort=add_months(FIRST, 14), segment="first_payment_missed")
    histories = dict(newest.select("metric", "n_history_cohorts").iter_rows())
    assert histories == {"bad_rate": 10, "roc_auc": 0}
    assert newest.filter(metric="roc_auc")["expected"].item() is None


def test_a_cohort_that_was_not_scored_has_no_row_and_is_history_all_the_same() -> None:
    book, month = drawn(20, seed=2), add_months(FIRST, 19)
    since = add_months(FIRST, 17)
    found = measure(book.snapshots, book.scored.filter(pl.col("snapshot_month") >= since), month, until=month)
    assert set(found["cohort"]) == {since, add_months(since, 1)}
    expected = found.filter(pl.col("segment") != "all_reads", metric="bad_rate")["n_history_cohorts"]
    assert set(expected) == {12}


def test_too_few_bads_are_insufficient_and_too_short_a_history_unknown() -> None:
    few = as_of(Book(n_cohorts=18, loans_per_month=40, seed=2), add_months(FIRST, 17))
    single = few.filter(pl.col("segment") != "all_reads", metric="bad_rate")
    assert set(single["status"]) == {"insufficient"}
    assert single["p_value"].null_count() == single.height
    young = as_of(drawn(20, seed=2), add_months(FIRST, 7)).filter(segment="dpd_30_at_mob_4", metric="bad_rate")
    assert set(young["status"]) == {"unknown"}
    assert young["expected"].null_count() == young.height


def test_a_month_without_a_scored_cohort_is_empty() -> None:
    book = drawn(20, seed=2)
    assert as_of(book, FIRST).is_empty()
    assert measure(book.snapshots, book.scored.clear(), add_months(FIRST, 9), until=add_months(FIRST, 9)).is_empty()


@pytest.mark.parametrize(
    ("drift", "departed"),
    # Where more loans are late from the start, fewer of the late are those the score ranked first.
    [(Drift(onset=14, rank=0.2), ["roc_auc"]), (Drift(onset=14, shift=2.0), ["bad_rate", "roc_auc"])],
)
def test_the_metric_that_departs_is_named(drift: Drift, departed: list[str]) -> None:
    found = as_of(drawn(19, seed=5, drift=drift), add_months(FIRST, 18)).filter(status="warn", segment="all_reads")
    assert found["metric"].to_list() == departed
    assert found["holm_p_value"].max() < 0.002  # pyrefly: ignore[unsupported-operation]


def test_a_calm_book_is_silent_and_a_concept_drift_is_seen_two_months_before_its_outcome() -> None:
    months = [add_months(FIRST, number) for number in range(14, 19)]
    assert raised(drawn(19, seed=7), months) == []
    onset = 14
    in_time = [add_months(FIRST, number) for number in range(onset, onset + LABEL_MOB - 1)]
    assert raised(drawn(19, seed=7, drift=Drift(onset=onset, rank=0.6)), in_time) != []
