from __future__ import annotations

import polars as pl
import pytest

from credit_platform.monitoring.action.action import NEXT_STEPS, ActionDecision, decide_action
from credit_platform.monitoring.measures import SCHEMA
from credit_platform.schemas.monitoring import Action
from credit_platform_tests.monitoring_rows import figures, subject, thresholds

GOOD = {
    "roc_auc": 0.85, "accuracy": 0.80, "f1_score": 0.65, "precision": 0.66, "recall": 0.70, "roc_auc_degradation": 0.01
}  # fmt: skip
DEGRADED = "degraded_against_out_of_time"
STABLE = {"psi": 0.03, "mean_probability_drift": 0.02, "std_probability_drift": 0.02}


def _decide(
    *,
    performance: dict[str, float | None] | None = None,
    psi: float | None = 0.03,
    n_bad: int = 140,
    sample_role: str = "post",
    stability_role: str = "post",
    **changes: object,
) -> ActionDecision:
    at = subject(sample_role=sample_role)
    measured = figures(GOOD | (performance or {}), at=at, n_bad=n_bad)
    scored = figures(STABLE | {"psi": psi}, at=subject(lag=0, sample_role=stability_role), n_bad=None)
    policy = thresholds(**{"decision_mode": "point"} | changes)
    return decide_action(measured, scored, subject=at, thresholds=policy, cases="loans")


@pytest.mark.parametrize(
    ("performance", "psi", "action", "state", "rule"),
    [
        ({}, 0.03, "monitor", "healthy", None),
        ({"roc_auc": 0.80, "accuracy": 0.75, "roc_auc_degradation": 0.05}, 0.0999, "monitor", "healthy", None),
        ({"roc_auc": 0.7499}, 0.03, "retrain", "retrain_required", "below_business_threshold"),
        ({"roc_auc": 0.75}, 0.03, "active_monitoring", "active_monitoring", "below_data_science_threshold"),
        ({"roc_auc": 0.7999}, 0.03, "active_monitoring", "active_monitoring", "below_data_science_threshold"),
        ({"accuracy": 0.6999}, 0.03, "retrain", "retrain_required", "below_business_threshold"),
        ({"accuracy": 0.70}, 0.03, "active_monitoring", "active_monitoring", "below_data_science_threshold"),
        ({"roc_auc_degradation": 0.0501}, 0.03, "active_monitoring", "active_monitoring", DEGRADED),
        ({}, 0.25, "active_monitoring", "active_monitoring", "scores_shifted"),
        ({}, 0.10, "monitor", "watch", "worth_watching"),
        ({}, None, "monitor", "watch", "worth_watching"),
        ({"f1_score": 0.59}, 0.03, "monitor", "watch", "worth_watching"),
        ({"precision": 0.10}, 0.03, "monitor", "watch", "worth_watching"),
        ({"recall": 0.64}, 0.03, "monitor", "watch", "worth_watching"),
        ({"recall": None}, 0.03, "monitor", "watch", "worth_watching"),
        ({"roc_auc": None}, 0.03, "active_monitoring", "active_monitoring", "not_measurable"),
        ({"accuracy": None}, 0.03, "active_monitoring", "active_monitoring", "not_measurable"),
        ({"roc_auc_degradation": None}, 0.03, "active_monitoring", "active_monitoring", "not_measurable"),
    ],
)  # fmt: skip
def test_the_rule_table(
    performance: dict[str, float | None], psi: float | None, action: str, state: str, rule: str | None
) -> None:
    decision = _decide(performance=performance, psi=psi)
    assert (decision.action, decision.state) == (action, state)
    assert [finding.rule for finding in decision.triggered[:1]] == ([rule] if rule else [])
    assert decision.actionable


def test_the_strictest_rule_decides_and_every_finding_is_told() -> None:
    decision = _decide(performance={"roc_auc": 0.70, "accuracy": 0.72, "roc_auc_degradation": 0.2}, psi=0.4)
    assert decision.action == "retrain"
    assert [finding.rule for finding in decision.triggered] == [
        "below_business_threshold",
        "below_data_science_threshold",
        "degraded_against_out_of_time",
        "scores_shifted",
    ]
    assert "roc_auc 0.7000" in decision.reasons[0]
    assert "0.75" in decision.reasons[0]
    assert (decision.triggered[0].value, decision.triggered[0].threshold) == (0.70, 0.75)


