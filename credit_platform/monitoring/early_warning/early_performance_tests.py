"""Verdicts on early reads: one figure of one read, or of all reads of a month together, beside what was expected.

How well a score ranks depends on the sources it is made of, so a ROC-AUC is tested against cohorts whose loans have the
same sources in like shares, or else each segment of loans with the same sources against the same segment. How loans pay
does not depend on which sources were read, so the bad rate is always that of all loans.

The tests themselves are in `deviation_tests`. Correcting the verdicts of a month for being many, and the table, belong
in `early_performance`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np

from credit_platform.monitoring.early_warning.early_outcomes import CohortReading, Scorer
from credit_platform.monitoring.early_warning.source_segments import RankedLoans, has_like_mix, source_segment
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.statistics.deviation_tests import Deviation, auc_deviation, joint_p_value, rate_deviation
from credit_platform.statistics.discrimination import AucSpread
from credit_platform.statistics.intervals import Interval, jeffreys_interval

Metric = Literal["bad_rate", "roc_auc"]

ALL_READS = "all_reads"
# Scores of cohorts a version was fitted or tuned on flatter it: no later cohort could live up to them.
FLATTERED = ("train", "validation")
MIN_COHORTS_FOR_CORRELATION = 6


@dataclass(frozen=True)
class EarlyPerformanceTest:
    """One figure with what was expected of it when it was read.

    `p_value` is None where it says too little to test; `deviation` as well where other figures are tested in its place.
    """

    cohort: date
    mob: int
    scorer: Scorer
    metric: Metric
    segment: str
    value: float | None
    interval: Interval | None
    n: int
    n_bad: int
    n_history: int
    deviation: Deviation | None
    p_value: float | None
    expected: float | None
    rate_correlation: float | None = None
    label_correlation: float | None = None


def read_verdicts(
    read: CohortReading, scorer: Scorer, history: Sequence[CohortReading], thresholds: MonitoringThresholds
) -> list[EarlyPerformanceTest]:
    """The bad rate and the ROC-AUC of one read against the same read of earlier cohorts, and the ROC-AUC by sources.

    Segments by sources are given where the cohort has several, or differs in its sources from most of the history.
    They are tested where too few earlier cohorts are alike for the ROC-AUC of all loans to be tested, and shown only
    otherwise: which of the two does not depend on the figures, so the tests keep their level.

    Args:
        read: The read.
        scorer: Whose score ranks it.
        history: The same read of mature cohorts; too few of them give no expectation.
        thresholds: Policy of early reads, level of intervals, and `min_bads`.
    """
    past = list(history) if _is_enough(history, thresholds) else []
    correlations = {"rate_correlation": rate_correlation(past), "label_correlation": label_correlation(past)}
    deviation = rate_deviation(read.n, read.n_bad, [(one.n, one.n_bad) for one in past])
    due = 0.0 if deviation is None else read.n * deviation.expected
    by_rate = EarlyPerformanceTest(
        cohort=read.cohort,
        mob=read.mob,
        scorer=scorer,
        metric="bad_rate",
        segment=read.read,
        value=read.n_bad / read.n if read.n else None,
        interval=jeffreys_interval(read.n_bad, read.n, thresholds.confidence),
        n=read.n,
        n_bad=read.n_bad,
        n_history=len(past),
        deviation=deviation,
        # Few bads where many were due are good news, and a test all the same.
        p_value=deviation.p_value if deviation is not None and max(due, read.n_bad) >= thresholds.min_bads else None,
        expected=None if deviation is None else deviation.expected,
        **correlations,
    )
    return [by_rate, *_ranking_verdicts(by_rate, read, past, thresholds)]


def _ranking_verdicts(
    by_rate: EarlyPerformanceTest,
    read: CohortReading,
    history: Sequence[CohortReading],
    thresholds: MonitoringThresholds,
) -> list[EarlyPerformanceTest]:
    """Of all loans first, then by sources."""
    ranked = [
        (one, one.spread)
        for one in history
        if one.spread is not None and one.scorer is not None and one.scorer.sample_role not in FLATTERED
    ]
    alike = [spread for one, spread in ranked if has_like_mix(read.by_sources, one.by_sources)]
    loans = RankedLoans(n=read.n, n_bad=read.n_bad, spread=read.spread)
    of_all = _ranking_verdict(by_rate, loans, alike, thresholds)
    if len(read.by_sources) < 2 and 2 * len(alike) >= len(ranked):
        return [of_all]
    verdicts = [of_all]
    for sources, part in sorted(read.by_sources.items()):
        same = [one.by_sources[sources].spread for one, _ in ranked if sources in one.by_sources]
        past = [spread for spread in same if spread is not None]
        # A few bads in every cohort do not say what their ranking should be.
        is_enough = min(sum(one.n_bad for one in past), sum(one.n_good for one in past)) >= thresholds.min_bads
        named = replace(
            by_rate, segment=source_segment(sources, read=read.read), rate_correlation=None, label_correlation=None
        )
        verdict = _ranking_verdict(named, part, past if is_enough else [], thresholds)
        is_shown_only = of_all.deviation is not None
        verdicts.append(replace(verdict, deviation=None, p_value=None) if is_shown_only else verdict)
    return verdicts


def _ranking_verdict(
    by_rate: EarlyPerformanceTest, loans: RankedLoans, history: Sequence[AucSpread], thresholds: MonitoringThresholds
) -> EarlyPerformanceTest:
    spread = loans.spread
    is_comparable = spread is not None and _is_enough(history, thresholds)
    deviation = auc_deviation(spread, history) if spread is not None and is_comparable else None
    is_enough = spread is not None and min(spread.n_bad, spread.n_good) >= thresholds.min_bads
    return replace(
        by_rate,
        metric="roc_auc",
        value=None if spread is None else spread.auc,
        interval=None if spread is None else _auc_interval(spread.auc, spread.variance, thresholds.confidence),
        n=loans.n if spread is None else spread.n_bad + spread.n_good,
        n_bad=loans.n_bad if spread is None else spread.n_bad,
        n_history=len(history),
        deviation=deviation,
        p_value=deviation.p_value if deviation is not None and is_enough else None,
        expected=None if deviation is None else deviation.expected,
    )


def joint_verdict(
    verdicts: Sequence[EarlyPerformanceTest], thresholds: MonitoringThresholds
) -> EarlyPerformanceTest | None:
    """One metric over the newest reads of several cohorts together; None where none of them is tested.

    The bad rate is that of all loans read, the ROC-AUC the mean of the reads weighted by bads, and so are their
    expectations. Where segments by sources are tested in place of a cohort, they count and the cohort does not.
    """
    judged = [(each, each.deviation) for each in verdicts if each.deviation is not None and each.value is not None]
    if not judged:
        return None
    newest = max((each for each, _ in judged), key=lambda each: each.cohort)
    metric, n, n_bad = newest.metric, sum(each.n for each, _ in judged), sum(each.n_bad for each, _ in judged)
    is_rate = metric == "bad_rate"
    weight = np.array([each.n if is_rate else each.n_bad for each, _ in judged], dtype=np.float64)
    weight /= weight.sum()
    expected = float((weight * [deviation.expected for _, deviation in judged]).sum())
    value = float((weight * [each.value or 0.0 for each, _ in judged]).sum())
    interval = jeffreys_interval(n_bad, n, thresholds.confidence)
    if not is_rate:
        z = NormalDist().inv_cdf(0.5 + thresholds.confidence / 2)
        widths = [0.0 if each.interval is None else (each.interval.high - each.interval.low) / 2 for each, _ in judged]
        interval = _auc_interval(value, float(((weight * widths) ** 2).sum()) / z**2, thresholds.confidence)
    rests_on = max(n * expected, n_bad) if is_rate else min(n_bad, n - n_bad)
    return EarlyPerformanceTest(
        cohort=newest.cohort,
        mob=newest.mob,
        scorer=_joint_scorer([each for each, _ in judged], newest.scorer),
        metric=metric,
        segment=ALL_READS,
        value=value,
        interval=interval,
        n=n,
        n_bad=n_bad,
        n_history=min(each.n_history for each, _ in judged),
        deviation=None,
        p_value=joint_p_value([deviation for _, deviation in judged]) if rests_on >= thresholds.min_bads else None,
        expected=expected,
    )


def _joint_scorer(verdicts: Sequence[EarlyPerformanceTest], newest: Scorer) -> Scorer:
    """The newest version; in use only if every cohort is."""
    developed = [each.scorer.sample_role for each in verdicts if each.scorer.sample_role != "post"]
    return Scorer(newest.model_version, developed[0] if developed else "post", newest.provenance)


def _is_enough(history: Sequence[object], thresholds: MonitoringThresholds) -> bool:
    return len(history) >= thresholds.early_performance.min_history_cohorts


def _auc_interval(auc: float, variance: float, confidence: float) -> Interval:
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * sqrt(variance)
    return Interval(max(0.0, auc - margin), min(1.0, auc + margin))


def rate_correlation(history: Sequence[CohortReading]) -> float | None:
    """Pearson correlation over cohorts of the early rate with the bad rate; None below six cohorts or without spread.

    Rates of one cohort move mostly by chance, so this is low in a calm book even for a read that tells much of a loan.
    """
    labelled = [read for read in history if read.n and read.n_labelled]
    if len(labelled) < MIN_COHORTS_FOR_CORRELATION:
        return None
    early = np.array([read.n_bad / read.n for read in labelled])
    late = np.array([read.n_label_bad / read.n_labelled for read in labelled])
    if early.std() == 0 or late.std() == 0:
        return None
    return float(np.clip(np.corrcoef(early, late)[0, 1], -1, 1))


def label_correlation(history: Sequence[CohortReading]) -> float | None:
    """Correlation over loans of the early label with the label (phi coefficient); None where either is all the same."""
    n, both = sum(read.n_labelled for read in history), sum(read.n_both for read in history)
    early, late = sum(read.n_labelled_bad for read in history), sum(read.n_label_bad for read in history)
    spread = early * (n - early) * late * (n - late)
    return (n * both - early * late) / sqrt(spread) if spread > 0 else None
