"""What in a month's figures speaks for an action: one finding per threshold missed, with the value and the threshold.

Choosing the action among the findings belongs in `action`, giving a figure its status in `performance` and `stability`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import polars as pl

from credit_platform.monitoring.measures import Status, metric_status
from credit_platform.policy.monitoring_thresholds import MetricThreshold, MonitoringThresholds

Rule = Literal[
    "source_missing",
    "source_still_missing",
    "below_business_threshold",
    "below_data_science_threshold",
    "degraded_against_out_of_time",
    "scores_shifted",
    "early_reads_worse",
    "estimated_below_threshold",
    "not_measurable",
    "worth_watching",
]
DECIDING = ("P0", "P1")
FOLLOWS = "follows from the lack of "
N_NAMED_FEATURES = 3


@dataclass(frozen=True)
class Finding:
    """One threshold missed, or one figure that says nothing.

    `is_live` is false for a cohort the version was developed on: its figures are shown and never acted on. `bound` is
    the end of the interval that speaks for the version; beyond the threshold as well, chance does not explain the
    finding. None where the figure has no interval. `cause` is the source that it follows from the lack of.
    """

    rule: Rule
    metric: str
    value: float | None
    threshold: float | None
    is_live: bool
    reason: str
    bound: float | None = None
    cause: str | None = None

    @property
    def told(self) -> str:
        """As a reason of the month: rule and reason, after the cause where there is one."""
        since = "" if self.cause is None else f"{FOLLOWS}{self.cause}: "
        return f"{since}{self.rule}: {self.reason}"


class Figure(NamedTuple):
    """The parts of a monitoring row that rules look at."""

    value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n: int = 0
    n_bad: int | None = None
    status: Status = "unknown"


def figures(frame: pl.DataFrame) -> dict[str, Figure]:
    """The rows of the whole cohort (segment `all`) by metric."""
    rows = frame.filter(segment="all").select("metric", *Figure._fields).iter_rows()
    return {metric: Figure(*rest) for metric, *rest in rows}


def undelivered(found: Mapping[str, Figure], *, cases: str) -> str | None:
    """That no outcome came for any case of the month, in words; None where one did, or where nothing was scored.

    Args:
        found: The cohort's figures by metric.
        cases: What the book calls several of its cases.
    """
    coverage = found.get("label_coverage", Figure())
    if not coverage.n or coverage.value != 0:
        return None
    return f"no outcome has been delivered for the month's {coverage.n:,} {cases}"


def performance_findings(
    found: Mapping[str, Figure], *, model: str, thresholds: MonitoringThresholds, is_live: bool, cases: str
) -> list[Finding]:
    """Findings in the realised metrics of a cohort, in the order of policy; `cases` is the book's word for them."""
    findings = [
        finding
        for metric, threshold in thresholds.metrics_for(model).items()
        if (
            finding := _metric_finding(
                metric, found.get(metric, Figure()), threshold, thresholds, is_live=is_live, cases=cases
            )
        )
    ]
    loss = found.get("roc_auc_degradation", Figure())
    degraded = _degradation_finding(loss, thresholds, is_live=is_live, cases=cases)
    if degraded is not None:
        findings.append(degraded)
    return findings + _guard_findings(found, is_live=is_live, cases=cases)


def all_is_well(found: Mapping[str, Figure], model: str, thresholds: MonitoringThresholds) -> str:
    """What holds when nothing was found, with every value and its threshold."""
    held = [
        f"{metric} {figure.value:.4f} ({threshold.text('data_science')})"
        for metric, threshold in thresholds.metrics_for(model).items()
        if threshold.priority in DECIDING and (figure := found.get(metric, Figure())).value is not None
    ]
    return f"every P0 and P1 metric is at or above its data-science threshold: {', '.join(held) or 'none is measured'}"


