"""How a model treats groups of applicants: approvals, scores, ranking, calibration and reasons beside the others'.

Statistics, not law: whether a difference is justified, and whether an attribute may be looked at, is for people to say.
The attribute never is a feature. Groups and reference lines are policy; choosing the reasons of a loan is scoring.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import erfc, exp, log, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl

from credit_platform.monitoring.measures import Measure, Status, Subject, measures_frame
from credit_platform.policy.monitoring_thresholds import FairLendingPolicy, MonitoringThresholds
from credit_platform.scoring.explanation.reasons import mix_counts, mix_index, reason_mix
from credit_platform.statistics.calibration import effective_counts
from credit_platform.statistics.discrimination import delong_interval, roc_auc
from credit_platform.statistics.intervals import Interval, jeffreys_interval, wilson_interval
from credit_platform.statistics.many_looks import best_of_groups_p_value, shares_z
from credit_platform.statistics.stability_index import sampling_floor

GROUP = "group"


def age_band(age: pl.Expr, policy: FairLendingPolicy) -> pl.Expr:
    """The band of policy that an age is in, `age 35-44` and the like; `age unknown` where it is missing."""
    names = policy.group_names
    band: pl.Expr = pl.lit(names[0])
    for bound, name in zip(policy.age_bands, names[1:], strict=True):
        band = pl.when(age >= bound).then(pl.lit(name)).otherwise(band)
    return pl.when(age.is_null()).then(pl.lit("age unknown")).otherwise(band).alias(GROUP)


def measure_fair_lending(scored: pl.DataFrame, *, subject: Subject, thresholds: MonitoringThresholds) -> pl.DataFrame:
    """Compare the groups of one cohort.

    Per group: `approval_rate` (Wilson); `adverse_impact_ratio`, its approval rate over that of the reference, which is
    the group of policy or the large enough one with the highest rate (interval of a ratio of shares, Katz et al. 1978);
    `score_smd`, the standardised difference of its mean score from all other applicants (Hedges and Olkin 1985);
    `roc_auc` (DeLong); `calibration_gap`, bad rate minus mean default probability (Jeffreys, with the variance of
    unequal probabilities, the level shared out among the groups). A ratio is a warning below its line if the difference
    of the two rates is significant, corrected for the number of groups; any other figure, if its interval is wholly
    beyond its line. There is no breach. A group smaller than `min_group` is insufficient.

    Args:
        scored: One row per scored loan: `default_probability`, `score`, `decision`, `label` (null where unknown) and
            `group`.
        subject: Whose figures these are.
        thresholds: Policy, of which `fair_lending`, `min_bads` and `confidence` are used.

    Returns:
        One row per metric and group, as `schemas.monitoring.Performance`; empty for an empty cohort.
    """
    policy, level = thresholds.fair_lending, thresholds.confidence
    groups = {str(name): part for (name,), part in sorted(scored.partition_by(GROUP, as_dict=True).items())}
    reference = _reference(groups, policy)
    measures: list[Measure] = []
    for name, part in groups.items():
        is_small = part.height < policy.min_group
        others = scored.filter(pl.col(GROUP) != name)
        found = [
            _approval_rate(part, level),
            _impact_ratio(part, reference, policy, level),
            _score_difference(part, others, policy, level),
            _ranking(part, level),
            _calibration_gap(part, 1 - (1 - level) / max(len(groups), 1)),
        ]
        measures += [_of_group(measure, name, is_small=is_small, min_bads=thresholds.min_bads) for measure in found]
    return measures_frame(measures, subject)


def _of_group(measure: Measure, group: str, *, is_small: bool, min_bads: int) -> Measure:
    needs_outcome = measure.metric in {"roc_auc", "calibration_gap"}
    bads = measure.n_bad or 0
    is_thin = needs_outcome and min(bads, measure.n - bads) < min_bads
    status: Status = "insufficient" if is_small or is_thin else measure.status
    return replace(measure, segment=group, status=status)


def _approved(part: pl.DataFrame) -> int:
    return int((part["decision"] == "approve").sum())


@dataclass(frozen=True)
class _Reference:
    """The group whose approval rate the others' are divided by, None where there is none, and how many are compared."""

    part: pl.DataFrame | None
    n_groups: int
    is_best: bool

    def p_value(self, z: float) -> float:
        """Chance of such a difference in any group if all are treated alike."""
        if self.is_best:
            return best_of_groups_p_value(z, self.n_groups)
        return min(1.0, (self.n_groups - 1) * erfc(z / sqrt(2)))


def _reference(groups: Mapping[str, pl.DataFrame], policy: FairLendingPolicy) -> _Reference:
    large = {name: part for name, part in groups.items() if part.height >= policy.min_group}
    if policy.reference_group is not None:
        return _Reference(large.get(policy.reference_group), len(large), is_best=False)
    best = max(large.values(), key=lambda part: _approved(part) / part.height, default=None)
    return _Reference(best, len(large), is_best=True)


def _approval_rate(part: pl.DataFrame, level: float) -> Measure:
    approved, n = _approved(part), part.height
    return Measure("approval_rate", approved / n, n, "ok", interval=wilson_interval(approved, n, level))


