"""Backtest of the estimates: how far they were from the outcome, and whether they are good enough to be shown.

Making an estimate belongs in `estimate`, measuring the outcome in `performance`.
"""

import polars as pl

from credit_platform.monitoring.early_warning.early_performance_tests import FLATTERED
from credit_platform.monitoring.early_warning.estimate import RATES
from credit_platform.monitoring.measures import Measure, Status, Subject, measures_frame
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.statistics.intervals import Interval

_KEY = ("cohort", "model_version", "metric")


def measure_backtest(
    performance: pl.DataFrame, estimates: pl.DataFrame, *, subject: Subject, thresholds: MonitoringThresholds
) -> pl.DataFrame:
    """Hold the estimate of the cohort that matured, and those before it, against the outcome.

    `value` is realised minus estimated, positive when the cohort turned out better ranked (or worse paid, for
    `bad_rate`) than estimated; its interval is the estimate's. The mean absolute error is over the outcome months given
    whose cohort the version was not fitted or tuned on. A metric whose error exceeds `max_backtest_error` is `breach`
    and may not be shown; a single error beyond the estimate's interval is `warn`.

    Args:
        performance: monitoring/<model>/performance of the last outcome months, up to the subject's; later rows are not
            used.
        estimates: monitoring/<model>/estimate of the same cohorts, as far as there are any.
        subject: Whose outcome is read in the month.
        thresholds: Policy of estimates.

    Returns:
        One row per estimated metric, as `schemas.early_warning.EstimateBacktest`.
    """
    realised = performance.filter(
        pl.col("snapshot_month") <= subject.snapshot_month, pl.col("metric").is_in(RATES), segment="all"
    ).rename({"value": "realised"})
    estimated = estimates.filter(segment="all").select(
        *_KEY, estimated="value", estimated_low="ci_low", estimated_high="ci_high"
    )
    compared = realised.join(estimated, on=_KEY, how="left").with_columns(
        error=pl.col("realised") - pl.col("estimated")
    )
    is_fair = ~pl.col("sample_role").is_in(FLATTERED) & pl.col("error").is_not_null()
    trust = compared.group_by("metric").agg(
        mean_absolute_error=pl.col("error").abs().filter(is_fair).mean(), n_months=is_fair.sum().cast(pl.Int64)
    )
    ours = compared.filter(snapshot_month=subject.snapshot_month, model_version=subject.model_version)
    errors = {row["metric"]: row for row in ours.join(trust, on="metric").iter_rows(named=True)}
    limit = thresholds.estimate.max_backtest_error
    rows = [errors[metric] for metric in RATES if metric in errors]
    measures = [_measure(row, limit) for row in rows]
    judged = pl.DataFrame(
        [
            {name: row[name] for name in ("metric", "estimated", "realised", "mean_absolute_error", "n_months")}
            for row in rows
        ],
        schema={
            "metric": pl.String,
            "estimated": pl.Float64,
            "realised": pl.Float64,
            "mean_absolute_error": pl.Float64,
            "n_months": pl.Int64,
        },
    ).with_columns(may_be_shown=pl.col("mean_absolute_error").fill_null(0.0) <= limit)
    return measures_frame(measures, subject).join(judged, on="metric", how="left", maintain_order="left")


def _measure(row: dict[str, object], limit: float) -> Measure:
    error, low, high, realised = (row[name] for name in ("error", "estimated_low", "estimated_high", "realised"))
    mean = row["mean_absolute_error"]
    interval = None
    if isinstance(error, float) and isinstance(low, float) and isinstance(high, float) and isinstance(realised, float):
        interval = Interval(min(error, realised - high), max(error, realised - low))
    status: Status = "ok"
    if isinstance(mean, float) and mean > limit:
        status = "breach"
    elif row["status"] in {"insufficient", "unknown"}:
        status = "insufficient"
    elif interval is not None and not interval.low <= 0 <= interval.high:
        status = "warn"
    n, n_bad = row["n"], row["n_bad"]
    return Measure(
        metric=str(row["metric"]),
        value=error if isinstance(error, float) else None,
        n=n if isinstance(n, int) else 0,
        n_bad=n_bad if isinstance(n_bad, int) else None,
        status=status,
        interval=interval,
    )
