"""Actions by floors that are shares of the version's own out-of-time result."""

from __future__ import annotations

import pytest

from credit_platform.monitoring.action.action import ActionDecision, decide_action
from credit_platform.monitoring.performance.degradation import Baseline
from credit_platform.monitoring.performance.performance import measure_performance
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform_tests.monitoring_rows import cohort, figures, subject, thresholds

STABLE = {"psi": 0.03, "mean_probability_drift": 0.02, "std_probability_drift": 0.02}
F1 = {"priority": "P0", "business_share_of_oot": 0.85, "data_science_share_of_oot": 0.93}


def policy(reached: float | None, **changes: object) -> MonitoringThresholds:
    """F1 alone decides, by shares of what the version reached."""
    told = thresholds(**{"metrics": {"f1_score": F1}, "decision_mode": "point"} | changes)
    return told.of_version("gradient_boosting", {"f1_score": reached})


def decide(f1: float, told: MonitoringThresholds) -> ActionDecision:
    measured = figures({"roc_auc": 0.85, "f1_score": f1, "roc_auc_degradation": 0.01}, at=subject(), n_bad=140)
    scored = figures(STABLE, at=subject(lag=0), n_bad=None)
    return decide_action(measured, scored, subject=subject(), thresholds=told, cases="loans")


@pytest.mark.parametrize(
    ("f1", "action"),
    [(0.42, "retrain"), (0.4251, "active_monitoring"), (0.4649, "active_monitoring"), (0.4651, "monitor")],
)
def test_the_action_follows_the_share(f1: float, action: str) -> None:
    assert decide(f1, policy(0.5)).action == action


def test_the_reason_says_what_the_share_came_to() -> None:
    assert (
        "value below the business threshold 0.4250, 85 % of the out-of-time 0.5000 (P0)"
        in decide(0.42, policy(0.5)).reasons[0]
    )
    assert "f1_score 0.4700 (0.4650, 93 % of the out-of-time 0.5000)" in decide(0.47, policy(0.5)).reasons[0]


def test_without_an_out_of_time_result_nothing_is_said_to_be_well() -> None:
    decision = decide(0.99, policy(None))
    assert decision.action == "active_monitoring"
    assert decision.reasons[0] == (
        "not_measurable: f1_score 0.9900: its floor is a share of the version's out-of-time f1_score, "
        "which is not known (P0)"
    )


def test_the_same_figure_is_judged_by_the_interval_where_policy_says_so() -> None:
    assert decide(0.42, policy(0.5, decision_mode="ci_upper")).action != "retrain"
    assert decide(0.38, policy(0.5, decision_mode="ci_upper")).action == "retrain"


def test_the_floor_of_the_environment_decides_in_place_of_the_share() -> None:
    told = policy(0.5)
    assert decide(0.47, told.retrained_below("f1_score", 0.48)).action == "retrain"
    assert decide(0.42, told.retrained_below("f1_score", 0.30)).action == "active_monitoring"
    # An absolute floor needs no result of the version.
    assert decide(0.42, policy(None).retrained_below("f1_score", 0.48)).action == "retrain"


@pytest.mark.parametrize(("reached", "status"), [(0.1, "ok"), (0.99, "breach"), (None, "unknown")])
def test_the_figures_of_a_month_have_the_status_of_the_versions_floor(reached: float | None, status: str) -> None:
    measured = measure_performance(cohort(2000), subject=subject(), thresholds=policy(reached), baseline=Baseline())
    assert measured.filter(metric="f1_score", segment="all")["status"].item() == status