def test_too_few_bads_never_lead_to_monitor_or_retrain() -> None:
    for auc in (0.99, 0.50):
        decision = _decide(performance={"roc_auc": auc}, n_bad=29)
        assert decision.action == "active_monitoring"
        assert any("29 bads" in reason for reason in decision.reasons)
    assert _decide(n_bad=30).action == "monitor"


def test_no_figures_at_all_lead_to_active_monitoring() -> None:
    nothing = pl.DataFrame(schema=SCHEMA)
    decision = decide_action(nothing, nothing, subject=subject(), thresholds=thresholds(), cases="loans")
    assert decision.action == "active_monitoring"
    assert decision.actionable


@pytest.mark.parametrize(
    ("auc", "mode", "action"),
    [
        (0.79, "point", "active_monitoring"),
        (0.79, "ci_upper", "monitor"),  # interval reaches 0.81
        (0.77, "ci_upper", "active_monitoring"),
        (0.74, "point", "retrain"),
        (0.74, "ci_upper", "active_monitoring"),
        (0.72, "ci_upper", "retrain"),
    ],
)
def test_the_decision_mode_says_what_is_held_against_the_floors(auc: float, mode: str, action: str) -> None:
    assert _decide(performance={"roc_auc": auc}, decision_mode=mode).action == action


def test_a_loss_that_chance_explains_is_not_degradation_under_ci_upper() -> None:
    assert _decide(performance={"roc_auc_degradation": 0.06}, decision_mode="ci_upper").action == "monitor"
    assert _decide(performance={"roc_auc_degradation": 0.08}, decision_mode="ci_upper").action == "active_monitoring"


@pytest.mark.parametrize("role", ["train", "validation", "test", "oot", "outside"])
def test_a_backtest_is_shown_and_not_acted_on(role: str) -> None:
    decision = _decide(performance={"roc_auc": 0.6}, sample_role=role)
    assert decision.action == "retrain"
    assert not decision.actionable
    assert "backtest" in decision.reasons[-1]


def test_a_shift_of_live_scores_is_acted_on_beside_a_backtest() -> None:
    assert _decide(psi=0.3, sample_role="oot").actionable
    assert not _decide(psi=0.3, sample_role="oot", stability_role="oot").actionable


def test_an_override_counts_for_its_model_only() -> None:
    override = {"roc_auc": {"business_threshold": 0.9, "data_science_threshold": 0.95}}
    assert _decide(model_overrides={"gradient_boosting": override}).action == "retrain"
    assert _decide(model_overrides={"scorecard": override}).action == "monitor"


def test_a_metric_may_be_watched_only_where_it_fails() -> None:
    softened = {"accuracy": {"on_business_breach": "active_monitoring"}}
    policy = {"gradient_boosting": softened}
    decision = _decide(performance={"accuracy": 0.60}, model_overrides=policy)
    assert (decision.action, decision.triggered[0].rule) == ("active_monitoring", "below_data_science_threshold")
    assert "below the business threshold 0.7 " in decision.reasons[0]
    assert _decide(performance={"roc_auc": 0.60}, model_overrides=policy).action == "retrain"


def test_probabilities_too_low_overall_are_watched() -> None:
    measured = figures(GOOD | {"calibration_in_the_large": 0.4}, at=subject()).with_columns(
        status=pl.when(metric="calibration_in_the_large").then(pl.lit("warn")).otherwise("status")
    )
    scored = figures(STABLE, at=subject(lag=0), n_bad=None)
    decision = decide_action(measured, scored, subject=subject(), thresholds=thresholds(), cases="loans")
    assert (decision.state, "too low overall" in decision.reasons[0]) == ("watch", True)


def test_shifted_features_are_named_and_watched() -> None:
    at = subject(lag=0)
    shifted = figures({"csi": 0.9}, at=at, n_bad=None).with_columns(
        segment=pl.lit("fe_10_mean"), status=pl.lit("breach")
    )
    decision = decide_action(
        figures(GOOD, at=subject()),
        pl.concat([figures(STABLE, at=at, n_bad=None), shifted]),
        subject=subject(),
        thresholds=thresholds(),
        cases="loans",
    )
    assert (decision.action, decision.state) == ("monitor", "watch")
    assert "fe_10_mean" in decision.reasons[0]