def _impact_ratio(part: pl.DataFrame, reference: _Reference, policy: FairLendingPolicy, level: float) -> Measure:
    beside = reference.part
    if beside is None or not _approved(beside):
        return Measure("adverse_impact_ratio", None, part.height, "unknown")
    if part is beside:
        return Measure("adverse_impact_ratio", 1.0, part.height, "ok", interval=Interval(1.0, 1.0))
    ours, theirs, n, m = _approved(part), _approved(beside), part.height, beside.height
    ratio = (ours / n) / (theirs / m)
    interval = None
    if ours:
        margin = NormalDist().inv_cdf(0.5 + level / 2) * sqrt(1 / ours - 1 / n + 1 / theirs - 1 / m)
        interval = Interval(exp(log(ratio) - margin), exp(log(ratio) + margin))
    is_below = ratio < policy.impact_ratio_line and reference.p_value(shares_z(theirs, m, ours, n)) < 1 - level
    return Measure("adverse_impact_ratio", ratio, n, "warn" if is_below else "ok", interval=interval)


def _score_difference(part: pl.DataFrame, others: pl.DataFrame, policy: FairLendingPolicy, level: float) -> Measure:
    ours, theirs = (frame["score"].cast(pl.Float64).to_numpy() for frame in (part, others))
    n, m = ours.size, theirs.size
    if min(n, m) < 2:
        return Measure("score_smd", None, n, "unknown")
    pooled = sqrt(((n - 1) * ours.var(ddof=1) + (m - 1) * theirs.var(ddof=1)) / (n + m - 2))
    if pooled == 0:
        return Measure("score_smd", None, n, "unknown")
    value = float((ours.mean() - theirs.mean()) / pooled)
    margin = NormalDist().inv_cdf(0.5 + level / 2) * sqrt((n + m) / (n * m) + value**2 / (2 * (n + m)))
    interval = Interval(value - margin, value + margin)
    line = policy.score_difference_line
    is_beyond = interval.low > line or interval.high < -line
    return Measure("score_smd", value, n, "warn" if is_beyond else "ok", interval=interval)


def _outcome(part: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    known = part.drop_nulls(["label", "default_probability"])
    return known["label"].cast(pl.Int64).to_numpy(), known["default_probability"].to_numpy()


def _ranking(part: pl.DataFrame, level: float) -> Measure:
    label, probability = _outcome(part)
    interval, auc = delong_interval(label, probability, level), roc_auc(label, probability)
    return Measure("roc_auc", auc, len(label), "ok", n_bad=int(label.sum()), interval=interval)


def _calibration_gap(part: pl.DataFrame, level: float) -> Measure:
    label, probability = _outcome(part)
    n, n_bad = len(label), int(label.sum())
    if not n:
        return Measure("calibration_gap", None, 0, "unknown", n_bad=0)
    mean = float(probability.mean())
    counts = effective_counts(label, probability)
    rate = None if counts is None else jeffreys_interval(*counts, level)
    interval = None if rate is None else Interval(rate.low - mean, rate.high - mean)
    is_off = interval is not None and (interval.low > 0 or interval.high < 0)
    return Measure("calibration_gap", n_bad / n - mean, n, "warn" if is_off else "ok", n_bad=n_bad, interval=interval)


def measure_reasons(scored: pl.DataFrame, *, subject: Subject, thresholds: MonitoringThresholds) -> pl.DataFrame:
    """Compare the reasons given to the groups of one cohort.

    Per group: `reason_share:<code>`, the share of its loans that have the reason among their four (Wilson), for every
    reason the cohort has; `reason_mix_psi`, the population stability index of its reasons against those of all other
    applicants, a warning from `psi.warn` on. There is no breach. A group smaller than `min_group` is insufficient, and
    so is an index whose sampling floor reaches the warning.

    Args:
        scored: One row per scored loan: `reason_1` to `reason_4` and `group`.
        subject: Whose figures these are.
        thresholds: Policy, of which `fair_lending.min_group`, `psi` and `confidence` are used.

    Returns:
        One row per metric and group, as `schemas.monitoring.FairLending`; empty for an empty cohort.
    """
    codes = reason_mix(scored)["reason"].sort().to_list()
    measures: list[Measure] = []
    for (name,), part in sorted(scored.partition_by(GROUP, as_dict=True).items()):
        is_small = part.height < thresholds.fair_lending.min_group
        given = mix_counts(reason_mix(part))
        others = reason_mix(scored.filter(pl.col(GROUP) != name))
        measures += [
            Measure(
                f"reason_share:{code}",
                given.get(code, 0) / part.height,
                part.height,
                "insufficient" if is_small else "ok",
                segment=str(name),
                interval=wilson_interval(given.get(code, 0), part.height, thresholds.confidence),
            )
            for code in codes
        ]
        index = mix_index(given, others)
        # Reasons are counted, not loans: a loan has up to four.
        floor = sampling_floor(len(codes), sum(given.values()), sum(mix_counts(others).values()))
        is_noise = floor is None or floor >= thresholds.psi.warn
        status: Status = "warn" if index is not None and index >= thresholds.psi.warn else "ok"
        measures.append(
            Measure(
                "reason_mix_psi",
                index,
                part.height,
                "insufficient" if is_small or is_noise else status,
                segment=str(name),
            )
        )
    return measures_frame(measures, subject)
