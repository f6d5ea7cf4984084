"""Points, risk grade and decision of a default probability, as expressions.

The scaling, the master scale and the cut-off are policy; predicting the probability belongs to training.
"""

from collections.abc import Sequence
from functools import reduce
from math import log

import polars as pl

from credit_platform.policy.model_config import Grade, Scaling

# Odds of a million to one either way: the points stay finite and fit their column, and no decision is near it.
PROBABILITY_FLOOR = 1e-6


def score_points(probability: pl.Expr, scaling: Scaling) -> pl.Expr:
    """Scorecard points, Int32, more is better: offset + factor * ln((1 - p) / p).

    `base_score` points at `base_odds` goods per bad, and `pdo` more points for each doubling of these odds.
    """
    factor = scaling.pdo / log(2)
    offset = scaling.base_score - factor * log(scaling.base_odds)
    inner = probability.clip(PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    return (offset + factor * ((1 - inner) / inner).log()).round().cast(pl.Int32).alias("score")


def risk_grade(probability: pl.Expr, grades: Sequence[Grade]) -> pl.Expr:
    """Name of the first grade whose `max_probability` is not exceeded; null for a null probability."""
    # Built from the last grade up, so that the first one that applies decides.
    name: pl.Expr = reduce(
        lambda worse, grade: (
            pl.when(probability <= grade.max_probability).then(pl.lit(grade.name, dtype=pl.String)).otherwise(worse)
        ),
        reversed(grades),
        pl.lit(None, dtype=pl.String),
    )
    return name.alias("grade")


def decision(probability: pl.Expr, cut_off: float) -> pl.Expr:
    """`decline` at or above the cut-off, `approve` below."""
    return pl.when(probability >= cut_off).then(pl.lit("decline")).otherwise(pl.lit("approve")).alias("decision")
