"""Estimate: what a cohort's outcome would be if its default probabilities were right, six months before it is known.

Confidence-based performance estimation. **Blind spot: concept drift.** When the same applicants begin to behave
otherwise, the probabilities are wrong and the estimate, made of nothing but them, does not move: with a true ROC-AUC of
0.68 it has shown 0.80. It sees a changed population only; `early_reads` see the behaviour. So an estimate may ask for
closer watch, never for a retraining. Its backtest says how far it was from the outcome, which is measured in
`performance`, and whether it is good enough to be shown.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import hypot, isfinite, nan, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.monitoring.early_warning.early_performance_tests import FLATTERED
from credit_platform.monitoring.measures import Measure, Status, Subject, by_sources, floor_status, measures_frame
from credit_platform.policy.monitoring_thresholds import MetricThreshold, MonitoringThresholds
from credit_platform.statistics.calibration import line_deviations, log_odds, probability_of
from credit_platform.statistics.intervals import DRAWS, SEED, FloatArray, Interval

_KEY = ("cohort", "model_version", "metric")
BOUNDS: dict[str, tuple[float, float]] = {"gini": (-1.0, 1.0)}
RATES = ("roc_auc", "gini", "bad_rate", "accuracy", "precision", "recall", "f1_score")
RANKS = ("roc_auc", "gini")
COUNTS = ("tp", "fp", "tn", "fn")
OF_SOURCE_SEGMENTS = ("roc_auc", "bad_rate", "n")


def chance_deviations(
    raw: FloatArray, declined: NDArray[np.bool_], probability: FloatArray, *, draws: int = DRAWS, seed: int = SEED
) -> dict[str, float]:
    """Standard deviation of every metric over labels drawn from the loans' own probabilities, with a fixed seed.

    Draws that do not define a metric are left out; NaN where no two draws define it.
    """
    bads = (np.random.default_rng(seed).random((draws, probability.size)) < probability).astype(np.float64)
    found = weighted_metrics(raw, declined, bads=bads, goods=1 - bads)
    return {metric: _deviation(values) for metric, values in found.items()}


def calibration_deviations(
    raw: FloatArray, declined: NDArray[np.bool_], probability: FloatArray, *, validation: FloatArray
) -> dict[str, float]:
    """Standard deviation of every metric by the chance in the validation loans, by the delta method.

    Other validation loans would have given another calibration line: the change of a metric with slope and intercept,
    times their standard deviations. The further the loans' scores are from those of validation, the more the line is
    extrapolated.
    """
    odds, small = log_odds(probability), 1e-4  # exact to eight digits; the metrics are smooth in the line
    slope, intercept = small * np.concatenate([np.eye(2), -np.eye(2)]).T[:, :, None]
    bads = probability_of((1 + slope) * odds + intercept)
    found = weighted_metrics(raw, declined, bads=bads, goods=1 - bads)
    moved = line_deviations(validation) / (2 * small)
    changes = {metric: values[:2] - values[2:] for metric, values in found.items()}
    return {metric: float(np.hypot(*(moved * change).sum(axis=1))) for metric, change in changes.items()}


def _deviation(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if known.size > 1 else float("nan")


def weighted_metrics(
    raw: FloatArray, declined: NDArray[np.bool_], *, bads: FloatArray, goods: FloatArray
) -> dict[str, FloatArray]:
    """Metrics of loans that are each partly bad and partly good; NaN where they are not defined.

    With `bads` the probabilities p and `goods` 1 - p these are the expected counts and the metrics made of them: the
    ROC-AUC is the area under the curve through the cumulative sums of p and 1 - p, in the order of the raw score (ties
    share a step). With counts of labels they are the ordinary metrics.

    Args:
        raw: The score before calibration, higher is riskier, shape (loans,).
        declined: Whether the loan is on the far side of the cut-off, shape (loans,).
        bads: Weight of the bad part, shape (draws, loans).
        goods: Weight of the good part, shape (draws, loans).
    """
    all_bads, all_goods = bads.sum(axis=1), goods.sum(axis=1)
    n, tp, fp = all_bads + all_goods, bads[:, declined].sum(axis=1), goods[:, declined].sum(axis=1)
    fn, tn = all_bads - tp, all_goods - fp
    auc = _area(raw, bads, goods)
    return {
        "roc_auc": auc,
        "gini": 2 * auc - 1,
        "bad_rate": _ratio(all_bads, n),
        "accuracy": _ratio(tp + tn, n),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, all_bads),
        "f1_score": _ratio(2 * tp, 2 * tp + fp + fn),
        "tp": tp,
        "fp": fp,
        "tn": tn,
        "fn": fn,
    }


def _area(raw: FloatArray, bads: FloatArray, goods: FloatArray) -> FloatArray:
    order = np.argsort(raw, kind="stable")
    ranked = raw[order]
    starts = np.flatnonzero(np.append(np.ones(1, dtype=bool), ranked[1:] != ranked[:-1]))
    bads_by_step, goods_by_step = (np.add.reduceat(weight[:, order], starts, axis=1) for weight in (bads, goods))
    goods_below = np.cumsum(goods_by_step, axis=1) - goods_by_step / 2
    return _ratio((bads_by_step * goods_below).sum(axis=1), bads.sum(axis=1) * goods.sum(axis=1))


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def measure_estimate(
    scored: pl.DataFrame, *, validation: FloatArray, subject: Subject, thresholds: MonitoringThresholds
) -> pl.DataFrame:
    """Estimate the outcome of a cohort that has none yet.

    The interval is estimate ± z · sqrt(s² + c²), z the normal quantile of `thresholds.confidence`: s is the standard
    deviation of the metric over labels drawn for the cohort's n loans from their own default probabilities
    (`chance_deviations`), c that by the chance in the m validation loans, which calibrated the probabilities. For the
    bad rate, accuracy, precision, recall and F1 score c is that of the calibration line at the cohort's scores, the
    delta method with the inverse Fisher information of the validation loans (`calibration_deviations`; Cox 1958). The
    ROC-AUC and Gini have c = s · sqrt(n / m), in simulations as wide as that or wider. So after a shift the width is
    that of the population scored, not of the validation sample. Versions without calibration are treated alike.

    A metric is warn or breach only when its whole interval is below the data-science or business threshold: an estimate
    that chance explains is no reason to watch. It is `insufficient` where fewer bads or goods than `min_bads` are
    expected, or where no interval is defined.

    `roc_auc`, `bad_rate` and `n` are also of the loans with each value of `sources_present`, in the same way.

    Args:
        scored: One row per scored loan: `raw_probability`, `default_probability`, `decision` (approve, decline) and
            `sources_present`.
        validation: Default probabilities that the version gives the loans on which it was calibrated, each loan once,
            shape (m,); without any there is no interval.
        subject: Whose figures these are; its cohort is the month itself.
        thresholds: Floors of the metrics, for the subject's model.

    Returns:
        One row per metric and segment, as `schemas.early_warning.Estimate`; outcomes are not known, so `n_bad` is null.
    """
    known = scored.drop_nulls(["raw_probability", "default_probability"])
    floors = thresholds.metrics_for(subject.model)
    measures = _measures(known, validation, thresholds, floors)
    parts = by_sources(known)
    for segment, loans in parts.items():
        found = measures[:] if len(parts) == 1 else _measures(loans, validation, thresholds, floors)
        measures += [replace(one, segment=segment) for one in found if one.metric in OF_SOURCE_SEGMENTS]
    return measures_frame(measures, subject)


def _measures(
    known: pl.DataFrame, validation: FloatArray, thresholds: MonitoringThresholds, floors: Mapping[str, MetricThreshold]
) -> list[Measure]:
    n, probability = known.height, known.get_column("default_probability").to_numpy().astype(np.float64)
    raw = known.get_column("raw_probability").to_numpy().astype(np.float64)
    declined = (known.get_column("decision") == "decline").to_numpy()
    found = weighted_metrics(raw, declined, bads=probability[None, :], goods=1 - probability[None, :]) if n else {}
    values = {metric: float(value[0]) for metric, value in found.items()}
    expected_bads = float(probability.sum())
    is_enough = min(expected_bads, n - expected_bads) >= thresholds.min_bads
    deviations = _deviations(raw, declined, probability, validation) if n and validation.size else {}
    z = NormalDist().inv_cdf(0.5 + thresholds.confidence / 2)
    measures: list[Measure] = []
    for metric in RATES:
        interval = _interval(metric, values.get(metric), z * deviations.get(metric, nan))
        status = _status(floors.get(metric), interval) if is_enough else "insufficient"
        # Gini says of the same ranking what the ROC-AUC before it says.
        status = measures[-1].status if metric == "gini" and interval is not None else status
        measures.append(Measure(metric=metric, value=values.get(metric), n=n, status=status, interval=interval))
    counted: Status = "ok" if is_enough else "insufficient"
    measures += [Measure(metric=metric, value=values.get(metric), n=n, status=counted) for metric in COUNTS]
    measures.append(Measure(metric="n", value=float(n), n=n, status="ok" if n else "insufficient"))
    return measures


def _deviations(
    raw: FloatArray, declined: NDArray[np.bool_], probability: FloatArray, validation: FloatArray
) -> dict[str, float]:
    chance = chance_deviations(raw, declined, probability)
    line = calibration_deviations(raw, declined, probability, validation=validation)
    line |= {metric: chance[metric] * sqrt(raw.size / validation.size) for metric in RANKS}
    return {metric: hypot(chance[metric], line[metric]) for metric in RATES}


def _interval(metric: str, value: float | None, margin: float) -> Interval | None:
    if value is None or not isfinite(value) or not isfinite(margin):
        return None
    low, high = BOUNDS.get(metric, (0.0, 1.0))
    return Interval(max(low, value - margin), min(high, value + margin))


def _status(threshold: MetricThreshold | None, interval: Interval | None) -> Status:
    if interval is None:
        return "insufficient"
    if threshold is None:
        return "ok"
    return floor_status(interval.high, warn=threshold.data_science_threshold, breach=threshold.business_threshold)


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
