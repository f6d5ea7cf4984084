"""Estimates, backtests and early reads of a finished book, against what its predictions, labels and snapshots say."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from credit_platform.assets.models.training import read_cohorts
from credit_platform.assets.monitoring.action import found_before_outcome
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.early_warning.estimate import measure_estimate
from credit_platform.monitoring.measures import Subject
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import FIRST_OUTCOME, FIRST_SCORING, LAST, MODELS, BookFolders

LAG = 6


def read(book: BookFolders, table: str, month: date) -> pl.DataFrame:
    return book.lake.scan(table, [month]).collect()


def by_metric(frame: pl.DataFrame, column: str = "value") -> dict[str, float]:
    return dict(frame.filter(segment="all").select("metric", column).iter_rows())


@pytest.mark.parametrize("model", MODELS)
def test_the_estimate_is_of_the_months_own_loans_and_version(finished_book: BookFolders, model: str) -> None:
    for month in month_range(FIRST_SCORING, LAST):
        scored = read(finished_book, f"prediction/{model}", month)
        estimate = read(finished_book, f"monitoring/{model}/estimate", month)
        for column in ("model_version", "sample_role", "provenance"):
            assert set(estimate[column]) == set(scored[column])
        values = by_metric(estimate)
        assert values["n"] == scored.height
        assert values["bad_rate"] == pytest.approx(scored["default_probability"].mean())
        declined = scored.filter(decision="decline").height
        assert values["tp"] + values["fp"] == pytest.approx(declined)


@pytest.mark.parametrize("model", MODELS)
def test_the_interval_of_an_estimate_is_by_the_validation_loans_of_the_version(
    finished_book: BookFolders, model: str
) -> None:
    policy = LOANS.load_policy()
    scored = read(finished_book, f"prediction/{model}", LAST)
    estimate = read(finished_book, f"monitoring/{model}/estimate", LAST)
    version = finished_book.lake.versions.read(model, estimate["model_version"][0])
    loans = read_cohorts(finished_book.lake, version.windows.validation, policy.model.label)
    again = measure_estimate(
        scored,
        validation=version.fitted(policy.model).predict(loans),
        subject=Subject.of_row(estimate.row(0, named=True)),
        thresholds=policy.monitoring,
    )
    assert_frame_equal(estimate, again.select(estimate.columns), check_dtypes=False)


@pytest.mark.parametrize("model", MODELS)
def test_the_backtest_is_the_outcome_minus_the_estimate(finished_book: BookFolders, model: str) -> None:
    for month in month_range(FIRST_OUTCOME, LAST):
        realised = by_metric(read(finished_book, f"monitoring/{model}/performance", month))
        estimated = by_metric(read(finished_book, f"monitoring/{model}/estimate", add_months(month, -LAG)))
        backtest = read(finished_book, f"monitoring/{model}/estimate_backtest", month)
        assert set(backtest["metric"]) == {
            "roc_auc", "gini", "bad_rate", "accuracy", "precision", "recall", "f1_score"
        }  # fmt: skip
        for metric, error in by_metric(backtest).items():
            assert error == pytest.approx(realised[metric] - estimated[metric])


@pytest.mark.parametrize("model", MODELS)
def test_early_reads_count_what_the_snapshots_show_of_open_cohorts(finished_book: BookFolders, model: str) -> None:
    missed = pl.col("n_installments_missed") > 0
    for month in (FIRST_SCORING, add_months(FIRST_SCORING, 2), LAST):
        reads = read(finished_book, f"monitoring/{model}/early_reads", month)
        open_cohorts = month_range(max(FIRST_SCORING, add_months(month, 1 - LAG)), add_months(month, -1))
        assert sorted(set(reads["cohort"])) == open_cohorts
        for cohort in open_cohorts:
            snapshots = read(finished_book, "silver/loan_snapshots", add_months(cohort, 1))
            expected = snapshots.filter(mob=1).select(missed.mean()).item()
            own = reads.filter(cohort=cohort, segment="first_payment_missed", metric="bad_rate")
            assert own["value"].item() == pytest.approx(expected)


def planted(lake: Lake, model: str, part: str, changes: list[pl.Expr]) -> None:
    table = f"monitoring/{model}/{part}"
    lake.write(table, lake.scan(table, [LAST]).collect().with_columns(changes), [LAST])


def test_the_action_hears_of_the_months_own_estimate_and_early_reads(book_copy: BookFolders) -> None:
    lake, model, policy = book_copy.lake, MODELS[0], LOANS.load_policy()
    is_auc = pl.col("metric") == "roc_auc"
    low = [pl.when(is_auc).then(value).otherwise(pl.col(name)).alias(name) for name, value in
           (("value", 0.60), ("ci_low", 0.55), ("ci_high", 0.65))]  # fmt: skip
    planted(lake, model, "estimate", [*low, pl.lit("ok").alias("status")])
    planted(lake, model, "estimate_backtest", [pl.lit(value=True).alias("may_be_shown")])
    planted(lake, model, "early_reads", [pl.lit(0.0001).alias("holm_p_value"), pl.lit(0.5).alias("expected")])
    rules = {(one.rule, one.metric) for one in found_before_outcome(lake, model, LAST, policy)}
    assert {("early_reads_worse", "early_bad_rate"), ("early_reads_worse", "early_roc_auc")} <= rules
    assert ("estimated_below_threshold", "roc_auc") in rules
    planted(lake, model, "estimate_backtest", [pl.lit(value=False).alias("may_be_shown")])
    told = {one.rule for one in found_before_outcome(lake, model, LAST, policy)}
    assert told == {"early_reads_worse"}