def stability_findings(
    frame: pl.DataFrame, *, thresholds: MonitoringThresholds, is_live: bool, cases: str
) -> list[Finding]:
    """Findings in the scores and features of the month itself; `cases` is the book's word for its cases."""
    found = figures(frame)
    psi = found.get("psi", Figure())
    findings = [_psi_finding(psi, thresholds, is_live=is_live, cases=cases)]
    limits = {
        "mean_probability_drift": thresholds.stability.mean_drift,
        "std_probability_drift": thresholds.stability.std_drift,
    }
    for metric, limit in limits.items():
        drift = found.get(metric, Figure())
        if drift.status in {"warn", "breach"}:
            reason = f"{metric} {_number(drift.value)} against the validation sample is beyond {limit:g} either way"
            findings.append(Finding("worth_watching", metric, drift.value, limit, is_live, reason))
    findings.append(_csi_finding(frame, thresholds, is_live=is_live))
    return [finding for finding in findings if finding is not None]


def quality_findings(
    frame: pl.DataFrame, *, thresholds: MonitoringThresholds, is_live: bool, causes: Mapping[str, str]
) -> list[Finding]:
    """Sources of the month in which a dimension of data quality is below the line: what was scored may not be so.

    Args:
        frame: Rows of `monitoring/data_quality` of the month; the total is left to the pages.
        thresholds: The line.
        is_live: Whether the month's scores count.
        causes: Short name of every source that is missing, by its name in the frame.
    """
    limit = thresholds.data_quality.watch_below
    poor = frame.filter(pl.col("dimension") != "total", pl.col("value") < limit).sort("source", "value", "dimension")
    worst = poor.unique("source", keep="first", maintain_order=True)
    return [
        Finding(
            "worth_watching",
            "data_quality",
            value,
            limit,
            is_live,
            f"data_quality of {source}: {dimension} {_number(value)} is below {limit:g} ({detail})",
            cause=causes.get(source),
        )
        for source, dimension, value, detail in worst.select("source", "dimension", "value", "detail").iter_rows()
    ]


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _metric_finding(
    metric: str,
    figure: Figure,
    threshold: MetricThreshold,
    thresholds: MonitoringThresholds,
    *,
    is_live: bool,
    cases: str,
) -> Finding | None:
    is_deciding = threshold.priority in DECIDING
    blind = why_not_measurable(metric, figure, thresholds, priority=threshold.priority, cases=cases)
    if blind is not None:
        rule: Rule = "not_measurable" if is_deciding else "worth_watching"
        return Finding(rule, metric, figure.value, threshold.data_science_threshold, is_live, blind)
    status = metric_status(figure.value, figure.ci_high, threshold=threshold, decision_mode=thresholds.decision_mode)
    if status == "unknown":
        why = f"its floor is a share of the version's out-of-time {metric}, which is not known ({threshold.priority})"
        rule = "not_measurable" if is_deciding else "worth_watching"
        return Finding(rule, metric, figure.value, None, is_live, f"{metric} {_number(figure.value)}: {why}")
    if status not in {"warn", "breach"}:
        return None
    is_business = status == "breach"
    floor = threshold.business_threshold if is_business else threshold.data_science_threshold
    told = threshold.text("business" if is_business else "data_science")
    level = "business" if is_business else "data-science"
    held = "upper end of the interval" if thresholds.decision_mode == "ci_upper" else "value"
    is_failed = is_business and threshold.on_business_breach == "retrain"
    missed: Rule = "below_business_threshold" if is_failed else "below_data_science_threshold"
    spread = _spread(figure, thresholds)
    reason = (
        f"{metric} {_number(figure.value)}{spread}: {held} below the {level} threshold {told} ({threshold.priority})"
    )
    rule = missed if is_deciding else "worth_watching"
    return Finding(rule, metric, figure.value, floor, is_live, reason, figure.ci_high)


def _spread(figure: Figure, thresholds: MonitoringThresholds) -> str:
    if figure.ci_low is None or figure.ci_high is None:
        return ""
    return f" ({thresholds.confidence:.0%} interval {figure.ci_low:.4f} to {figure.ci_high:.4f}, n {figure.n})"


