from __future__ import annotations

import pytest

from credit_platform.monitoring.action.action import (
    NEXT_STEPS,
    Action,
    ActionDecision,
    ActionOverride,
    decide_action,
    obeying,
)
from credit_platform_tests.monitoring_rows import MONTH, figures, subject, thresholds

GOOD = {
    "roc_auc": 0.85, "accuracy": 0.80, "f1_score": 0.65, "precision": 0.66, "recall": 0.70, "roc_auc_degradation": 0.0
}  # fmt: skip


def _decide(auc: float, *, sample_role: str = "post") -> ActionDecision:
    at = subject(sample_role=sample_role)
    measured = figures(GOOD | {"roc_auc": auc}, at=at)
    scored = figures({"psi": 0.03}, at=subject(lag=0), n_bad=None)
    return decide_action(measured, scored, subject=at, thresholds=thresholds(), cases="loans")


def _override(action: Action) -> ActionOverride:
    return ActionOverride("gradient_boosting", "v1", MONTH, action, "monitor", "Ana Lim", "a campaign, not the model")


@pytest.mark.parametrize("action", ["monitor", "active_monitoring", "retrain"])
def test_the_persons_word_holds_and_both_reasons_are_told(action: Action) -> None:
    decision = obeying(_decide(0.70), _override(action), thresholds())
    assert (decision.action, decision.rule_action) == (action, "retrain")
    assert decision.reasons[0] == (
        f"overridden: Ana Lim decided {action}, the rules retrain: a campaign, not the model"
    )
    assert decision.reasons[1].startswith("below_business_threshold: roc_auc 0.7000")
    assert decision.next_steps == NEXT_STEPS[action]
    assert decision.notification == getattr(thresholds().notification, action)


def test_a_retraining_asked_for_by_a_person_is_acted_on_in_a_backtest() -> None:
    backtest = _decide(0.85, sample_role="oot")
    assert not backtest.actionable
    assert obeying(backtest, _override("retrain"), thresholds()).actionable
    assert not obeying(backtest, _override("active_monitoring"), thresholds()).actionable


def test_without_an_override_nothing_changes() -> None:
    decision = _decide(0.78)
    assert obeying(decision, None, thresholds()) is decision
