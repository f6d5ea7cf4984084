from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.months import month_range, parse_month
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of
from credit_platform.reports.dashboard.overview import VERSIONS_SCHEMA, Overview
from credit_platform_tests.monitoring_rows import figures, subject, thresholds
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS

MODELS = ("gradient_boosting", "scorecard")
FIGURES = {
    "roc_auc": 0.83, "f1_score": 0.62, "accuracy": 0.79, "bad_rate": 0.28, "mean_probability": 0.29,
    "tn": 300.0, "fp": 40.0, "fn": 60.0, "tp": 100.0,
}  # fmt: skip


def _history(last: date) -> pl.DataFrame:
    parts = []
    for month in month_range(date(2024, 10, 1), last):
        role = "post" if month > date(2024, 12, 1) else "oot"
        for model in MODELS:
            figured = figures(FIGURES, at=subject(month=month, model=model, sample_role=role))
            scored = figures({"psi": 0.04, "psi_sampling_floor": 0.02}, at=subject(month=month, model=model, lag=0))
            csi = figures({"csi": 0.3}, at=subject(month=month, model=model, lag=0)).with_columns(
                segment=pl.lit("interest_rate")
            )
            parts.append(figured.with_columns(layer=pl.lit("performance")))
            parts.append(pl.concat([scored, csi]).with_columns(layer=pl.lit("stability")))
    return pl.concat(parts).with_columns(
        observed_month="snapshot_month", snapshot_month=pl.lit(last), expected=pl.lit(None, pl.Float64)
    )


def _actions(last: date) -> pl.DataFrame:
    rows = [
        {
            "snapshot_month": month,
            "cohort": date(2024, 6, 1),
            "model": model,
            "model_version": "2024-12-01-a1b2c3d4",
            "action": "retrain" if model == MODELS[1] and month >= date(2025, 3, 1) else "monitor",
            "actionable": month > date(2024, 12, 1),
            "state": _state(model, month),
            "rule_action": "retrain" if model == MODELS[1] and month >= date(2025, 3, 1) else "monitor",
            "transition": "healthy -> retrain_required: roc_auc fell",
            "rollback_within": "none",
            "reasons": "below_business_threshold: roc_auc 0.7000 <b>low</b>\nscores_shifted: psi of the scores 0.3000",
        }
        for month in month_range(date(2024, 10, 1), last)
        for model in MODELS
    ]
    return pl.DataFrame(rows, orient="row")


def _state(model: str, month: date) -> str:
    if model == MODELS[0]:
        return "healthy"
    early = "active_monitoring" if month >= date(2025, 1, 1) else "healthy"
    return "retrain_required" if month >= date(2025, 3, 1) else early


def _versions() -> pl.DataFrame:
    def row(model: str, version: str, effective: date, auc: float, *, promoted: bool = True) -> tuple[object, ...]:
        as_of, page = parse_month(version[:10]), f"models/{model}/{version}.html"
        reasons = "A gate failed." if not promoted else "No gate failed."
        return (model, version, as_of, effective, promoted, False, False, promoted, "policy", reasons, auc, None, page)

    rows = [
        *(row(model, "2024-12-01-a1b2c3d4", date(2025, 1, 1), 0.86 - 0.03 * (model == MODELS[1])) for model in MODELS),
        row(MODELS[1], "2025-03-01-5f5f5f5f", date(2025, 4, 1), 0.79, promoted=False),
        row(MODELS[1], "2025-04-01-99ffee00", date(2025, 5, 1), 0.84),
        row(MODELS[1], "2025-08-01-77777777", date(2025, 9, 1), 0.85),
    ]
    return pl.DataFrame(rows, schema=VERSIONS_SCHEMA, orient="row")


def overview(last: date = date(2025, 4, 1)) -> Overview:
    """Two models over some months, one of which failed in 2025-03, as known in 2025-04."""
    return Overview(
        snapshot_month=last,
        aliases={MODELS[1]: "model_1", MODELS[0]: "model_2"},
        history=_history(last),
        actions=_actions(date(2025, 6, 1)),
        versions=_versions(),
        backtest=tables_of(LOANS).of_models["estimate_backtest"].create_empty(),
        early_reads=tables_of(LOANS).of_models["early_reads"].create_empty(),
        fair_lending=tables_of(LOANS).of_models["fair_lending"].create_empty(),
        champion_challenger=tables_of(LOANS).shared["monitoring/champion_challenger"].create_empty(),
        vintages=tables_of(LOANS).shared["gold/vintages"].create_empty(),
        roll_rates=tables_of(LOANS).shared["gold/roll_rates"].create_empty(),
        thresholds=thresholds(),
        book=SHOWN_LOANS,
        month_pages={last: f"months/{last:%Y-%m}.html"},
        links={"Data quality": "data_quality.html"},
    )


@pytest.fixture(scope="session")
def seen() -> Overview:
    return overview()
