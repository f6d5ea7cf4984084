"""Early performance: how cohorts without an outcome begin to pay, held against how earlier cohorts began.

Real outcomes, one to four months after the application, and so the one sign of a concept drift before the labels. How
a loan is read belongs in `early_outcomes`, judging one in `early_performance_tests`, what follows in `early_findings`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.monitoring.early_warning.early_outcomes import CohortReading, Scorer
from credit_platform.monitoring.early_warning.early_performance_tests import (
    ALL_READS,
    EarlyPerformanceTest,
    joint_verdict,
    read_verdicts,
)
from credit_platform.monitoring.measures import SCHEMA as MEASURE_SCHEMA
from credit_platform.monitoring.measures import Measure, Status
from credit_platform.months import add_months, month_range
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.statistics.calibration import holm

SCHEMA = MEASURE_SCHEMA | {
    "read_month": pl.Date,
    "mob": pl.Int32,
    "expected": pl.Float64,
    "p_value": pl.Float64,
    "holm_p_value": pl.Float64,
    "n_history_cohorts": pl.Int64,
    "rate_correlation": pl.Float64,
    "label_correlation": pl.Float64,
}


def measure_early_performance(
    reads: Sequence[CohortReading], *, month: date, model: str, label_mob: int, thresholds: MonitoringThresholds
) -> pl.DataFrame:
    """The early reads of every cohort still open in a month, each as it was judged in the month it was read.

    A cohort is open until its label is read, `label_mob` months on book. Its read at month on book m becomes known m
    months after origination; it is then held against the newest `history_cohorts` cohorts mature in that month, and the
    verdict stays. The rows of `all_reads` take the newest read of every open cohort together.

    `bad_rate` is the share of early bads, tested to be higher than before; `roc_auc` how well the score at origination
    ranks them, tested to be lower, against cohorts whose loans have the same sources in like shares. Where too few are
    alike, each segment of loans with the same sources (`<read> with <sources>`) is tested against the same segment and
    all loans together are `unknown`. The bad rate is always of all loans: payment is what customers do, whichever
    sources are read.

    P-values are corrected by Holm over all that became known in one month, so a month without drift holds a new `warn`
    with a chance of `false_alarm_rate`. `insufficient` rests on fewer bads or goods than `min_bads`, `unknown` has too
    little history, or is a segment shown beside all loans, which are tested.

    Args:
        reads: Of the cohorts to look at and their history; reads later than `month` are not used.
        month: The month in which this is known.
        model: Name of the model.
        label_mob: Month on book of the label.
        thresholds: Policy of early reads, level of intervals, and `min_bads`.

    Returns:
        One row per open cohort, read, metric and, of the ROC-AUC, segment by sources, as
        `schemas.early_warning.EarlyPerformance`; empty while no cohort that was scored has reached a read.
    """
    first_open = add_months(month, 1 - label_mob)
    rows = [
        _row(verdict, holm_p_value, month=month, model=model, thresholds=thresholds)
        for read_month in month_range(first_open, month)
        for verdict, holm_p_value in _month_verdicts(reads, read_month, label_mob=label_mob, thresholds=thresholds)
        if verdict.cohort >= first_open and (verdict.segment != ALL_READS or read_month == month)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("cohort", "metric", "mob", "segment")


def _month_verdicts(
    reads: Sequence[CohortReading], month: date, *, label_mob: int, thresholds: MonitoringThresholds
) -> list[tuple[EarlyPerformanceTest, float | None]]:
    """Everything that became known in one month, each with its p-value corrected for being many."""
    last_mature = add_months(month, -label_mob)
    histories = _histories(reads, last=last_mature, n_cohorts=thresholds.early_performance.history_cohorts)
    verdicts: list[EarlyPerformanceTest] = []
    newest: dict[date, list[EarlyPerformanceTest]] = {}
    for read, scorer in _scored(reads, label_mob):
        if read.cohort > last_mature and read.read_month <= month:
            judged = read_verdicts(read, scorer, histories.get(read.read, []), thresholds)
            newest[read.cohort] = judged
            verdicts += judged if read.read_month == month else []
    for metric in ("bad_rate", "roc_auc"):
        joint = joint_verdict(
            [each for judged in newest.values() for each in judged if each.metric == metric], thresholds
        )
        verdicts += [] if joint is None else [joint]
    return list(zip(verdicts, holm([verdict.p_value for verdict in verdicts]), strict=True))


def _scored(reads: Sequence[CohortReading], label_mob: int) -> list[tuple[CohortReading, Scorer]]:
    """The reads before the label that a score can be held against, by cohort and month on book."""
    found = [(read, read.scorer) for read in reads if read.scorer is not None and read.mob < label_mob]
    return sorted(found, key=lambda scored: (scored[0].cohort, scored[0].mob, scored[0].read))


def _histories(reads: Sequence[CohortReading], *, last: date, n_cohorts: int) -> Mapping[str, list[CohortReading]]:
    """The reads of the newest mature cohorts, by name of the read."""
    first = add_months(last, 1 - n_cohorts)
    found: dict[str, list[CohortReading]] = {}
    for read in reads:
        if first <= read.cohort <= last:
            found.setdefault(read.read, []).append(read)
    return found


def _row(
    verdict: EarlyPerformanceTest,
    holm_p_value: float | None,
    *,
    month: date,
    model: str,
    thresholds: MonitoringThresholds,
) -> dict[str, object]:
    measure = Measure(
        metric=verdict.metric,
        value=verdict.value,
        n=verdict.n,
        status=_status(verdict, holm_p_value, thresholds),
        segment=verdict.segment,
        n_bad=verdict.n_bad,
        interval=verdict.interval,
    )
    return {
        **measure.row(),
        "snapshot_month": month,
        "cohort": verdict.cohort,
        "model": model,
        "model_version": verdict.scorer.model_version,
        "sample_role": verdict.scorer.sample_role,
        "provenance": verdict.scorer.provenance,
        # All reads together stand at the newest cohort that could be judged, which may have been read a month ago.
        "read_month": add_months(verdict.cohort, verdict.mob),
        "mob": verdict.mob,
        "expected": verdict.expected,
        "p_value": verdict.p_value,
        "holm_p_value": holm_p_value,
        "n_history_cohorts": verdict.n_history,
        "rate_correlation": verdict.rate_correlation,
        "label_correlation": verdict.label_correlation,
    }


def _status(verdict: EarlyPerformanceTest, holm_p_value: float | None, thresholds: MonitoringThresholds) -> Status:
    if holm_p_value is not None and holm_p_value <= thresholds.early_performance.false_alarm_rate:
        return "warn"
    if min(verdict.n_bad, verdict.n - verdict.n_bad) < thresholds.min_bads:
        return "insufficient"
    return "unknown" if verdict.p_value is None else "ok"
