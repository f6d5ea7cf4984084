from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl
import pytest

from credit_platform.lending.months import month_range
from credit_platform_tests.monitoring_rows import figures, subject

MODELS = ("gradient_boosting", "logistic_regression")
FIGURES = {
    "roc_auc": 0.83, "f1_score": 0.62, "accuracy": 0.79, "bad_rate": 0.28, "mean_probability": 0.29,
    "tn": 300.0, "fp": 40.0, "fn": 60.0, "tp": 100.0,
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    month: date
    history: pl.DataFrame
    actions: pl.DataFrame
    versions: pl.DataFrame


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
    return pl.concat(parts).with_columns(observed_month="snapshot_month", snapshot_month=pl.lit(last))


def _actions(last: date) -> pl.DataFrame:
    rows = [
        {
            "snapshot_month": month,
            "cohort": date(2024, 6, 1),
            "model": model,
            "model_version": "2024-12-01-a1b2c3d4",
            "action": "retrain" if model == MODELS[1] and month >= date(2025, 3, 1) else "monitor",
            "actionable": month > date(2024, 12, 1),
            "state": "retrain_required" if model == MODELS[1] and month >= date(2025, 3, 1) else "healthy",
            "reasons": "below_business_threshold: roc_auc 0.7000 <b>low</b>\nscores_shifted: psi of the scores 0.3000",
        }
        for month in month_range(date(2024, 10, 1), last)
        for model in MODELS
    ]
    return pl.DataFrame(rows, orient="row")


@pytest.fixture(scope="session")
def seen() -> Seen:
    last = date(2025, 4, 1)
    versions = pl.DataFrame(
        {
            "model": [*MODELS, MODELS[1], MODELS[1]],
            "model_version": ["2024-12-01-a1b2c3d4"] * 2 + ["2025-04-01-99ffee00", "2025-08-01-77777777"],
            "effective_month": [date(2025, 1, 1)] * 2 + [date(2025, 5, 1), date(2025, 9, 1)],
            "oot_roc_auc": [0.86, 0.83, 0.84, 0.85],
        }
    )
    return Seen(month=last, history=_history(last), actions=_actions(date(2025, 6, 1)), versions=versions)
