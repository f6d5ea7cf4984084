"""Loans of several cohorts on which two models with known quality are held against each other."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from credit_platform.months import add_months
from credit_platform.scoring.champion_challenger.comparison import PAIRED_SCHEMA
from credit_platform.statistics.calibration import probability_of

FIRST_COHORT = date(2024, 1, 1)


def paired_loans(
    *,
    n_cohorts: int = 4,
    per_cohort: int = 400,
    champion_noise: float = 0.0,
    challenger_noise: float = 0.0,
    challenger_slope: float = 1.0,
    seed: int = 1,
) -> pl.DataFrame:
    """Outcomes of known log-odds, which each model sees through noise of its own; a slope overstates the odds."""
    random = np.random.default_rng(seed)
    n = n_cohorts * per_cohort
    odds = random.normal(-1.2, 1.8, n)
    champion = odds + random.normal(0, champion_noise, n)
    challenger = challenger_slope * (odds + random.normal(0, challenger_noise, n))
    return pl.DataFrame(
        {
            "cohort": [add_months(FIRST_COHORT, place) for place in range(n_cohorts) for _ in range(per_cohort)],
            "case_id": [f"loan-{place:05}" for place in range(n)],
            "label": (random.random(n) < probability_of(odds)).astype(np.int8),
            "champion_probability": probability_of(champion),
            "challenger_probability": probability_of(challenger),
        },
        schema=PAIRED_SCHEMA,
    )
