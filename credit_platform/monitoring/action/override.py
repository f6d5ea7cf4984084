"""A person's decision in place of the rules': what the action of a month becomes, with both reasons.

Pure. The record of such decisions is kept in the lake; what the rules decide belongs in `action`.
"""

from dataclasses import replace

from credit_platform.monitoring.action.action import NEXT_STEPS, ActionDecision, ActionOverride
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds


def obeying(
    decision: ActionDecision, override: ActionOverride | None, thresholds: MonitoringThresholds
) -> ActionDecision:
    """The decision with the person's action in place of the rules', and both told.

    A retraining asked for by a person is acted on even where the rules looked at a backtest.
    """
    if override is None:
        return decision
    who = f"{override.approver} decided {override.action}, the rules {decision.rule_action}"
    return replace(
        decision,
        action=override.action,
        actionable=decision.actionable or override.action == "retrain",
        reasons=(f"overridden: {who}: {override.reason}", *decision.reasons),
        next_steps=NEXT_STEPS[override.action],
        notification=getattr(thresholds.notification, override.action),
        override=override,
    )
