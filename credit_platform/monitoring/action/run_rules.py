"""Which shortfalls of a month are acted on when one bad month may be chance: those that persist, or are beyond chance.

Pure: findings of the month and figures of the months before come in, findings go out. What a shortfall is belongs in
`findings`, the action in `action`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import sqrt

import polars as pl

from credit_platform.monitoring.action.findings import (
    Figure,
    Finding,
    Rule,
    figures,
    performance_findings,
    why_not_measurable,
)
from credit_platform.monitoring.measures import SCHEMA, Subject
from credit_platform.months import add_months
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds

_FLOORS: frozenset[Rule] = frozenset({"below_business_threshold", "below_data_science_threshold"})


@dataclass(frozen=True, eq=False)
class Past:
    """What is stored of earlier months.

    Attributes:
        performance: Rows of `monitoring/<model>/performance` of earlier months, of any version.
        missing: Months that were looked for and have no file though the book has them.
    """

    performance: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))
    missing: tuple[date, ...] = ()


@dataclass(frozen=True)
class _Months:
    """The subject's month and the comparable ones before it, newest first."""

    found: tuple[Mapping[str, Figure], ...]
    findings: tuple[Sequence[Finding], ...]

    def count(self, metric: str, rules: Collection[Rule], *, beyond: float | None = None) -> int:
        """Months in which a metric has a finding of some rules, its interval beyond `beyond` where that is given."""
        return sum(
            any(
                finding.metric == metric
                and finding.rule in rules
                and (beyond is None or (finding.bound is not None and finding.bound > beyond))
                for finding in month
            )
            for month in self.findings
        )

    def pooled_high(self, metric: str, thresholds: MonitoringThresholds) -> float | None:
        """Upper end of the interval of a metric's mean over the months; None where a month has no interval."""
        known = [
            figure
            for month in self.found
            if (figure := month.get(metric, Figure())).value is not None
            and why_not_measurable(metric, figure, thresholds, priority="", cases="") is None
        ]
        values = [figure.value for figure in known if figure.value is not None]
        margins = [f.ci_high - f.value for f in known if f.value is not None and f.ci_high is not None]
        if not values or len(margins) < len(values):
            return None
        return sum(values) / len(values) + sqrt(sum(margin**2 for margin in margins)) / len(values)


def apply_run_rules(
    findings: Sequence[Finding],
    found: Mapping[str, Figure],
    past: Past,
    *,
    subject: Subject,
    thresholds: MonitoringThresholds,
) -> list[Finding]:
    """The findings of a month with those that neither persist nor lie beyond chance turned into `worth_watching`.

    A metric below a floor, or a loss against the out-of-time result, is kept when its whole interval lies beyond the
    threshold, or when `thresholds.run_rules` months show it, this month among them. A warning must then also hold for
    the months together, if policy pools them. A loss counts only where its interval excludes 0. A breach that does not
    persist is judged as a warning. All other findings are kept.

    Args:
        findings: What the month's realised metrics show.
        found: The month's figures by metric.
        past: Earlier months; only those of the subject's version, and as live as the subject, count.
        subject: The cohort whose outcome is read.
        thresholds: Floors and how often a shortfall must be seen.
    """
    months = _comparable(findings, found, past, subject, thresholds)
    return [_judged(finding, months, subject.model, thresholds) for finding in findings]


def _comparable(
    findings: Sequence[Finding],
    found: Mapping[str, Figure],
    past: Past,
    subject: Subject,
    thresholds: MonitoringThresholds,
) -> _Months:
    is_live = subject.sample_role == "post"
    first = add_months(subject.snapshot_month, 1 - thresholds.run_rules.months_looked_at)
    rows = past.performance.filter(
        pl.col("snapshot_month").is_between(first, subject.snapshot_month, closed="left"),
        pl.col("model_version") == subject.model_version,
        (pl.col("sample_role") == "post") == is_live,
    ).sort("snapshot_month", descending=True)
    earlier = [figures(month) for month in rows.partition_by("snapshot_month", maintain_order=True)]
    return _Months(
        found=(found, *earlier),
        findings=(
            findings,
            # Counted by rule and metric; their sentences are not read.
            *(
                performance_findings(m, model=subject.model, thresholds=thresholds, is_live=is_live, cases="")
                for m in earlier
            ),
        ),
    )


def _judged(finding: Finding, months: _Months, model: str, thresholds: MonitoringThresholds) -> Finding:
    if finding.rule == "degraded_against_out_of_time":
        return _judged_loss(finding, months, thresholds)
    if finding.rule == "below_business_threshold":
        kept = _kept_if_beyond_chance(finding, finding.threshold) or _kept_if_frequent(
            finding, months.count(finding.metric, {"below_business_threshold"}), months, thresholds
        )
        if kept is not None:
            return kept
        floor = thresholds.metrics_for(model)[finding.metric].data_science_threshold
        finding = replace(finding, rule="below_data_science_threshold", threshold=floor)
    if finding.rule == "below_data_science_threshold":
        return _judged_warning(finding, months, thresholds)
    return finding


def _judged_warning(finding: Finding, months: _Months, thresholds: MonitoringThresholds) -> Finding:
    at_once = _kept_if_beyond_chance(finding, finding.threshold)
    if at_once is not None:
        return at_once
    count = months.count(finding.metric, _FLOORS)
    kept = _kept_if_frequent(finding, count, months, thresholds)
    if kept is None:
        return _watched(finding, _too_seldom(count, months, thresholds))
    high = months.pooled_high(finding.metric, thresholds)
    is_explained = high is None or finding.threshold is None or high >= finding.threshold
    if thresholds.run_rules.is_pooled and is_explained:
        together = "" if high is None else f": together they reach {high:.4f}"
        return _watched(finding, f"{_seen(count, months, thresholds)}, which chance can explain{together}")
    return kept


def _judged_loss(finding: Finding, months: _Months, thresholds: MonitoringThresholds) -> Finding:
    if finding.bound is not None and finding.threshold is not None and finding.bound > finding.threshold:
        return _told(finding, "the whole interval lies above it")
    if finding.bound is None or finding.bound <= 0:
        return _watched(finding, "which chance can explain")
    count = months.count(finding.metric, {finding.rule}, beyond=0.0)
    kept = _kept_if_frequent(finding, count, months, thresholds)
    return kept or _watched(finding, _too_seldom(count, months, thresholds))


def _kept_if_beyond_chance(finding: Finding, floor: float | None) -> Finding | None:
    if finding.bound is None or floor is None or finding.bound >= floor:
        return None
    return _told(finding, f"the whole interval lies below {floor:g}")


def _kept_if_frequent(
    finding: Finding, count: int, months: _Months, thresholds: MonitoringThresholds
) -> Finding | None:
    if count < thresholds.run_rules.months_found:
        return None
    return _told(finding, _seen(count, months, thresholds))


def _seen(count: int, months: _Months, thresholds: MonitoringThresholds) -> str:
    looked_at, known = thresholds.run_rules.months_looked_at, len(months.found)
    comparable = "" if known == looked_at else f" ({known} comparable)"
    return f"seen in {count} of the last {looked_at} months{comparable}"


def _too_seldom(count: int, months: _Months, thresholds: MonitoringThresholds) -> str:
    return f"{_seen(count, months, thresholds)}, {thresholds.run_rules.months_found} are needed"


def _told(finding: Finding, how: str) -> Finding:
    return replace(finding, reason=f"{finding.reason}; {how}")


def _watched(finding: Finding, why: str) -> Finding:
    return replace(finding, rule="worth_watching", reason=f"{finding.reason}; {why}")
