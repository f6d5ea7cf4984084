from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.action.action import ActionDecision, decide_action
from credit_platform.monitoring.action.run_rules import Past
from credit_platform.months import add_months
from credit_platform_tests.monitoring_rows import MONTH, figures, subject, thresholds

GOOD = {"roc_auc": 0.85, "accuracy": 0.80, "f1_score": 0.65, "precision": 0.66, "recall": 0.70}
STABLE = {"psi": 0.03, "mean_probability_drift": 0.02, "std_probability_drift": 0.02}


def _month(back: int, *, sample_role: str = "post", version: str | None = None, **values: float | None) -> pl.DataFrame:
    at = subject(month=add_months(MONTH, -back), sample_role=sample_role)
    # An interval of 0.02 either way, as `figures` gives it.
    rows = figures(GOOD | {"roc_auc_degradation": 0.0} | values, at=at)
    return rows if version is None else rows.with_columns(model_version=pl.lit(version))


def _decide(*months: pl.DataFrame, missing: tuple[date, ...] = (), **changes: object) -> ActionDecision:
    """Decide on the first month; the others lie before it."""
    now, *before = months
    past = Past(pl.concat(before), missing) if before else Past(missing=missing)
    role = now["sample_role"][0]
    scored = figures(STABLE, at=subject(lag=0), n_bad=None)
    policy = thresholds(decision_mode="persistent", **changes)
    return decide_action(now, scored, subject=subject(sample_role=role), thresholds=policy, past=past, cases="loans")


def persistence(*, found: int = 2, of: int = 3, is_pooled: bool = True) -> dict[str, object]:
    return {"months_found": found, "months_looked_at": of, "is_pooled": is_pooled}


def test_persistent_is_shipped_with_two_of_three_months() -> None:
    policy = thresholds()
    assert (policy.decision_mode, policy.run_rules.model_dump()) == ("persistent", persistence())


def test_one_month_below_the_data_science_floor_is_watched_and_says_what_is_missing_to_act() -> None:
    decision = _decide(_month(0, roc_auc=0.79), _month(1), _month(2))
    assert (decision.action, decision.state) == ("monitor", "watch")
    assert decision.reasons[0].startswith("worth_watching: roc_auc 0.7900")
    assert decision.reasons[0].endswith("seen in 1 of the last 3 months, 2 are needed")


@pytest.mark.parametrize("back", [1, 2])
def test_two_months_of_three_call_for_active_monitoring(back: int) -> None:
    months = {1: _month(1), 2: _month(2)} | {back: _month(back, roc_auc=0.74)}
    decision = _decide(_month(0, roc_auc=0.765), months[1], months[2])
    assert decision.action == "active_monitoring"
    assert decision.reasons[0].startswith("below_data_science_threshold: roc_auc 0.7650")


def test_a_month_that_is_fine_itself_is_left_alone_after_two_that_were_not() -> None:
    assert _decide(_month(0), _month(1, roc_auc=0.78), _month(2, roc_auc=0.78)).state == "healthy"


def test_months_that_chance_explains_together_are_watched_unless_policy_does_not_pool() -> None:
    months = (_month(0, roc_auc=0.79), _month(1, roc_auc=0.795), _month(2))
    decision = _decide(*months)
    assert decision.action == "monitor"
    assert "seen in 2 of the last 3 months, which chance can explain: together they reach 0.82" in decision.reasons[0]
    assert _decide(*months, run_rules=persistence(is_pooled=False)).action == "active_monitoring"


def test_a_warning_beyond_chance_acts_at_once() -> None:
    decision = _decide(_month(0, roc_auc=0.77))
    assert decision.action == "active_monitoring"
    assert decision.reasons[0].endswith("the whole interval lies below 0.8")


def test_a_breach_beyond_chance_is_retrained_at_once() -> None:
    decision = _decide(_month(0, accuracy=0.67), _month(1), _month(2))
    assert decision.action == "retrain"
    assert decision.reasons[0].endswith("the whole interval lies below 0.7")


def test_a_breach_that_chance_explains_is_a_warning_until_it_persists() -> None:
    once = _decide(_month(0, roc_auc=0.74), _month(1), _month(2))
    assert (once.action, once.triggered[0].threshold) == ("active_monitoring", 0.80)
    assert once.reasons[0].startswith("below_data_science_threshold: roc_auc 0.7400")
    twice = _decide(_month(0, roc_auc=0.74), _month(1), _month(2, roc_auc=0.749))
    assert (twice.action, twice.triggered[0].threshold) == ("retrain", 0.75)
    assert twice.reasons[0].endswith("seen in 2 of the last 3 months")
    # Its interval reaches above 0.75 and above 0.80: a warning as well only if that persists.
    assert _decide(_month(0, accuracy=0.699).with_columns(ci_high=pl.lit(0.9)), _month(1)).action == "monitor"


def test_each_metric_persists_by_itself() -> None:
    assert _decide(_month(0, roc_auc=0.79), _month(1, accuracy=0.74), _month(2, accuracy=0.74)).action == "monitor"


@pytest.mark.parametrize(
    "before",
    [
        _month(1, roc_auc=0.70, version="2024-09-01-another"),
        _month(1, roc_auc=0.70, sample_role="oot"),
        _month(3, roc_auc=0.70),
        _month(-1, roc_auc=0.70),
        _month(1, roc_auc=0.70).with_columns(n_bad=pl.lit(29, dtype=pl.Int64)),
        _month(1, roc_auc=None),
    ],
    ids=["another version", "backtest", "too long ago", "later", "too few bads", "not measured"],
)
def test_only_measured_live_months_of_the_same_version_within_reach_count(before: pl.DataFrame) -> None:
    assert _decide(_month(0, roc_auc=0.785), before).action == "monitor"
    assert _decide(_month(0, roc_auc=0.785), _month(1, roc_auc=0.76)).action == "active_monitoring"


def test_a_loss_must_be_beyond_chance_twice_or_beyond_the_limit_at_once() -> None:
    now, before = _month(0, roc_auc_degradation=0.06), _month(1, roc_auc_degradation=0.06)
    assert _decide(now, _month(1), _month(2)).action == "monitor"
    assert _decide(now, before).action == "active_monitoring"
    assert _decide(_month(0, roc_auc_degradation=0.08)).action == "active_monitoring"
    decision = _decide(*(month.with_columns(ci_low=pl.lit(-0.01)) for month in (now, before)))
    assert (decision.action, "chance can explain" in decision.reasons[0]) == ("monitor", True)


def test_a_missing_month_is_said_and_does_not_count() -> None:
    decision = _decide(_month(0, roc_auc=0.785), missing=(add_months(MONTH, -2), add_months(MONTH, -1)))
    assert decision.action == "monitor"
    assert "(1 comparable)" in decision.reasons[0]
    assert "the performance of 2025-04, 2025-05 is not stored" in decision.reasons[-1]
    assert "not stored" in _decide(_month(0), missing=(add_months(MONTH, -1),)).reasons[-1]


def test_a_backtest_persists_among_backtests() -> None:
    months = (_month(0, roc_auc=0.785, sample_role="oot"), _month(1, roc_auc=0.76, sample_role="test"))
    decision = _decide(*months)
    assert (decision.action, decision.actionable) == ("active_monitoring", False)
