"""Each detector raises on a planted row of its table and stays silent on its neighbours."""

from __future__ import annotations

from datetime import date

import polars as pl

from credit_platform.lab.scenarios.detections import Delivered, Detector, ModelRecord, delivery_signs, model_signs
from credit_platform.monitoring.measures import SCHEMA
from credit_platform.schemas.early_warning import EarlyReads, Estimate, EstimateBacktest
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
        performance=nothing if performance is None else performance,
        stability=nothing if stability is None else stability,
        estimate=Estimate.create_empty(),
        estimate_backtest=EstimateBacktest.create_empty(),
        early_reads=EarlyReads.create_empty(),
        action=acted,
    )


def raised(found: ModelRecord) -> list[Detector]:
    return [sign.detector for sign in model_signs(found, thresholds())]


def test_a_quiet_month_raises_nothing() -> None:
    stability = pl.concat([measured("psi", "ok"), measured("csi", "warn", segment="emi_amount")])
    assert raised(record(measured("roc_auc", "warn"), stability)) == []


def test_scores_features_and_missing_values_raise_at_their_alert() -> None:
    stability = pl.concat(
        [
            measured("psi", "breach"),
            measured("csi", "breach", segment="emi_amount", value=0.31),
            measured("csi", "breach", segment="n_loans", value=0.44),
            measured("null_rate", "breach", segment="emi_amount"),
        ]
    )
    signs = model_signs(record(stability=stability), thresholds())
    assert [sign.detector for sign in signs] == [Detector.MISSING_VALUES, Detector.FEATURES, Detector.SCORES]
    assert signs[1].detail == "n_loans 0.44, emi_amount 0.31"


def test_an_outcome_raises_and_one_that_cannot_be_measured_says_so() -> None:
    assert raised(record(measured("roc_auc", "breach"))) == [Detector.OUTCOME]
    assert raised(record(measured("roc_auc", "insufficient"))) == [Detector.UNMEASURED]


def test_a_cohort_of_the_development_sample_raises_nothing() -> None:
    assert raised(record(measured("roc_auc", "breach", role="oot"), measured("psi", "breach", role="oot"))) == []


def test_the_action_retrain_is_a_sign_with_its_first_reason() -> None:
    (sign,) = model_signs(record(action="retrain"), thresholds())
    assert (sign.detector, sign.month, sign.detail) == (Detector.RETRAIN, MONTH, "first reason")


def test_deliveries_that_are_empty_or_refused_raise() -> None:
    signs = delivery_signs(
        [
            Delivered("feature_clickstream", date(2024, 2, 1), 0, {}),
            Delivered("lms_loan_daily", date(2024, 1, 1), 10, {"rows": "2024-01: 10 rows against a median of 400"}),
            Delivered("features_attributes", date(2024, 1, 1), 400, {}),
        ]
    )
    assert [(sign.month.month, sign.detail.split(":")[0]) for sign in signs] == [
        (1, "lms_loan_daily"), (2, "feature_clickstream"),
    ]  # fmt: skip
