"""Performance: what a matured cohort says about the version that scored it, every figure with interval and status.

The metrics themselves are in `statistics.discrimination`; what needs no labels belongs in `stability`, what follows
from the figures in `action`.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from credit_platform.monitoring.measures import (
    PRESENT,
    Measure,
    Status,
    Subject,
    band_status,
    by_sources,
    floor_status,
    measures_frame,
    metric_status,
)
from credit_platform.monitoring.performance.backtest import calibration_measures, gains_measures, measure_of
from credit_platform.monitoring.performance.degradation import Baseline, degradation
from credit_platform.policy.monitoring_thresholds import MetricThreshold, MonitoringThresholds
from credit_platform.scoring.evaluation.labelled_sample import (
    LabelledSample,
    auc_interval,
    brier_interval,
    f1_interval,
    ks_interval,
)
from credit_platform.statistics.discrimination import brier, confusion, gini, ks, roc_auc
from credit_platform.statistics.intervals import Interval, jeffreys_interval, wilson_interval

MIN_LABEL_COVERAGE = 0.95  # fewer labels than this share of the scored loans: the cohort is not the one that was scored


def measure_performance(
    scored: pl.DataFrame,
    *,
    subject: Subject,
    thresholds: MonitoringThresholds,
    baseline: Baseline,
    baselines: Mapping[str, Baseline] | None = None,
    psi: float | None = None,
) -> pl.DataFrame:
    """Measure a cohort's predictions against its labels, all loans together and by the sources they have.

    A cohort with fewer bads (or goods) than `thresholds.min_bads` is `insufficient`, a figure the cohort does not
    define is null and `unknown`; neither is ever ok. An empty cohort gives the same rows, all unknown or insufficient.
    The loans of each value of `sources_present` have their ranking, calibration and loss against the out-of-time result
    of loans with these sources.

    Args:
        scored: One row per scored loan: `default_probability`, `decision` (approve, decline), `sources_present` and
            `label` (0, 1, or null where the loan has none).
        subject: Whose figures these are.
        thresholds: Floors of the metrics, for the subject's model.
        baseline: The version's own result on its out-of-time cohort with the cohort's mix of sources, at the same
            confidence; where none is known of such a mix, the loss is judged among loans of the same sources.
        baselines: Likewise by sources present.
        psi: Stability index of the cohort's scores against the validation sample, when the caller has it.

    Returns:
        One row per metric, as `schemas.monitoring.Performance`.
    """
    outcome = _labelled(scored)
    alike = [
        (segment, _labelled(loans), (baselines or {}).get(segment, Baseline()))
        for segment, loans in (by_sources(scored) if PRESENT in scored.columns else {}).items()
    ]
    held = _threshold_measures(outcome, subject.model, thresholds)
    measures = [
        *held,
        degradation(outcome, [(outcome, baseline)] if baseline.roc_auc else [part[1:] for part in alike], thresholds),
        *_discrimination_measures(outcome, subject.model, thresholds, held[0].status),
        *calibration_measures(outcome, thresholds),
        *gains_measures(outcome, thresholds),
        *_rate_measures(outcome, scored.height, thresholds),
        *_probability_measures(outcome),
        *_counts(outcome),
    ]
    for segment, loans, own in alike:
        measures += [replace(one, segment=segment) for one in _alike_measures(loans, subject.model, own, thresholds)]
    if psi is not None:
        status = band_status(psi, warn=thresholds.psi.warn, breach=thresholds.psi.alert)
        measures.append(Measure(metric="psi", value=psi, n=outcome.n, n_bad=outcome.n_bad, status=status))
    return measures_frame(measures, subject)


def _labelled(scored: pl.DataFrame) -> LabelledSample:
    labelled = scored.drop_nulls(["label", "default_probability"])
    return LabelledSample(
        label=labelled.get_column("label").cast(pl.Int64).to_numpy(),
        probability=labelled.get_column("default_probability").cast(pl.Float64).to_numpy(),
        declined=(labelled.get_column("decision") == "decline").cast(pl.Int64).to_numpy(),
    )


def _alike_measures(
    outcome: LabelledSample, model: str, baseline: Baseline, thresholds: MonitoringThresholds
) -> list[Measure]:
    """How loans of the same sources are ranked and how well their probabilities fit."""
    ranking = _threshold_measures(outcome, model, thresholds)[0]
    bad_rate = outcome.n_bad / outcome.n if outcome.n else None
    return [
        ranking,
        degradation(outcome, [(outcome, baseline)], thresholds),
        *_discrimination_measures(outcome, model, thresholds, ranking.status),
        *calibration_measures(outcome, thresholds),
        measure_of(
            outcome,
            thresholds,
            "bad_rate",
            bad_rate,
            jeffreys_interval(outcome.n_bad, outcome.n, thresholds.confidence),
        ),
        *(one for one in _probability_measures(outcome) if one.metric == "mean_probability"),
    ]


def _threshold_measures(outcome: LabelledSample, model: str, thresholds: MonitoringThresholds) -> list[Measure]:
    """The metrics that policy sets floors for, ROC-AUC first."""
    table = confusion(outcome.label, outcome.declined)
    level = thresholds.confidence
    correct = table.true_positive + table.true_negative
    found: dict[str, tuple[float | None, Interval | None]] = {
        "roc_auc": (roc_auc(outcome.label, outcome.probability), auc_interval(outcome, level)),
        "accuracy": (table.accuracy, wilson_interval(correct, outcome.n, level)),
        "precision": (
            table.precision,
            wilson_interval(table.true_positive, table.true_positive + table.false_positive, level),
        ),
        "recall": (table.recall, wilson_interval(table.true_positive, outcome.n_bad, level)),
        "f1_score": (table.f1_score, f1_interval(outcome, level)),
    }
    floors = thresholds.metrics_for(model)
    return [
        measure_of(
            outcome,
            thresholds,
            metric,
            value,
            interval,
            status=_status(floors.get(metric), value, interval, thresholds),
        )
        for metric, (value, interval) in found.items()
    ]


def _status(
    threshold: MetricThreshold | None, value: float | None, interval: Interval | None, thresholds: MonitoringThresholds
) -> Status:
    if threshold is None:
        return "ok"
    high = None if interval is None else interval.high
    return metric_status(value, high, threshold=threshold, decision_mode=thresholds.decision_mode)


def _discrimination_measures(
    outcome: LabelledSample, model: str, thresholds: MonitoringThresholds, ranking: Status
) -> list[Measure]:
    """Gini, KS and Brier; without floors of their own Gini and KS say of the ranking what the ROC-AUC's status says."""
    level, of = thresholds.confidence, (outcome.label, outcome.probability)
    floors = thresholds.metrics_for(model)
    auc = auc_interval(outcome, level)
    ginis = None if auc is None else Interval(2 * auc.low - 1, 2 * auc.high - 1)
    of_ranking = {"gini": (gini(*of), ginis), "ks": (ks(*of), ks_interval(outcome, level))}
    statuses = {
        metric: _status(floors[metric], *figure, thresholds) if metric in floors else ranking
        for metric, figure in of_ranking.items()
    }
    return [
        *(
            measure_of(outcome, thresholds, metric, *figure, status=statuses[metric])
            for metric, figure in of_ranking.items()
        ),
        measure_of(outcome, thresholds, "brier", brier(*of), brier_interval(outcome, level)),
    ]


