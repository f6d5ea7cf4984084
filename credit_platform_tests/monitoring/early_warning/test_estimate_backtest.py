from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.early_warning.estimate import measure_backtest
from credit_platform.months import add_months
from credit_platform.schemas.early_warning import EstimateBacktest
from credit_platform_tests.monitoring_rows import MONTH, figures, subject, thresholds


def outcome(value: float | None, *, month: date = MONTH, role: str = "post", status: str = "ok") -> pl.DataFrame:
    rows = figures({"roc_auc": value, "ks": 0.5}, at=subject(month=month, sample_role=role))
    return rows.with_columns(status=pl.lit(status)) if value is not None else rows


def estimate(value: float | None, *, month: date = MONTH) -> pl.DataFrame:
    """The estimate made of the cohort that matures in `month`."""
    return figures({"roc_auc": value}, at=subject(month=add_months(month, -6), lag=0), n_bad=None)


def backtest(performance: list[pl.DataFrame], estimates: list[pl.DataFrame]) -> dict[str, object]:
    frame = measure_backtest(pl.concat(performance), pl.concat(estimates), subject=subject(), thresholds=thresholds())
    return EstimateBacktest.validate(frame).row(0, named=True)


def test_an_error_is_realised_minus_estimated_with_the_estimates_interval() -> None:
    row = backtest([outcome(0.81)], [estimate(0.82)])
    assert row["metric"] == "roc_auc"
    assert row["value"] == pytest.approx(-0.01)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((-0.03, 0.01))
    assert (row["estimated"], row["realised"], row["n_months"], row["status"]) == (0.82, 0.81, 1, "ok")
    assert row["may_be_shown"]


def test_the_mean_is_over_the_months_before_and_never_after() -> None:
    before, after = add_months(MONTH, -1), add_months(MONTH, 1)
    months = {MONTH: 0.80, before: 0.86, after: 0.20}
    row = backtest(
        [outcome(value, month=month) for month, value in months.items()], [estimate(0.82, month=m) for m in months]
    )
    assert row["mean_absolute_error"] == pytest.approx((0.02 + 0.04) / 2)
    assert row["n_months"] == 2


@pytest.mark.parametrize(("realised", "is_shown", "status"), [(0.78, True, "warn"), (0.76, False, "breach")])
def test_an_estimate_beyond_policy_is_hidden(realised: float, is_shown: bool, status: str) -> None:  # noqa: FBT001
    row = backtest([outcome(realised)], [estimate(0.82)])
    assert (row["may_be_shown"], row["status"]) == (is_shown, status)


@pytest.mark.parametrize("role", ["train", "validation"])
def test_cohorts_the_version_was_fitted_on_do_not_vouch_for_the_estimate(role: str) -> None:
    before = add_months(MONTH, -1)
    row = backtest(
        [outcome(0.72), outcome(0.82, month=before, role=role)], [estimate(0.82), estimate(0.82, month=before)]
    )
    assert row["mean_absolute_error"] == pytest.approx(0.10)
    assert not row["may_be_shown"]


def test_without_an_estimate_there_is_no_error_and_nothing_is_hidden() -> None:
    row = backtest([outcome(0.81)], [estimate(0.82, month=add_months(MONTH, -3))])
    assert (row["value"], row["estimated"], row["status"]) == (None, None, "unknown")
    assert (row["mean_absolute_error"], row["n_months"], row["may_be_shown"]) == (None, 0, True)


def test_an_estimate_of_another_version_is_no_estimate() -> None:
    other = estimate(0.82).with_columns(model_version=pl.lit("2023-01-01-other"))
    assert backtest([outcome(0.81)], [other])["value"] is None


def test_an_outcome_on_few_bads_is_insufficient() -> None:
    assert backtest([outcome(0.60, status="insufficient")], [estimate(0.62)])["status"] == "insufficient"


def test_an_undefined_outcome_is_unknown() -> None:
    assert backtest([outcome(None)], [estimate(0.82)])["status"] == "unknown"


def test_no_outcome_at_all_gives_no_row() -> None:
    nothing = outcome(0.8).clear()
    found = measure_backtest(nothing, estimate(0.82), subject=subject(), thresholds=thresholds())
    assert EstimateBacktest.validate(found).is_empty()