def why_not_measurable(
    metric: str, figure: Figure, thresholds: MonitoringThresholds, *, priority: str, cases: str
) -> str | None:
    """Why a figure says nothing; None when it does. `cases` is the book's word for its cases."""
    if figure.value is None:
        return f"{metric} could not be measured on {figure.n} labelled {cases} ({priority})"
    bads = figure.n_bad or 0
    if min(bads, figure.n - bads) < thresholds.min_bads:
        return (
            f"{metric} {_number(figure.value)} rests on {bads} bads among {figure.n} {cases}; "
            f"{thresholds.min_bads} bads and as many goods are needed ({priority})"
        )
    return None


def _degradation_finding(
    figure: Figure, thresholds: MonitoringThresholds, *, is_live: bool, cases: str
) -> Finding | None:
    limit, metric = thresholds.max_degradation, "roc_auc_degradation"
    blind = why_not_measurable(metric, figure, thresholds, priority="against the out-of-time result", cases=cases)
    if blind is not None:
        return Finding("not_measurable", metric, figure.value, limit, is_live, blind)
    held = figure.ci_low if thresholds.decision_mode == "ci_upper" and figure.ci_low is not None else figure.value
    if held is None or held <= limit:
        return None
    reason = f"roc_auc is {figure.value:.1%} below the version's out-of-time result, more than the {limit:.0%} allowed"
    return Finding("degraded_against_out_of_time", metric, figure.value, limit, is_live, reason, figure.ci_low)


def _guard_findings(found: Mapping[str, Figure], *, is_live: bool, cases: str) -> list[Finding]:
    findings: list[Finding] = []
    nir, accuracy = found.get("no_information_rate", Figure()), found.get("accuracy", Figure())
    if nir.status == "warn":
        reason = f"accuracy {_number(accuracy.value)} does not beat deciding all {cases} alike ({_number(nir.value)})"
        findings.append(Finding("worth_watching", "no_information_rate", accuracy.value, nir.value, is_live, reason))
    coverage = found.get("label_coverage", Figure())
    if coverage.status == "warn":
        reason = f"only {coverage.value:.1%} of the scored {cases} have a label"
        findings.append(Finding("worth_watching", "label_coverage", coverage.value, None, is_live, reason))
    shift = found.get("calibration_in_the_large", Figure())
    if shift.status == "warn" and shift.value is not None:
        side = "low" if shift.value > 0 else "high"
        reason = f"calibration_in_the_large {_number(shift.value)}: probabilities are too {side} overall"
        findings.append(Finding("worth_watching", "calibration_in_the_large", shift.value, 0.0, is_live, reason))
    return findings


def _psi_finding(psi: Figure, thresholds: MonitoringThresholds, *, is_live: bool, cases: str) -> Finding | None:
    if psi.value is None or psi.status in {"unknown", "insufficient"}:
        reason = f"psi of the scores says nothing on {psi.n} scored {cases}"
        return Finding("worth_watching", "psi", psi.value, thresholds.psi.warn, is_live, reason)
    if psi.value >= thresholds.psi.alert:
        reason = f"psi of the scores {_number(psi.value)} has reached the alert level {thresholds.psi.alert:g}"
        return Finding("scores_shifted", "psi", psi.value, thresholds.psi.alert, is_live, reason)
    if psi.value >= thresholds.psi.warn:
        reason = f"psi of the scores {_number(psi.value)} has reached the warning level {thresholds.psi.warn:g}"
        return Finding("worth_watching", "psi", psi.value, thresholds.psi.warn, is_live, reason)
    return None


def _csi_finding(frame: pl.DataFrame, thresholds: MonitoringThresholds, *, is_live: bool) -> Finding | None:
    shifted = (
        frame.filter(metric="csi", status="breach")
        .sort("value", "segment", descending=[True, False])
        .get_column("segment")
        .to_list()
    )
    if not shifted:
        return None
    named = ", ".join(shifted[:N_NAMED_FEATURES]) + (", ..." if len(shifted) > N_NAMED_FEATURES else "")
    reason = f"csi of {len(shifted)} features has reached the alert level {thresholds.psi.alert:g}: {named}"
    return Finding("worth_watching", "csi", float(len(shifted)), thresholds.psi.alert, is_live, reason)
