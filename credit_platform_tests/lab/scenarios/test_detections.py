"""Each detector fires on a row of its table that asks for it, and stays silent on its neighbours."""

from __future__ import annotations

from datetime import date

import polars as pl

from credit_platform.lab.scenarios.detections import (
    DeliveredMonth,
    Detector,
    ModelRecord,
    delivery_detections,
    model_detections,
)
from credit_platform.monitoring.measures import SCHEMA
from credit_platform.schemas.early_warning import EarlyPerformance, Estimate, EstimateBacktest
from credit_platform.schemas.monitoring import Action
from credit_platform_tests.monitoring_rows import MONTH, figures, subject, thresholds


def measured(metric: str, status: str, *, role: str = "post", segment: str = "all", value: float = 0.5) -> pl.DataFrame:
    rows = figures({metric: value}, at=subject(sample_role=role))
    return rows.with_columns(status=pl.lit(status), segment=pl.lit(segment))


def record(
    performance: pl.DataFrame | None = None, stability: pl.DataFrame | None = None, action: str = "monitor"
) -> ModelRecord:
    acted = Action.create_empty().vstack(
        pl.DataFrame(
            {
                "snapshot_month": [MONTH],
                "cohort": [date(2024, 12, 1)],
                "model": ["gradient_boosting"],
                "model_version": ["v"],
                "action": [action],
                "actionable": [True],
                "state": ["healthy"],
                "reasons": ["first reason\nsecond"],
                "rule_action": [action],
                "transition": ["x"],
                "rollback_within": ["none"],
            },
            schema=Action.create_empty().schema,
        )
    )
    nothing = pl.DataFrame(schema=SCHEMA)
    return ModelRecord(
        model="gradient_boosting",
        cases="loans",
        performance=nothing if performance is None else performance,
        stability=nothing if stability is None else stability,
        estimate=Estimate.create_empty(),
        estimate_backtest=EstimateBacktest.create_empty(),
        early_reads=EarlyPerformance.create_empty(),
        action=acted,
    )


def detected(found: ModelRecord) -> list[Detector]:
    return [one.detector for one in model_detections(found, thresholds())]


def test_nothing_is_detected_in_a_quiet_month() -> None:
    stability = pl.concat([measured("psi", "ok"), measured("csi", "warn", segment="emi_amount")])
    assert detected(record(measured("roc_auc", "warn"), stability)) == []


def test_scores_features_and_missing_values_are_detected_at_their_alert() -> None:
    stability = pl.concat(
        [
            measured("psi", "breach"),
            measured("csi", "breach", segment="emi_amount", value=0.31),
            measured("csi", "breach", segment="n_loans", value=0.44),
            measured("null_rate", "breach", segment="emi_amount"),
        ]
    )
    found = model_detections(record(stability=stability), thresholds())
    assert [one.detector for one in found] == [Detector.MISSING_VALUES, Detector.FEATURES, Detector.SCORES]
    assert found[1].detail == "n_loans 0.44, emi_amount 0.31"


def test_a_bad_outcome_is_detected_and_one_that_cannot_be_measured_too() -> None:
    assert detected(record(measured("roc_auc", "breach"))) == [Detector.OUTCOME]
    assert detected(record(measured("roc_auc", "insufficient"))) == [Detector.UNMEASURED]


def test_nothing_is_detected_in_a_cohort_of_the_development_sample() -> None:
    assert detected(record(measured("roc_auc", "breach", role="oot"), measured("psi", "breach", role="oot"))) == []


def test_the_action_retrain_is_a_detection_with_its_first_reason() -> None:
    (found,) = model_detections(record(action="retrain"), thresholds())
    assert (found.detector, found.month, found.detail) == (Detector.RETRAIN, MONTH, "first reason")


def test_deliveries_that_are_empty_or_refused_are_detected() -> None:
    found = delivery_detections(
        [
            DeliveredMonth("feature_clickstream", date(2024, 2, 1), 0, {}),
            DeliveredMonth(
                "lms_loan_daily", date(2024, 1, 1), 10, {"rows": "2024-01: 10 rows against a median of 400"}
            ),
            DeliveredMonth("features_attributes", date(2024, 1, 1), 400, {}),
        ]
    )
    assert [(one.month.month, one.detail.split(":")[0]) for one in found] == [
        (1, "lms_loan_daily"), (2, "feature_clickstream"),
    ]  # fmt: skip
