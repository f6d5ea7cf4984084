"""Overrides of the system's decisions: how often, for which reasons, and how the loans approved against it fared.

The log of decisions is read first: which rows are sound, and why others are set aside. Reading its files belongs to the
lake. A person's word on a month's action is another matter and belongs to `action`.
"""

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import polars as pl

from credit_platform.monitoring.measures import Measure, Status, Subject, measures_frame
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.schemas.cleaning.keys import key_of
from credit_platform.statistics.intervals import Interval, jeffreys_interval, wilson_interval

_WRITTEN = ("system_decision", "final_decision", "override_type", "reason", "officer")
DECISIONS = ("approve", "decline")
NO_REASON = "no reason given"
SIDES = ("high-side", "low-side")
NOT_SUPPLIED = "no override data supplied"


class DecisionLog(NamedTuple):
    """Sound rows (case key, `system_decision, final_decision, side, reason`), and those set aside with their `rule`."""

    rows: pl.DataFrame
    set_aside: pl.DataFrame


def decision_columns(case_key: str) -> tuple[str, ...]:
    """The columns of the file, in their order."""
    return (case_key, *_WRITTEN)


def read_log(raw: pl.DataFrame, *, case_key: str) -> DecisionLog:
    """Take the sound rows of the delivered text and set the others aside.

    A high-side override declines what the system approved, a low-side one approves what it declined; `override_type`
    is empty where both agree. A row is set aside by the first rule it breaks: `loan_is_named`, `decisions_are_known`
    (approve or decline), `type_follows_the_decisions`, `loan_is_decided_once` (rows of one loan that differ;
    repetitions count once). The officer is not kept.

    Args:
        raw: The file's columns as text, with `source_file` and `source_line`.
        case_key: Column that identifies a case.
    """
    word = {name: pl.col(name).str.strip_chars().str.to_lowercase() for name in _WRITTEN[:3]}
    read = raw.select(
        "source_file",
        "source_line",
        key_of(pl.col(case_key)).alias(case_key),
        system_decision=word["system_decision"],
        final_decision=word["final_decision"],
        side=word["override_type"].str.replace("_", "-").replace("", None).replace("none", None),
        reason=pl.col("reason").str.strip_chars().replace("", None).fill_null(NO_REASON),
    )
    expected = (
        pl.when(pl.col("system_decision") == pl.col("final_decision"))
        .then(pl.lit(None))
        .when(pl.col("final_decision") == "decline")
        .then(pl.lit(SIDES[0]))
        .otherwise(pl.lit(SIDES[1]))
    )
    broken = (
        pl.when((pl.col(case_key).str.len_chars() > 0).fill_null(value=False).not_())
        .then(pl.lit("loan_is_named"))
        .when(
            pl.all_horizontal(
                pl.col("system_decision", "final_decision").is_in(DECISIONS).fill_null(value=False)
            ).not_()
        )
        .then(pl.lit("decisions_are_known"))
        .when(pl.col("side").ne_missing(expected))
        .then(pl.lit("type_follows_the_decisions"))
    )
    judged = read.with_columns(rule=broken)
    told = [case_key, "system_decision", "final_decision", "side", "reason"]
    sound = judged.filter(pl.col("rule").is_null()).unique(told, keep="first", maintain_order=True)
    twice = pl.col(case_key).is_duplicated()
    return DecisionLog(
        rows=sound.filter(~twice).select(told).sort(case_key),
        set_aside=pl.concat(
            [
                judged.filter(pl.col("rule").is_not_null()),
                sound.filter(twice).with_columns(rule=pl.lit("loan_is_decided_once")),
            ]
        ).sort("source_file", "source_line"),
    )


def measure_overrides(
    scored: pl.DataFrame, log: DecisionLog | None, *, case_key: str, subject: Subject, thresholds: MonitoringThresholds
) -> pl.DataFrame:
    """Measure the overrides among the loans of one cohort.

    `override_rate` of the loans with a decision (Wilson), a warning when its interval lies wholly outside the reference
    band of policy; `high_side_rate`, `low_side_rate`, and the rate of each reason as segment `reason: ...`.
    `low_side_bad_rate` (Jeffreys) of the loans approved against the system, by reason too; `comparable_bad_rate` of the
    approved loans nobody overrode, of the same grade or the nearest better one that has any, weighted by the grades of
    the overrides; `low_side_excess`, the difference (interval from both, Zou and Donner 2008), a warning when it lies
    wholly above 0. `agreement_with_model` is how often the log's system decision is this model's. `decision_coverage`
    is the share of the cohort's loans with a decision; `decisions_set_aside` counts rows of the cohort's loans that
    could not be used, by rule as segment.

    Args:
        scored: One row per scored case: key, `default_probability`, `grade`, `decision`, `label` (null: unknown).
        log: The decisions; None when none are supplied, which is told as one unknown `override_rate`.
        case_key: Column that identifies a case.
        subject: Whose figures these are.
        thresholds: Policy, of which `overrides`, `min_bads` and `confidence` are used.

    Returns:
        One row per metric and segment, as `schemas.monitoring.Overrides`.
    """
    if log is None:
        return measures_frame([Measure("override_rate", None, 0, "unknown")], subject)
    policy, level = thresholds.overrides, thresholds.confidence
    decided = scored.join(log.rows, on=case_key, how="inner", validate="1:1")
    overridden = decided.filter(pl.col("side").is_not_null())
    low_side = overridden.filter(pl.col("side") == "low-side")
    n = decided.height
    thin: Status = "insufficient" if n < policy.min_decisions else "ok"
    rate = _share("override_rate", overridden.height, n, level, thin)
    if thin == "ok" and rate.interval is not None:
        is_outside = rate.interval.low > policy.rate_band[1] or rate.interval.high < policy.rate_band[0]
        rate = _share("override_rate", overridden.height, n, level, "warn" if is_outside else "ok")
    agreed = decided.filter(pl.col("system_decision") == pl.col("decision")).height
    measures = [
        rate,
        _share("low_side_rate", low_side.height, n, level, thin),
        _share("high_side_rate", overridden.height - low_side.height, n, level, thin),
        _share("agreement_with_model", agreed, n, level, thin),
        _share("decision_coverage", n, scored.height, level, "ok" if scored.height else "unknown"),
        *_outcomes(decided, low_side, thresholds),
    ]
    for (reason,), part in sorted(overridden.partition_by("reason", as_dict=True).items()):
        segment = f"reason: {reason}"
        measures.append(_share("override_rate", part.height, n, level, thin, segment=segment))
        approved = part.filter(pl.col("side") == "low-side")
        if approved.height:
            measures.append(_bad_rate("low_side_bad_rate", approved, thresholds, segment))
    of_the_cohort = log.set_aside.join(scored, on=case_key, how="semi")
    measures.append(Measure("decisions_set_aside", float(of_the_cohort.height), scored.height, "ok"))
    for (rule,), part in sorted(of_the_cohort.partition_by("rule", as_dict=True).items()):
        measures.append(Measure("decisions_set_aside", float(part.height), scored.height, "ok", segment=str(rule)))
    return measures_frame(measures, subject)


