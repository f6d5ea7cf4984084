from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.action.action import decide_action
from credit_platform.monitoring.action.findings import Finding
from credit_platform.monitoring.early_warning.early_findings import early_performance_findings, estimate_findings
from credit_platform.monitoring.early_warning.early_performance import SCHEMA
from credit_platform.months import add_months
from credit_platform_tests.monitoring_rows import MONTH, figures, subject, thresholds

GOOD = {"roc_auc": 0.85, "accuracy": 0.80, "f1_score": 0.7, "precision": 0.7, "recall": 0.7, "roc_auc_degradation": 0.0}
STABLE = {"psi": 0.03, "mean_probability_drift": 0.02, "std_probability_drift": 0.02}
NO_BACKTEST = pl.DataFrame(schema={"metric": pl.String, "may_be_shown": pl.Boolean})


def estimated(values: dict[str, float | None], *, hidden: tuple[str, ...] = (), status: str = "ok") -> list[Finding]:
    """Findings of estimates whose intervals reach 0.02 either way."""
    estimate = figures(values, at=subject(lag=0), n_bad=None).with_columns(
        status=pl.when(pl.col("value").is_null()).then(pl.lit("unknown")).otherwise(pl.lit(status))
    )
    backtest = pl.DataFrame({"metric": ["roc_auc", "accuracy"]}).with_columns(
        may_be_shown=~pl.col("metric").is_in(list(hidden))
    )
    return estimate_findings(
        estimate, backtest, model="gradient_boosting", thresholds=thresholds(), is_live=True, cases="loans"
    )


@pytest.mark.parametrize(
    ("auc", "floor"), [(0.79, None), (0.781, None), (0.779, 0.80), (0.74, 0.80), (0.729, 0.75), (None, None)]
)
def test_an_estimate_speaks_only_with_its_whole_interval(auc: float | None, floor: float | None) -> None:
    found = estimated({"roc_auc": auc})
    assert [finding.threshold for finding in found] == ([floor] if floor else [])
    assert all(finding.rule == "estimated_below_threshold" for finding in found)


def test_metrics_that_only_inform_and_metrics_hidden_by_the_backtest_are_silent() -> None:
    assert estimated({"f1_score": 0.1, "recall": 0.1}) == []
    assert estimated({"roc_auc": 0.6}, hidden=("roc_auc",)) == []
    assert [finding.metric for finding in estimated({"roc_auc": 0.6, "accuracy": 0.5}, hidden=("roc_auc",))] == [
        "accuracy"
    ]
    assert estimated({"roc_auc": 0.6}, status="insufficient") == []


def test_without_a_backtest_or_an_estimate_there_is_no_error() -> None:
    at = figures({"roc_auc": 0.6}, at=subject(lag=0), n_bad=None)
    for estimate, n_found in ((at, 1), (at.clear(), 0)):
        found = estimate_findings(
            estimate, NO_BACKTEST, model="gradient_boosting", thresholds=thresholds(), is_live=False, cases="loans"
        )
        assert len(found) == n_found
        assert not any(finding.is_live for finding in found)


def read(
    metric: str = "roc_auc",
    *,
    p: float | None = 0.001,
    segment: str = "dpd_30_at_mob_4",
    read_month: date = MONTH,
    role: str = "post",
) -> dict[str, object]:
    return {
        "snapshot_month": MONTH,
        "cohort": add_months(MONTH, -4),
        "model": "gradient_boosting",
        "model_version": "2024-12-01-a1b2c3d4",
        "metric": metric,
        "segment": segment,
        "value": 0.66,
        "n": 500,
        "n_bad": 115,
        "sample_role": role,
        "provenance": "live",
        "status": "warn" if p is not None and p < 0.005 else "ok",
        "read_month": read_month,
        "mob": 4,
        "expected": 0.80,
        "p_value": p,
        "holm_p_value": p,
        "n_history_cohorts": 12,
    }


def found_in(*rows: dict[str, object]) -> list[Finding]:
    return early_performance_findings(pl.DataFrame(list(rows), schema=SCHEMA, orient="row"), thresholds=thresholds())


def test_a_departure_that_became_known_in_the_month_is_told_with_what_was_expected() -> None:
    (finding,) = found_in(read(), read("bad_rate", p=0.2))
    assert (finding.rule, finding.metric, finding.value, finding.threshold) == (
        "early_reads_worse",
        "early_roc_auc",
        0.66,
        0.80,
    )
    assert finding.is_live
    assert "dpd_30_at_mob_4 of cohort 2025-02" in finding.reason
    assert "0.8000 was expected" in finding.reason


def test_what_chance_explains_what_was_told_before_and_what_was_not_tested_is_silent() -> None:
    assert found_in(read(p=0.006), read(read_month=add_months(MONTH, -1)), read(p=None)) == []
    assert found_in() == []


def test_each_metric_is_told_once_the_clearest_live_departure_first() -> None:
    rate, auc = found_in(
        read("bad_rate", p=0.001, segment="all_reads"),
        read("roc_auc", p=0.0001, role="oot"),
        read("roc_auc", p=0.0015, segment="dpd_15_at_mob_3"),
    )
    assert (rate.metric, auc.metric) == ("early_bad_rate", "early_roc_auc")
    assert "all open cohorts together" in rate.reason
    assert auc.is_live
    assert "dpd_15_at_mob_3" in auc.reason.split("; also ")[0]
    assert "dpd_30_at_mob_4" in auc.reason.split("; also ")[1]
    assert not found_in(read(role="oot"))[0].is_live


@pytest.mark.parametrize("early", [estimated({"roc_auc": 0.5}), found_in(read())])
def test_what_is_seen_before_the_outcome_asks_for_a_closer_watch_and_never_for_a_retraining(
    early: list[Finding],
) -> None:
    def decide(auc: float) -> str:
        at, scored = subject(), subject(lag=0)
        decision = decide_action(
            figures(GOOD | {"roc_auc": auc}, at=at),
            figures(STABLE, at=scored, n_bad=None),
            subject=at,
            thresholds=thresholds(),
            before_outcome=early,
            cases="loans",
        )
        assert any(finding in decision.triggered for finding in early)
        return decision.action

    assert early
    assert decide(0.85) == "active_monitoring"
    assert decide(0.70) == "retrain"
