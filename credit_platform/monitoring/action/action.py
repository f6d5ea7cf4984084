"""The action that follows from a month's figures: monitor, active_monitoring or retrain, and why.

A person may decide instead. How a figure becomes a finding belongs in `findings`, the record of overrides in the lake;
sending the notification and starting a training are wiring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import polars as pl

from credit_platform.monitoring.action.action_state import Judged, State, Training, Transition, transition_of
from credit_platform.monitoring.action.causes import EarlierSources, in_order, source_findings, under_causes
from credit_platform.monitoring.action.findings import (
    Finding,
    Rule,
    all_is_well,
    figures,
    performance_findings,
    quality_findings,
    stability_findings,
    undelivered,
)
from credit_platform.monitoring.action.rollback import RollbackAdvice, rollback_advice
from credit_platform.monitoring.action.run_rules import Past, apply_run_rules
from credit_platform.monitoring.measures import Subject
from credit_platform.policy.action_policy import Notification
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.schemas.evidence import DataQuality

Action = Literal["monitor", "active_monitoring", "retrain"]

# In the order in which findings are told; the strictest action among them decides.
ACTION_OF_RULE: dict[Rule, Action] = {
    "below_business_threshold": "retrain",
    "below_data_science_threshold": "active_monitoring",
    "degraded_against_out_of_time": "active_monitoring",
    "scores_shifted": "active_monitoring",
    # Known before the outcome: never more than a closer watch.
    "early_reads_worse": "active_monitoring",
    "estimated_below_threshold": "active_monitoring",
    "not_measurable": "active_monitoring",
    "source_missing": "active_monitoring",
    "source_still_missing": "monitor",
    "worth_watching": "monitor",
}

# Which of the three triggers of the trade's action table a rule carries out; None: this platform added it.
TRIGGER_OF_RULE: dict[Rule, str | None] = {
    "below_business_threshold": "retrain: a P0 or P1 metric below its business threshold",
    "below_data_science_threshold": "active_monitoring: a P0 or P1 metric between its two thresholds",
    "degraded_against_out_of_time": "comparison with the out-of-time baseline",
    "scores_shifted": None,
    "early_reads_worse": None,
    "estimated_below_threshold": None,
    "not_measurable": None,
    "source_missing": None,
    "source_still_missing": None,
    "worth_watching": "monitor: every P0 and P1 metric at or above its data-science threshold",
}

_STRICTEST_FIRST: tuple[Action, ...] = ("retrain", "active_monitoring", "monitor")

NEXT_STEPS: dict[Action, tuple[str, ...]] = {
    "monitor": ("Continue the normal monthly monitoring cycle",),
    "active_monitoring": (
        "Increase monitoring frequency (weekly instead of monthly)",
        "Investigate root cause (data drift, feature quality, population shift)",
        "Prepare retraining plan as contingency",
        "Set up additional alerting for further degradation",
    ),
    "retrain": (
        "Initiate emergency retraining workflow immediately",
        "Investigate root cause (data quality, model drift, label issues)",
        "Notify all stakeholders (Risk team, Product team)",
        "Schedule retraining to complete within 1 week",
    ),
}

# The last step of `retrain` in the trade's list, where there is a version to go back to.
ROLLBACK_STEP = "Prepare rollback plan"
# What to do about a version that another has replaced since its retraining was asked for, whatever its cohorts say yet.
RESOLVED_STEPS = (
    "Continue the normal monthly monitoring cycle",
    "Look at the early performance of the version in effect, and at its first outcomes when they come",
)


@dataclass(frozen=True)
class ActionOverride:
    """Who wants which action about a version in a month, and why; `instead_of` is what the table said then."""

    model: str
    model_version: str
    month: date
    action: Action
    instead_of: Action
    approver: str
    reason: str


@dataclass(frozen=True)
class ActionDecision:
    """What to do about a version this month, and why.

    `rule_action` is what the rules say; `action` is what holds, a person's word where there is one.

    `actionable` is false for a backtest: the cohort that decided was part of the version's own development sample, so
    the action is shown and nothing is started by it.
    """

    action: Action
    rule_action: Action
    actionable: bool
    transition: Transition
    rollback: RollbackAdvice
    triggered: tuple[Finding, ...]
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]
    notification: Notification
    override: ActionOverride | None = None

    @property
    def state(self) -> State:
        """The version's state in this month."""
        return self.transition.after

    def with_state(
        self, months: Sequence[Judged], trainings: Sequence[Training], thresholds: MonitoringThresholds
    ) -> ActionDecision:
        """The decision with the state that follows from the months up to its own and from what was trained since.

        Once another version is in effect, nobody is called about the one that was judged, nor told to go back to an
        even older one.
        """
        decided = replace(self, transition=transition_of(months, trainings))
        if decided.state != "resolved":
            return decided
        return replace(
            decided,
            rollback=RollbackAdvice("none", f"version {months[-1].model_version} is no longer in effect"),
            next_steps=RESOLVED_STEPS,
            notification=thresholds.notification.monitor,
        )

    def advised(self, advice: RollbackAdvice) -> ActionDecision:
        """The decision with the advice that follows from trying earlier versions, and its reason where it names one."""
        decided = replace(self, rollback=advice)
        if advice.to is None:
            return decided
        how_soon = advice.within if advice.within == "at once" else f"within {advice.within}"
        reason = f"rollback: advised, {how_soon}: {advice.why}; a recommendation, a person decides"
        steps = (ROLLBACK_STEP,) if self.action == "retrain" else ()
        return replace(decided, reasons=(*self.reasons, reason), next_steps=(*self.next_steps, *steps))

    def to_frame(self, subject: Subject) -> pl.DataFrame:
        """The decision as the one row of `schemas.monitoring.Action`."""
        return pl.DataFrame(
            {
                "snapshot_month": [subject.snapshot_month],
                "cohort": [subject.cohort],
                "model": [subject.model],
                "model_version": [subject.model_version],
                "action": [self.action],
                "actionable": [self.actionable],
                "state": [self.state],
                "reasons": ["\n".join(self.reasons)],
                "rule_action": [self.rule_action],
                "transition": [str(self.transition)],
                "rollback_within": [self.rollback.within],
            }
        )


