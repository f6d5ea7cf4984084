from __future__ import annotations

import json

import pytest

from credit_platform.monitoring.action.action import ActionDecision, decide_action
from credit_platform.monitoring.action.rollback import RollbackAdvice
from credit_platform.reports.documents.action_report import action_json, action_text
from credit_platform_tests.monitoring_rows import figures, subject, thresholds

MEASURED = {
    "roc_auc": 0.70,
    "accuracy": 0.80,
    "f1_score": 0.7,
    "precision": 0.7,
    "recall": 0.7,
    "roc_auc_degradation": 0.0,
}


@pytest.fixture
def decision() -> ActionDecision:
    scored = figures({"psi": 0.02}, at=subject(lag=0), n_bad=None)
    return decide_action(
        figures(MEASURED, at=subject()), scored, subject=subject(), thresholds=thresholds(), cases="loans"
    )


def test_the_json_holds_rule_value_threshold_steps_and_recipients(decision: ActionDecision) -> None:
    text = action_json(decision, subject=subject())
    content = json.loads(text)
    assert (content["action"], content["actionable"], content["state"]) == ("retrain", True, "retrain_required")
    assert content["triggered"][0]["rule"] == "below_business_threshold"
    assert (content["triggered"][0]["value"], content["triggered"][0]["threshold"]) == (0.70, 0.75)
    assert content["rollback"]["to"] is None
    assert "Prepare rollback plan" not in content["next_steps"]
    assert content["notification"]["channels"] == ["pagerduty", "slack", "email"]
    assert text == action_json(decision, subject=subject())


def test_the_text_tells_verdict_why_and_what_next(decision: ActionDecision) -> None:
    text = action_text(decision, subject=subject())
    assert text.startswith("Gradient boosting, 2025-06: Retrain\n")
    assert "Acted on:    yes" in text
    assert "below_business_threshold: roc_auc 0.7000" in text
    assert "1. Initiate emergency retraining workflow immediately" in text
    assert "pagerduty, slack, email to oncall" in text


def test_the_version_to_go_back_to_is_named_with_the_step_that_prepares_it(decision: ActionDecision) -> None:
    advised = decision.advised(RollbackAdvice("1 day", "version 2024-01-01-ab12 would do better", "2024-01-01-ab12"))
    content = json.loads(action_json(advised, subject=subject()))
    assert content["rollback"] == {
        "within": "1 day",
        "why": "version 2024-01-01-ab12 would do better",
        "to": "2024-01-01-ab12",
    }
    assert content["next_steps"][-1] == "Prepare rollback plan"
    text = action_text(advised, subject=subject())
    assert "Rollback:    1 day (version 2024-01-01-ab12 would do better)" in text
    assert "  - rollback: advised, within 1 day: version 2024-01-01-ab12 would do better" in text