@pytest.mark.parametrize(
    ("auc", "action", "channels"),
    [
        (0.85, "monitor", ("email",)),
        (0.78, "active_monitoring", ("slack", "email")),
        (0.70, "retrain", ("pagerduty", "slack", "email")),
    ],
)
def test_next_steps_and_channels_follow_the_action(auc: float, action: str, channels: tuple[str, ...]) -> None:
    decision = _decide(performance={"roc_auc": auc})
    assert decision.next_steps == NEXT_STEPS[decision.action]
    assert decision.action == action
    assert decision.notification.channels == channels


def test_the_decision_becomes_one_row_of_the_action_table() -> None:
    at = subject()
    row = Action.validate(_decide(performance={"roc_auc": 0.70, "accuracy": 0.72}).to_frame(at)).row(0, named=True)
    assert row["action"] == "retrain"
    assert len(row["reasons"].split("\n")) == 2


def quality(*scores: tuple[str, str, float | None]) -> pl.DataFrame:
    """Rows of monitoring/data_quality: source, dimension, value."""
    rows = [{"source": s, "dimension": d, "value": v, "detail": "0 of 120 rows"} for s, d, v in scores]
    return pl.DataFrame(
        rows, schema={"source": pl.String, "dimension": pl.String, "value": pl.Float64, "detail": pl.String}
    )


def judged_with(scores: pl.DataFrame) -> ActionDecision:
    at = subject()
    measured, scored = figures(GOOD, at=at, n_bad=140), figures(STABLE, at=subject(lag=0), n_bad=None)
    return decide_action(measured, scored, subject=at, thresholds=thresholds(), quality=scores, cases="loans")


def test_a_source_that_went_dark_is_watched_and_named_once_with_its_worst_dimension() -> None:
    fine = quality(("features_attributes", "validity", 0.97), ("feature_clickstream", "volume", None))
    assert (judged_with(fine).action, judged_with(fine).state) == ("monitor", "healthy")
    dark = quality(
        ("feature_clickstream", "completeness", 0.0),
        ("feature_clickstream", "volume", 0.2),
        ("feature_clickstream", "total", 0.0),
        ("features_attributes", "validity", 0.97),
    )
    decision = judged_with(dark)
    assert (decision.action, decision.state) == ("monitor", "watch")
    assert decision.reasons == (
        "worth_watching: data_quality of feature_clickstream: completeness 0.0000 is below 0.5 (0 of 120 rows)",
    )


def test_a_month_whose_data_quality_was_never_scored_says_so() -> None:
    assert judged_with(quality()).reasons[-1].startswith("missing: the data quality of the month is not stored")


def test_a_healthy_month_names_every_value_that_decides_and_its_threshold() -> None:
    (reason,) = judged_with(quality(("features_attributes", "validity", 1.0))).reasons
    assert reason.startswith("every P0 and P1 metric is at or above its data-science threshold: roc_auc 0.")
    assert "(0.8), accuracy 0." in reason
    assert reason.endswith("(0.75)")


@pytest.mark.parametrize(("awaits", "n_findings"), [(True, 1), (False, 3)])
def test_a_month_whose_outcome_was_not_delivered_is_one_sentence_and_never_green(
    *, awaits: bool, n_findings: int
) -> None:
    at = subject()
    measured = figures({"label_coverage": 0.0}, at=at).with_columns(n=pl.lit(1430, pl.Int64))
    scored = figures({"psi": 0.01}, at=at)
    decision = decide_action(
        measured, scored, subject=at, thresholds=thresholds(), cases="applications", awaits_outcomes=awaits
    )
    assert decision.action == "active_monitoring"
    deciding = [finding for finding in decision.triggered if finding.rule == "not_measurable"]
    assert len(deciding) == n_findings
    if awaits:
        said = "no outcome has been delivered for the month's 1,430 applications"
        assert decision.reasons == (f"not_measurable: {said}",)
        assert decision.rollback.within == "unknown"
        assert decision.rollback.why == said