def _share(metric: str, part: int, n: int, level: float, status: Status, *, segment: str = "all") -> Measure:
    value = part / n if n else None
    return Measure(metric, value, n, status, segment=segment, interval=wilson_interval(part, n, level))


def _bad_rate(metric: str, loans: pl.DataFrame, thresholds: MonitoringThresholds, segment: str = "all") -> Measure:
    known = loans.drop_nulls("label")
    n, bads = known.height, int(known["label"].sum())
    status: Status = "insufficient" if min(bads, n - bads) < thresholds.min_bads else "ok"
    interval = jeffreys_interval(bads, n, thresholds.confidence)
    return Measure(metric, bads / n if n else None, n, status, segment=segment, n_bad=bads, interval=interval)


def _outcomes(decided: pl.DataFrame, low_side: pl.DataFrame, thresholds: MonitoringThresholds) -> list[Measure]:
    """Bad rates of the loans approved against the system, of comparable ones, and the difference."""
    ours = _bad_rate("low_side_bad_rate", low_side, thresholds)
    plain = decided.filter(pl.col("side").is_null() & (pl.col("final_decision") == "approve"))
    theirs = _comparable(low_side.drop_nulls("label"), plain.drop_nulls("label"), thresholds)
    excess = Measure("low_side_excess", None, ours.n, "unknown", n_bad=ours.n_bad)
    if ours.value is not None and theirs.value is not None and ours.interval and theirs.interval:
        value = ours.value - theirs.value
        interval = Interval(
            value - sqrt((ours.value - ours.interval.low) ** 2 + (theirs.interval.high - theirs.value) ** 2),
            value + sqrt((ours.interval.high - ours.value) ** 2 + (theirs.value - theirs.interval.low) ** 2),
        )
        status: Status = "warn" if interval.low > 0 else "ok"
        if "insufficient" in {ours.status, theirs.status}:
            status = "insufficient"
        excess = Measure("low_side_excess", value, ours.n, status, n_bad=ours.n_bad, interval=interval)
    expected = low_side["default_probability"].mean() if low_side.height else None
    value = float(expected) if isinstance(expected, float) else None
    return [ours, theirs, excess, Measure("low_side_expected_bad_rate", value, low_side.height, ours.status)]


def _comparable(low_side: pl.DataFrame, plain: pl.DataFrame, thresholds: MonitoringThresholds) -> Measure:
    """Bad rate of `plain` at the grades of `low_side`; its variance is that of Jeffreys' posterior, grade by grade."""
    by_risk = pl.concat([low_side, plain]).group_by("grade").agg(pl.col("default_probability").min())
    ranks = {grade: rank for rank, grade in enumerate(by_risk.sort("default_probability")["grade"])}
    counts = {grade: (n, bads) for grade, n, bads in plain.group_by("grade").agg(pl.len(), pl.sum("label")).iter_rows()}
    weights: dict[str, float] = {}
    for grade in low_side["grade"]:
        better = [other for other in counts if ranks[other] <= ranks[grade]]
        if not better:
            return Measure("comparable_bad_rate", None, 0, "unknown", n_bad=0)
        nearest = max(better, key=ranks.__getitem__)
        weights[nearest] = weights.get(nearest, 0.0) + 1 / low_side.height
    if not weights:
        return Measure("comparable_bad_rate", None, 0, "unknown", n_bad=0)
    n, bads = (sum(counts[grade][place] for grade in weights) for place in (0, 1))
    value = sum(weight * counts[grade][1] / counts[grade][0] for grade, weight in weights.items())
    variance = 0.0
    for grade, weight in weights.items():
        loans, bad = counts[grade]
        mean = (bad + 0.5) / (loans + 1)
        variance += weight**2 * mean * (1 - mean) / (loans + 2)
    margin = NormalDist().inv_cdf(0.5 + thresholds.confidence / 2) * sqrt(variance)
    status: Status = "insufficient" if min(bads, n - bads) < thresholds.min_bads else "ok"
    return Measure(
        "comparable_bad_rate",
        value,
        n,
        status,
        n_bad=bads,
        interval=Interval(min(value, max(0.0, value - margin)), max(value, min(1.0, value + margin))),
    )
