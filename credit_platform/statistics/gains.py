"""How the bads pile up where the risk is highest: gains by decile, lift, capture rate, rank-ordering breaks.

Deciles run from the riskiest, the usual order of the trade. Calibration is tested in calibration_tests.
"""

from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.statistics.probability_bins import N_BINS, probability_bins

GAINS_SCHEMA = {
    "decile": pl.Int64,
    "n": pl.Int64,
    "n_bad": pl.Int64,
    "bad_rate": pl.Float64,
    "lift": pl.Float64,
    "cumulative_share": pl.Float64,
    "capture_rate": pl.Float64,
    "min_probability": pl.Float64,
}


def gains_table(label: NDArray[np.integer], probability: NDArray[np.float64]) -> pl.DataFrame:
    """One row per decile with loans, 1 the riskiest, as `GAINS_SCHEMA`.

    `lift` is the decile's bad rate over the sample's; `cumulative_share` the share of all loans up to this decile,
    `capture_rate` the share of all bads. Both and the lift are null without a bad. Loans of one probability are never
    parted, so deciles may be uneven, and `cumulative_share` says by how much.
    """
    counted = (
        pl.DataFrame({"decile": N_BINS + 1 - probability_bins(probability), "label": label, "probability": probability})
        .group_by("decile")
        .agg(
            n=pl.len().cast(pl.Int64), n_bad=pl.col("label").cast(pl.Int64).sum(), min_probability=pl.min("probability")
        )
        .sort("decile")
    )
    n_bad = pl.col("n_bad").sum()
    of_bads = pl.when(n_bad > 0)
    return counted.with_columns(
        bad_rate=pl.col("n_bad") / pl.col("n"),
        lift=of_bads.then(pl.col("n_bad") / pl.col("n") / (n_bad / pl.col("n").sum())),
        cumulative_share=pl.col("n").cum_sum() / pl.col("n").sum(),
        capture_rate=of_bads.then(pl.col("n_bad").cum_sum() / n_bad),
    ).select(pl.col(name).cast(dtype) for name, dtype in GAINS_SCHEMA.items())


def rank_order_breaks(gains: pl.DataFrame) -> int:
    """Deciles of a gains table whose bad rate exceeds that of the riskier decile before; 0 is a clean ranking."""
    rates = gains.sort("decile")["bad_rate"].to_list()
    return sum(safer > riskier for riskier, safer in pairwise(rates))


def capture_rate(label: NDArray[np.integer], probability: NDArray[np.float64], share: float) -> float | None:
    """Share of all bads among the riskiest `share` of the loans; None without a bad.

    Where the last loans counted have one probability with others, their bads count in proportion.

    >>> capture_rate(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), 0.25)
    0.5
    """
    n_bad = int(label.sum())
    if n_bad == 0:
        return None
    _, place, n = np.unique(-probability, return_inverse=True, return_counts=True)
    bads = np.bincount(place, weights=label)
    counted = np.interp(share * len(label), np.append(0, np.cumsum(n)), np.append(0, np.cumsum(bads)))
    return float(counted) / n_bad


def lift(label: NDArray[np.integer], probability: NDArray[np.float64], share: float) -> float | None:
    """Bad rate of the riskiest `share` of the loans over that of all; None without a bad.

    >>> lift(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), 0.25)
    2.0
    """
    captured = capture_rate(label, probability, share)
    return None if captured is None else captured / share