def _rate_measures(outcome: LabelledSample, n_scored: int, thresholds: MonitoringThresholds) -> list[Measure]:
    n, n_bad, level = outcome.n, outcome.n_bad, thresholds.confidence
    table = confusion(outcome.label, outcome.declined)
    larger = max(n_bad, n - n_bad)
    n_declined = table.true_positive + table.false_positive
    is_better = table.true_positive + table.true_negative > larger
    coverage = n / n_scored if n_scored else None
    return [
        measure_of(outcome, thresholds, "bad_rate", n_bad / n if n else None, jeffreys_interval(n_bad, n, level)),
        measure_of(
            outcome,
            thresholds,
            "no_information_rate",
            larger / n if n else None,
            wilson_interval(larger, n, level),
            status="ok" if is_better else "warn",
        ),
        measure_of(
            outcome, thresholds, "decline_rate", n_declined / n if n else None, wilson_interval(n_declined, n, level)
        ),
        Measure(
            metric="label_coverage",
            value=coverage,
            n=n_scored,
            n_bad=n_bad,
            interval=wilson_interval(n, n_scored, level),
            status=floor_status(coverage, warn=MIN_LABEL_COVERAGE, breach=None),
        ),
    ]


def _probability_measures(outcome: LabelledSample) -> list[Measure]:
    scores = outcome.probability
    values: dict[str, float | None] = {
        f"{name}_probability": float(function(scores)) if scores.size else None
        for name, function in (
            ("mean", np.mean),
            ("std", np.std),
            ("min", np.min),
            ("median", np.median),
            ("max", np.max),
        )
    }
    return [
        Measure(metric=metric, value=value, n=outcome.n, n_bad=outcome.n_bad, status="ok")
        for metric, value in values.items()
    ]


def _counts(outcome: LabelledSample) -> list[Measure]:
    table = confusion(outcome.label, outcome.declined)
    counts = {
        "n": outcome.n,
        "n_actual_bad": outcome.n_bad,
        "n_actual_good": outcome.n - outcome.n_bad,
        "n_predicted_bad": table.true_positive + table.false_positive,
        "n_predicted_good": table.true_negative + table.false_negative,
        "tn": table.true_negative,
        "fp": table.false_positive,
        "fn": table.false_negative,
        "tp": table.true_positive,
    }
    status: Status = "ok" if outcome.n else "insufficient"
    return [
        Measure(metric=metric, value=float(count), n=outcome.n, n_bad=outcome.n_bad, status=status)
        for metric, count in counts.items()
    ]
