"""What speaks for an action before the outcome is known: estimates below a threshold, early reads worse than before.

Both may ask for closer watch and never for a retraining: an estimate cannot see concept drift, and an early read is not
the label. Findings in outcomes and scores belong in `findings`, choosing the action among all of them in `action`.
"""

import polars as pl

from credit_platform.monitoring.action.findings import DECIDING, Figure, Finding, figures
from credit_platform.monitoring.early_warning.early_performance_tests import ALL_READS
from credit_platform.monitoring.measures import floor_status
from credit_platform.policy.monitoring_thresholds import MetricThreshold, MonitoringThresholds

N_NAMED_READS = 3


def estimate_findings(
    estimate: pl.DataFrame,
    backtest: pl.DataFrame,
    *,
    model: str,
    thresholds: MonitoringThresholds,
    is_live: bool,
    cases: str,
) -> list[Finding]:
    """P0 and P1 metrics whose estimate lies below a threshold with its whole interval.

    Args:
        estimate: Rows of `monitoring/<model>/estimate` of one month, the newest known.
        backtest: Rows of `monitoring/<model>/estimate_backtest` of one month, the newest known; may be empty. A metric
            it hides says nothing.
        model: The model, for its thresholds.
        thresholds: Floors of the metrics.
        is_live: Whether the estimated cohort is later than the version's development sample.
        cases: What the book calls several of its cases.
    """
    found = figures(estimate)
    hidden = set(backtest.filter(~pl.col("may_be_shown")).get_column("metric")) if backtest.height else set()
    return [
        finding
        for metric, threshold in thresholds.metrics_for(model).items()
        if threshold.priority in DECIDING
        and metric not in hidden
        and (finding := _estimate_finding(metric, found.get(metric, Figure()), threshold, is_live=is_live, cases=cases))
        is not None
    ]


def _estimate_finding(
    metric: str, figure: Figure, threshold: MetricThreshold, *, is_live: bool, cases: str
) -> Finding | None:
    if figure.status in {"insufficient", "unknown"} or figure.ci_low is None or figure.ci_high is None:
        return None
    business, data_science = threshold.business_threshold, threshold.data_science_threshold
    standing = floor_status(figure.ci_high, warn=data_science, breach=business)
    if standing not in {"warn", "breach"}:
        return None
    floor, level = (business, "business") if standing == "breach" else (data_science, "data-science")
    told = threshold.text("business" if standing == "breach" else "data_science")
    reason = (
        f"{metric} of the newest {figure.n} {cases} is estimated at {figure.value:.4f} ({figure.ci_low:.4f} to "
        f"{figure.ci_high:.4f}), wholly below the {level} threshold {told} ({threshold.priority})"
    )
    return Finding("estimated_below_threshold", metric, figure.value, floor, is_live, reason)


def is_news() -> pl.Expr:
    """Rows of a month that the month before did not have: its new reads, and all open cohorts taken together."""
    return (pl.col("read_month") == pl.col("snapshot_month")) | (pl.col("segment") == ALL_READS)


def early_performance_findings(early_reads: pl.DataFrame, *, thresholds: MonitoringThresholds) -> list[Finding]:
    """Bad rates and rankings that became known in the month and are worse than earlier cohorts lead to expect.

    One finding per metric, for the clearest deviation; `metric` is `early_bad_rate` or `early_roc_auc`, `threshold`
    what was expected.

    Args:
        early_reads: Rows of `monitoring/<model>/early_reads` of one month, the newest known.
        thresholds: Policy of early reads.
    """
    departed = early_reads.filter(is_news(), pl.col("holm_p_value") <= thresholds.early_performance.false_alarm_rate)
    # Cohorts of the version's own development sample decide nothing, so a live one is told first.
    is_live = pl.col("sample_role") == "post"
    by_metric = departed.sort(~is_live, "holm_p_value", "segment").partition_by("metric", maintain_order=True)
    return sorted((_read_finding(rows) for rows in by_metric), key=lambda finding: finding.metric)


def _read_finding(rows: pl.DataFrame) -> Finding:
    clearest = rows.row(0, named=True)
    metric = f"early_{clearest['metric']}"
    others = [_named(row) for row in rows[1:].iter_rows(named=True)]
    more = f"; also {', '.join(others[:N_NAMED_READS])}" if others else ""
    chance = _p_value(clearest["holm_p_value"])
    reason = (
        f"{metric} {clearest['value']:.4f} of {_named(clearest)}, where {clearest['expected']:.4f} was expected from "
        f"{clearest['n_history_cohorts']} earlier cohorts (corrected p-value {chance}){more}"
    )
    is_live = clearest["sample_role"] == "post"
    return Finding("early_reads_worse", metric, clearest["value"], clearest["expected"], is_live, reason)


def _p_value(value: float) -> str:
    return "below 0.0001" if value < 0.0001 else f"{value:.4f}"


def _named(row: dict[str, object]) -> str:
    if row["segment"] == ALL_READS:
        return "all open cohorts together"
    return f"{row['segment']} of cohort {row['cohort']:%Y-%m}"
