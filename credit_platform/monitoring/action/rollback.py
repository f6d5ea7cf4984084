"""Whether going back to the version before is advised, and how soon: a recommendation and nothing that is done.

The matrix is policy's; rolling back is a person's decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from credit_platform.monitoring.action.findings import Figure, why_not_measurable
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds

Urgency = Literal["at once", "2 hours", "1 day", "3 days", "none", "unknown"]


@dataclass(frozen=True)
class RollbackAdvice:
    """How soon a rollback is advised, `none` for not at all, and why."""

    within: Urgency
    why: str

    @property
    def is_advised(self) -> bool:
        """Whether there is anything to consider."""
        return self.within not in {"none", "unknown"}


def rollback_advice(found: Mapping[str, Figure], thresholds: MonitoringThresholds) -> RollbackAdvice:
    """Read the matrix off a cohort's figures: ROC-AUC first, then the loss against the out-of-time result.

    The estimates themselves are read, as the matrix has it; where chance can explain the loss, the advice says so.

    Args:
        found: The cohort's figures by metric.
        thresholds: The matrix, and how many bads a figure needs.
    """
    auc, loss = found.get("roc_auc", Figure()), found.get("roc_auc_degradation", Figure())
    blind = why_not_measurable("roc_auc", auc, thresholds, priority="P0")
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