def decide_action(
    performance: pl.DataFrame,
    stability: pl.DataFrame,
    *,
    subject: Subject,
    thresholds: MonitoringThresholds,
    before_outcome: Sequence[Finding] = (),
    past: Past | None = None,
    quality: pl.DataFrame | None = None,
    sources: EarlierSources | None = None,
    cases: str,
    has_calendar: bool = True,
    awaits_outcomes: bool = False,
) -> ActionDecision:
    """Decide on one version from one month's figures.

    The strictest action of `ACTION_OF_RULE` among the findings decides. Only P0 and P1 metrics, the loss against the
    out-of-time result, an alert of the scores' PSI, a source that is missing and what is found before the outcome
    decide; all else is worth watching. A missing source is told first, and what follows from it under it. A P0 or P1
    metric that is missing or rests on too few bads leads to active_monitoring, never to monitor. Values are held
    against `thresholds` again, so a changed policy needs no new figures. In the decision mode `persistent` a shortfall
    decides when `run_rules.apply_run_rules` keeps it.

    Args:
        performance: The subject's rows of `monitoring/<model>/performance`.
        stability: The rows of `monitoring/<model>/stability` of the same month, for the cohort written in it.
        subject: The cohort whose outcome is read.
        thresholds: Floors, bands and notifications.
        before_outcome: What `early_findings` found in the newest estimate and early reads.
        past: Performance of earlier months, for what must persist; None where there is none.
        quality: Rows of `monitoring/data_quality` of the month, empty when it was not scored; None: not looked at.
        sources: What is known of sources before the month.
        has_calendar: Whether months are told by the data. Between months that were drawn nothing drifts, so what
            differs between them is shown and decides nothing.
        cases: What the book calls several of its cases.
        awaits_outcomes: Whether the source delivers outcomes later, or never: a month without any is told as that, in
            one finding, and nothing is said of metrics.

    The state is that of the month by itself until `ActionDecision.with_state` is told of others and of trainings, and
    no rollback is among the reasons until `ActionDecision.advised` is told what earlier versions would do.
    """
    is_live = subject.sample_role == "post"
    found, earlier = figures(performance), past or Past()
    silence = undelivered(found, cases=cases) if awaits_outcomes else None
    findings = (
        [Finding("not_measurable", "label_coverage", 0.0, None, is_live, silence)]
        if silence is not None
        else performance_findings(found, model=subject.model, thresholds=thresholds, is_live=is_live, cases=cases)
    )
    if thresholds.decision_mode == "persistent":
        findings = apply_run_rules(findings, found, earlier, subject=subject, thresholds=thresholds)
    is_stability_live = set(stability.get_column("sample_role").to_list()) == {"post"}
    drift = stability_findings(stability, thresholds=thresholds, is_live=is_stability_live, cases=cases)
    findings += drift if has_calendar else [replace(each, rule="worth_watching") for each in drift]
    findings += before_outcome
    history = sources or EarlierSources()
    of_sources = DataQuality.create_empty() if quality is None else quality
    causes = source_findings(stability, of_sources, history, is_live=is_stability_live, cases=cases)
    if quality is not None:
        missing = {history.names[cause.metric]: cause.metric for cause in causes if cause.metric in history.names}
        findings += quality_findings(quality, thresholds=thresholds, is_live=is_stability_live, causes=missing)
    findings = under_causes(findings, causes, performance, stability, metrics=thresholds.metrics)
    triggered = in_order(findings, list(ACTION_OF_RULE))
    asked = {ACTION_OF_RULE[finding.rule] for finding in triggered}
    action: Action = next((one for one in _STRICTEST_FIRST if one in asked), "monitor")
    deciding = [finding for finding in triggered if action != "monitor" and ACTION_OF_RULE[finding.rule] == action]
    actionable = any(finding.is_live for finding in deciding) if deciding else is_live
    advice = RollbackAdvice("none", "a backtest is not acted on")
    if is_live:
        advice = RollbackAdvice("unknown", silence) if silence else rollback_advice(found, thresholds, cases=cases)
    fine = all_is_well(found, subject.model, thresholds)
    reasons = _reasons(triggered, subject, earlier.missing, fine=fine)
    if quality is not None and quality.is_empty():
        reasons += ("missing: the data quality of the month is not stored, so sources were not looked at",)
    judged = Judged(subject.snapshot_month, subject.model_version, action, actionable, not triggered, reasons[0])
    return ActionDecision(
        action=action,
        rule_action=action,
        actionable=actionable,
        transition=transition_of([judged], ()),
        rollback=advice,
        triggered=triggered,
        reasons=reasons,
        next_steps=NEXT_STEPS[action],
        notification=getattr(thresholds.notification, action),
    )


def obeying(
    decision: ActionDecision, override: ActionOverride | None, thresholds: MonitoringThresholds
) -> ActionDecision:
    """The decision with a person's action in place of the rules' action, and with both reasons.

    A retraining that a person asks for is acted on even where the rules looked at a backtest.
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


def _reasons(
    triggered: tuple[Finding, ...], subject: Subject, missing: tuple[date, ...], *, fine: str
) -> tuple[str, ...]:
    reasons = [finding.told for finding in triggered] or [fine]
    if subject.sample_role != "post":
        cohort, role = f"{subject.cohort:%Y-%m}", subject.sample_role
        reasons.append(f"backtest: cohort {cohort} is a {role} cohort of this version, not a later one")
    if missing:
        months = ", ".join(f"{month:%Y-%m}" for month in missing)
        reasons.append(f"missing: the performance of {months} is not stored, so what persists was judged without it")
    return tuple(reasons)
