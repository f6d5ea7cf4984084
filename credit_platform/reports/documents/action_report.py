"""The written reports of decisions: one as JSON for programs and as plain text for people, all of them as CSV.

Deciding belongs in `monitoring.action.action`; writing the files and sending them is wiring.
"""

import csv
import json
from dataclasses import asdict
from io import StringIO

import polars as pl

from credit_platform.monitoring.action.action import TRIGGER_OF_RULE, ActionDecision, ActionOverride
from credit_platform.monitoring.measures import Subject
from credit_platform.reports.wording import ACTIONS, model_name, month_name, words
from credit_platform.schemas.spreadsheet_cells import spreadsheet_cell

HISTORY_COLUMNS = (
    "snapshot_month",
    "cohort",
    "model",
    "model_version",
    "action",
    "rule_action",
    "actionable",
    "state",
    "transition",
    "rollback_within",
    "reasons",
)


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
        "rule_action": decision.rule_action,
        "state": decision.state,
        "transition": asdict(decision.transition),
        "rollback": asdict(decision.rollback),
        "override": None if decision.override is None else _override(decision.override),
        "triggered": [
            {
                "rule": finding.rule,
                "carries_out": TRIGGER_OF_RULE[finding.rule],
                "metric": finding.metric,
                "value": finding.value,
                "threshold": finding.threshold,
                "is_live": finding.is_live,
                "reason": finding.reason,
                "follows_from": finding.cause,
            }
            for finding in decision.triggered
        ],
        "reasons": list(decision.reasons),
        "next_steps": list(decision.next_steps),
        "notification": decision.notification.model_dump(mode="json"),
    }
    return json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _override(override: ActionOverride) -> dict[str, str]:
    return {"action": override.action, "approver": override.approver, "reason": override.reason}


def action_text(decision: ActionDecision, *, subject: Subject) -> str:
    """The decision as a page of plain text."""
    notification = decision.notification
    acted = "yes" if decision.actionable else "no: backtest on a cohort of the version's own development sample"
    lines = [
        f"{model_name(subject.model)}, {month_name(subject.snapshot_month)}: {ACTIONS[decision.action]}",
        "",
        f"Verdict:     {words('verdicts')[decision.state if decision.actionable else 'backtest']}",
        *_overridden(decision),
        f"State:       {decision.transition}",
        f"Acted on:    {acted}",
        f"Rollback:    {decision.rollback.within} ({decision.rollback.why})",
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


def _overridden(decision: ActionDecision) -> list[str]:
    if decision.override is None:
        return []
    by_rule, override = ACTIONS[decision.rule_action], decision.override
    return [f"Overridden:  by {override.approver}, the rules say {by_rule}: {override.reason}"]


def history_csv(actions: pl.DataFrame) -> str:
    """The actions by month and model as CSV with a header, the reasons of a row in one line.

    Args:
        actions: Rows of `schemas.monitoring.Action` of all models and months.
    """
    ordered = actions.sort("snapshot_month", "model").select(HISTORY_COLUMNS)
    lines = ordered.with_columns(
        pl.col("snapshot_month", "cohort").dt.strftime("%Y-%m"),
        pl.col("transition", "reasons").str.replace_all("\n", " | ", literal=True),
        pl.when("actionable").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("actionable"),
    )
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HISTORY_COLUMNS)
    rows.writerows(map(spreadsheet_cell, line) for line in lines.iter_rows())
    return text.getvalue()
