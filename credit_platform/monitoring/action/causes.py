"""First causes: a source that cases no longer have is one finding with its month; what follows is told under it.

What is compared like with like follows from nothing and stays a finding of its own. The shares themselves are measured
in `stability`, the action is chosen in `action`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

from credit_platform.monitoring.action.findings import Figure, Finding, Rule, figures
from credit_platform.monitoring.measures import SCHEMA
from credit_platform.months import add_months, parse_month
from credit_platform.schemas.evidence import DataQuality
from credit_platform.scoring.training.samples import MIN_LOSS, is_surely_less

SHARE, DEVELOPED = "source_share", "source_share_in_development"
COMPLETENESS = "completeness"
CAUSES: frozenset[Rule] = frozenset({"source_missing", "source_still_missing"})
# A source that is missing for longer is told as missing since then or before.
MONTHS_LOOKED_BACK = 12
_OF_FLOORS: frozenset[Rule] = frozenset({"below_business_threshold", "below_data_science_threshold", "worth_watching"})


@dataclass(frozen=True, eq=False)
class EarlierSources:
    """What is known of sources before the month.

    Attributes:
        shares: rows of `monitoring/<model>/stability` with the shares of sources, of earlier months and any version.
        completeness: rows of that dimension of `monitoring/data_quality`, of earlier months.
        names: short name of a source to its name in `monitoring/data_quality`.
    """

    shares: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))
    completeness: pl.DataFrame = field(default_factory=DataQuality.create_empty)
    names: Mapping[str, str] = field(default_factory=dict)


def source_findings(
    stability: pl.DataFrame, quality: pl.DataFrame, history: EarlierSources, *, is_live: bool, cases: str
) -> list[Finding]:
    """One finding per source that is missing.

    Either the month's cases have less of it than the version's validation sample had, where `threshold` is that share;
    or the month brought nothing of it, though cases may still have what came before. `source_missing` where that is
    news to the version, `source_still_missing` where it was so when the version was trained; `metric` is the short name
    of the source.

    Args:
        stability: The month's rows of `monitoring/<model>/stability`.
        quality: Rows of `monitoring/data_quality` of the month.
        history: What is known of the months before.
        is_live: Whether the month's scores count.
        cases: What the book calls several of its cases.
    """
    fewer = _fewer_cases(stability, history, is_live=is_live, cases=cases)
    told = {history.names.get(finding.metric) for finding in fewer}
    silent = quality.filter(~pl.col("source").is_in(list(told)), dimension=COMPLETENESS, value=0.0)
    return fewer + (_nothing_came(silent, stability, history, is_live=is_live, cases=cases) if stability.height else [])


def _nothing_came(
    silent: pl.DataFrame, stability: pl.DataFrame, history: EarlierSources, *, is_live: bool, cases: str
) -> list[Finding]:
    month, version = stability.select("snapshot_month", "model_version").row(0)
    trained = parse_month(version[: len("2024-12-01")])
    findings: list[Finding] = []
    for source, name in sorted(history.names.items()):
        if name not in silent["source"]:
            continue
        rows = history.completeness.filter(pl.col("value").is_not_null(), source=name)
        first, since = _since(month, {at: value == 0 for at, value in rows.select("snapshot_month", "value").rows()})
        known = ", as when the version was trained" if first <= trained else ""
        rule: Rule = "source_still_missing" if known else "source_missing"
        reason = f"{source} brings nothing since {since}{known}; {cases} of {month:%Y-%m} have at most what came before"
        findings.append(Finding(rule, source, 0.0, None, is_live, reason))
    return findings


def _fewer_cases(stability: pl.DataFrame, history: EarlierSources, *, is_live: bool, cases: str) -> list[Finding]:
    developed = stability.filter(metric=DEVELOPED).select("segment", before="value")
    found = stability.filter(pl.col("status").is_in(["warn", "breach"]), metric=SHARE).join(developed, on="segment")
    columns = found.sort("segment").select("snapshot_month", "segment", "status", "value", "before", "n")
    findings = []
    for month, source, status, share, before, n in columns.iter_rows():
        kind = "missing" if share < MIN_LOSS * before else "scarcer"
        known = "" if status == "breach" else ", by which the version was judged when it was trained"
        rows = history.shares.filter(pl.col("value").is_not_null(), metric=SHARE, segment=source)
        shares = rows.select("snapshot_month", "value", "n").iter_rows()
        _, since = _since(month, {at: is_surely_less(value, n_at, before) for at, value, n_at in shares})
        reason = (
            f"{source} is {kind} since {since}{known}: {share:.1%} of the {n} {cases} of {month:%Y-%m} have it, "
            f"{before:.1%} of the version's validation sample had it"
        )
        rule: Rule = "source_missing" if status == "breach" else "source_still_missing"
        findings.append(Finding(rule, source, share, before, is_live, reason))
    return findings


def _since(month: date, earlier: Mapping[date, bool]) -> tuple[date, str]:
    """The first of the months in a row in which a source was missing, also in words."""
    first = month
    while earlier.get(add_months(first, -1)) and first > add_months(month, -MONTHS_LOOKED_BACK):
        first = add_months(first, -1)
    is_known = add_months(first, -1) in earlier and not earlier[add_months(first, -1)]
    return first, f"{first:%Y-%m}" if is_known else f"{first:%Y-%m} or before"


def under_causes(
    findings: Sequence[Finding],
    causes: Sequence[Finding],
    performance: pl.DataFrame,
    stability: pl.DataFrame,
    *,
    metrics: Collection[str],
) -> list[Finding]:
    """The causes and all findings, of which those name a cause that follow from one.

    An estimate below a floor follows, and so does a realised figure below its floor where most loans of that cohort
    lack the source and the version ranks them no worse than such loans in development. What a missing source does to
    the scores is told as well.

    Args:
        findings: What else was found.
        causes: The month's `source_findings`.
        performance: The subject's rows of `monitoring/<model>/performance`.
        stability: The month's rows of `monitoring/<model>/stability`.
        metrics: Those that policy has floors for.
    """
    if not causes:
        return list(findings)
    first = causes[0]
    is_as_developed = figures(performance).get("roc_auc_degradation", Figure()).status == "ok"
    lacking = [cause.metric for cause in causes if is_as_developed and _most_lack(cause.metric, performance)]
    told = [*causes]
    for finding in findings:
        cause = finding.cause
        if finding.rule == "estimated_below_threshold":
            cause = first.metric
        elif lacking and finding.metric in metrics and finding.rule in _OF_FLOORS:
            cause = lacking[0]
        told.append(replace(finding, cause=cause))
    across = figures(stability).get("psi_across_sources", Figure()).value
    if across is not None:
        reason = f"without regard to sources psi of the scores is {across:.4f}"
        told.append(
            Finding("worth_watching", "psi_across_sources", across, None, first.is_live, reason, cause=first.metric)
        )
    return told


def _most_lack(source: str, performance: pl.DataFrame) -> bool:
    """Whether most loans of the cohort are of segments without the source."""
    rows = performance.filter(pl.col("segment") != "all", metric="roc_auc")
    lacking = rows.filter(~pl.col("segment").str.split("+").list.contains(source))
    return 2 * int(lacking["n"].sum()) > int(rows["n"].sum())


def in_order(findings: Sequence[Finding], rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Causes first, each with what follows from it under it; then the others, both in the order of the rules."""

    def place(finding: Finding) -> tuple[bool, str, bool, int]:
        cause = finding.metric if finding.rule in CAUSES else finding.cause
        return cause is None, cause or "", finding.rule not in CAUSES, rules.index(finding.rule)

    return tuple(sorted(findings, key=place))
