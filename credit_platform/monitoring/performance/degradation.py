"""Loss of ROC-AUC against the version's out-of-time result: like with like by the sources that loans have.

The other figures of a cohort belong in `performance`; how much of a loss is acted on is policy.
"""

from collections.abc import Sequence
from math import hypot
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from credit_platform.monitoring.measures import Measure, Status
from credit_platform.monitoring.performance.backtest import measure_of
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.scoring.evaluation.labelled_sample import LabelledSample, auc_interval
from credit_platform.statistics.discrimination import roc_auc
from credit_platform.statistics.intervals import Interval


class Baseline(NamedTuple):
    """A version's own ROC-AUC on its out-of-time cohort; None where it has none."""

    roc_auc: float | None = None
    interval: Interval | None = None


def degradation(
    outcome: LabelledSample, parts: Sequence[tuple[LabelledSample, Baseline]], thresholds: MonitoringThresholds
) -> Measure:
    """Relative loss of ROC-AUC against the out-of-time result; negative when the cohort is ranked better.

    Of several parts that have different baselines it is that of their mean, weighted by bads.
    """
    known = [
        (part, auc, baseline, baseline.roc_auc)
        for part, baseline in parts
        if baseline.roc_auc and (auc := roc_auc(part.label, part.probability)) is not None
    ]
    if not known:
        return measure_of(outcome, thresholds, "roc_auc_degradation", None, status="unknown")
    weights = np.array([part.n_bad for part, *_ in known]) / sum(part.n_bad for part, *_ in known)
    auc, expected = (float(weights @ np.array([one[place] for one in known])) for place in (1, 3))
    interval = _mean_interval(auc, weights, [auc_interval(part, thresholds.confidence) for part, *_ in known])
    of_baseline = _mean_interval(expected, weights, [baseline.interval for _, _, baseline, _ in known])
    value = 1 - auc / expected
    loss = None if interval is None else _loss_interval(auc, interval, expected, of_baseline)
    held = loss.low if thresholds.decision_mode == "ci_upper" and loss is not None else value
    status: Status = "warn" if held > thresholds.max_degradation else "ok"
    return measure_of(outcome, thresholds, "roc_auc_degradation", value, loss, status=status)


def _mean_interval(mean: float, weights: NDArray[np.float64], parts: Sequence[Interval | None]) -> Interval | None:
    """Interval of a mean of independent figures out of theirs; None where one has none."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if len(known) == 1:
        return known[0]
    half = hypot(*(weight * (part.high - part.low) / 2 for weight, part in zip(weights, known, strict=True)))
    return Interval(mean - half, mean + half)


def _loss_interval(auc: float, interval: Interval, baseline: float, of_baseline: Interval | None) -> Interval:
    """Interval of 1 - auc / baseline of two independent cohorts by the delta method; of one when it is all there is.

    The out-of-time cohort is no larger than the month's: leaving its chance out, a version that had a lucky one seemed
    to have lost 5 % in one month of three without any drift.
    """
    down, up = (0.0, 0.0) if of_baseline is None else (baseline - of_baseline.low, of_baseline.high - baseline)
    ratio, value = auc / baseline, 1 - auc / baseline
    return Interval(
        value - hypot(interval.high - auc, ratio * down) / baseline,
        value + hypot(auc - interval.low, ratio * up) / baseline,
    )
