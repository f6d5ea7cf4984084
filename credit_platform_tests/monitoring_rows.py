"""Cohorts, subjects and figures that tests of monitoring and reports start from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from credit_platform.monitoring.measures import SCHEMA, Subject
from credit_platform.months import add_months
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.portfolios.loans.portfolio import LOANS

MONTH = date(2025, 6, 1)


def thresholds(**changes: object) -> MonitoringThresholds:
    """The shipped policy with some of its values changed."""
    return MonitoringThresholds.model_validate(_shipped().model_dump() | changes)


@lru_cache(maxsize=1)
def _shipped() -> MonitoringThresholds:
    return LOANS.load_policy().monitoring


def subject(
    *, month: date = MONTH, model: str = "gradient_boosting", sample_role: str = "post", lag: int = 6
) -> Subject:
    """A version's predictions of the cohort `lag` months before `month`."""
    return Subject(
        snapshot_month=month,
        cohort=add_months(month, -lag),
        model=model,
        model_version="2024-12-01-a1b2c3d4",
        sample_role=sample_role,  # type: ignore[arg-type]
        provenance="live",
    )


def cohort(n: int = 500, *, seed: int = 1, strength: float = 1.6) -> pl.DataFrame:
    """Scored and labelled loans whose probabilities are the true ones."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-(strength * rng.normal(size=n) - 1.2)))
    return pl.DataFrame(
        {
            "default_probability": probability,
            "decision": np.where(probability >= 0.5, "decline", "approve"),
            "label": (rng.uniform(size=n) < probability).astype(np.int8),
            "amount": rng.normal(size=n),
            "group": rng.choice(["a", "b", "c"], size=n),
        }
    )


def figures(values: Mapping[str, float | None], *, at: Subject, n: int = 500, n_bad: int | None = 140) -> pl.DataFrame:
    """Monitoring rows that hold `values`, each with an interval of 0.02 either way and status ok."""
    rows = [
        {
            "snapshot_month": at.snapshot_month,
            "cohort": at.cohort,
            "model": at.model,
            "model_version": at.model_version,
            "metric": metric,
            "segment": "all",
            "value": value,
            "ci_low": None if value is None else value - 0.02,
            "ci_high": None if value is None else value + 0.02,
            "n": n,
            "n_bad": n_bad,
            "sample_role": at.sample_role,
            "provenance": at.provenance,
            "status": "unknown" if value is None else "ok",
        }
        for metric, value in values.items()
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
