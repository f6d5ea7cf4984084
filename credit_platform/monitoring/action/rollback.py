"""Whether to go back to an earlier version, how soon and to which one: a recommendation, and nothing that is done.

How soon is read off a cohort's figures. It is advised only where an earlier version ranks the same loans better, as the
newest ones have sources; scoring them again is wiring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from credit_platform.monitoring.action.findings import Figure, why_not_measurable
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.scoring.governance.head_to_head import HeadToHead

Urgency = Literal["at once", "2 hours", "1 day", "3 days", "none", "unknown"]


@dataclass(frozen=True)
class RollbackAdvice:
    """How soon a rollback is advised, `none` for not at all, why, and the version to go back `to` once one is found."""

    within: Urgency
    why: str
    to: str | None = None

    @property
    def is_advised(self) -> bool:
        """Whether there is anything to consider."""
        return self.within not in {"none", "unknown"}

    def to_the_best(
        self, tried: Mapping[str, HeadToHead] | None, *, newest: date, thresholds: MonitoringThresholds, cases: str
    ) -> RollbackAdvice:
        """The same advice about the earlier version that ranks best; `none` where not one is surely better.

        Args:
            tried: Earlier versions, the newest first, each as candidate against the version judged, on the same matured
                loans, which neither was developed on and which have sources as those of `newest` have; None where
                the version judged is not in force any more.
            newest: The month whose loans any version has to rank now.
            thresholds: How many bads a figure needs, and the level of DeLong's paired interval, which must exclude 0.
            cases: What the book calls several of its cases.
        """
        if tried is None:
            return RollbackAdvice("none", "the version judged is no longer in effect")
        if not tried:
            return RollbackAdvice("none", "there is no earlier version")
        label = next(iter(tried.values())).label
        n, n_bad = len(label), int(label.sum())
        if min(n_bad, n - n_bad) < thresholds.min_bads:
            why = f"earlier versions can be tried on {n_bad} bads among {n} {cases} with the sources of {newest:%Y-%m}"
            return RollbackAdvice("unknown", f"{why}; {thresholds.min_bads} bads and as many goods are needed")
        found = [(pair.candidate_auc or 0.0, to, pair.difference(thresholds.confidence)) for to, pair in tried.items()]
        better = [(auc, to, ends) for auc, to, ends in found if ends is not None and ends[0] > 0]
        if not better:
            why = f"no earlier version would do better on the sources that {cases} of {newest:%Y-%m} have"
            return RollbackAdvice("none", f"{why} ({len(tried)} tried)")
        # Of equals the first is taken, which is the newest.
        auc, to, (low, high) = max(better, key=lambda each: each[0])
        why = (
            f"{self.why}; version {to} would rank the same {n} {cases} at {auc:.4f} instead of "
            f"{tried[to].incumbent_auc:.4f} (difference {low:.4f} to {high:.4f}) with the sources of {newest:%Y-%m}"
        )
        return RollbackAdvice(self.within, why, to)


def rollback_advice(found: Mapping[str, Figure], thresholds: MonitoringThresholds, *, cases: str) -> RollbackAdvice:
    """Read the matrix off a cohort's figures: ROC-AUC first, then the loss against the out-of-time result.

    The estimates themselves are read, as the matrix has it; where chance can explain the loss, the advice says so.

    Args:
        found: The cohort's figures by metric.
        thresholds: The matrix, and how many bads a figure needs.
        cases: What the book calls several of its cases.
    """
    auc, loss = found.get("roc_auc", Figure()), found.get("roc_auc_degradation", Figure())
    blind = why_not_measurable("roc_auc", auc, thresholds, priority="P0", cases=cases)
    if blind is not None or auc.value is None:
        return RollbackAdvice("unknown", blind or "roc_auc is not known")
    floor = thresholds.rollback.immediate_below_roc_auc
    if auc.value < floor:
        return RollbackAdvice("at once", f"roc_auc {auc.value:.4f} is below {floor:g}")
    if loss.value is None:
        return RollbackAdvice("unknown", "the version has no out-of-time result to compare with")
    if loss.value <= 0:
        return RollbackAdvice("none", "roc_auc is no lower than the out-of-time result")
    lost = f"roc_auc lost {loss.value:.1%} against the out-of-time result"
    for band in thresholds.rollback.bands:
        if loss.value > band.degradation_above:
            chance = ", which chance can explain" if loss.ci_low is None or loss.ci_low <= 0 else ""
            return RollbackAdvice(band.within, f"{lost}, more than {band.degradation_above:.0%}{chance}")
    smallest = thresholds.rollback.bands[-1].degradation_above
    return RollbackAdvice("none", f"{lost}, not more than {smallest:.0%}")
