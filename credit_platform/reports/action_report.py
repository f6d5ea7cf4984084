"""The written report of a decision: JSON for programs, plain text for people.

Deciding belongs in `monitoring.action`; writing the files and sending them is wiring.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from credit_platform.reports.wording import ACTIONS, VERDICTS, model_name, month_name

if TYPE_CHECKING:
    from credit_platform.monitoring.action import ActionDecision
    from credit_platform.monitoring.measures import Subject


def action_json(decision: ActionDecision, *, subject: Subject) -> str:
    """The decision as indented JSON with a final newline and sorted keys; the same decision gives the same text."""
    content = {
        "snapshot_month": subject.snapshot_month.isoformat(),
        "cohort": subject.cohort.isoformat(),
        "model": subject.model,
        "model_version": subject.model_version,
        "sample_role": subject.sample_role,
        "provenance": subject.provenance,
        "action": decision.action,
        "actionable": decision.actionable,
        "state": decision.state,
        "triggered": [
            {
                "rule": finding.rule,
                "metric": finding.metric,
                "value": finding.value,
                "threshold": finding.threshold,
                "is_live": finding.is_live,
                "reason": finding.reason,
            }
            for finding in decision.triggered
        ],
        "reasons": list(decision.reasons),
        "next_steps": list(decision.next_steps),
        "notification": decision.notification.model_dump(mode="json"),
    }
    return json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n"


def action_text(decision: ActionDecision, *, subject: Subject) -> str:
    """The decision as a page of plain text."""
    notification = decision.notification
    acted = "yes" if decision.actionable else "no: backtest on a cohort of the version's own development sample"
    lines = [
        f"{model_name(subject.model)}, {month_name(subject.snapshot_month)}: {ACTIONS[decision.action]}",
        "",
        f"Verdict:     {VERDICTS[decision.state]}",
        f"Acted on:    {acted}",
        f"Version:     {subject.model_version}",
        f"Cohort:      {month_name(subject.cohort)} ({subject.sample_role}, {subject.provenance})",
        "",
        "Why",
        *(f"  - {reason}" for reason in decision.reasons),
        "",
        "Next steps",
        *(f"  {place}. {step}" for place, step in enumerate(decision.next_steps, start=1)),
        "",
        "Notification",
        f"  {', '.join(notification.channels)} to {', '.join(notification.recipients)} ({notification.frequency})",
    ]
    return "\n".join(lines) + "\n"
