"""What each cut-off would have approved and earned, and the one that would have earned most.

The cut-off in use is policy, decisions on single loans are `grades`. Loans that were never booked have no outcome and
are not in here.
"""

from math import sqrt
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.model_config import Economics

CUT_OFFS_SCHEMA = {
    "cut_off": pl.Float64,
    "n_approved": pl.Int64,
    "approval_rate": pl.Float64,
    "bad_rate_approved": pl.Float64,
    "expected_value": pl.Float64,
    "expected_value_low": pl.Float64,
    "expected_value_high": pl.Float64,
    "is_policy": pl.Boolean,
    "is_best": pl.Boolean,
}

STEPS = 100  # cut-offs of 0.00, 0.01 .. 1.00; finer ones approve the same loans but for a handful


def cut_off_table(
    label: NDArray[np.integer],
    probability: NDArray[np.float64],
    *,
    cut_off: float,
    economics: Economics,
    confidence: float = 0.95,
) -> pl.DataFrame:
    """One row per cut-off, rising, as `CUT_OFFS_SCHEMA`: whole percents, the policy's own and the break-even one.

    A loan is approved below the cut-off. `expected_value` is the mean over all loans of the sample, approved or not, of
    what a loan brings as a share of the amount lent: the margin of an approved good, minus the loss of an approved
    bad, 0 of a declined one. Its interval is the normal one of a mean; values of loans are taken as equal in amount.

    `is_best` marks the highest expected value, of equals the lowest cut-off, which lends least for it. It is chosen on
    the sample it is shown with, so read it off validation and judge it on later samples. Nothing is best without loans,
    where all rates are null.
    """
    grid = {step / STEPS for step in range(STEPS + 1)} | {cut_off, economics.break_even_probability}
    cut_offs = np.array(sorted(grid))
    n = len(label)
    approved = np.searchsorted(np.sort(probability), cut_offs, side="left")
    bads = np.searchsorted(np.sort(probability[label == 1]), cut_offs, side="left")
    counts = {"n_approved": approved, "n_bad": bads, "n_good": approved - bads, "n": np.full(len(cut_offs), n)}
    table = pl.DataFrame({"cut_off": cut_offs} | counts)
    margin, loss = economics.margin, economics.loss_given_default
    value = (margin * pl.col("n_good") - loss * pl.col("n_bad")) / pl.col("n")
    square = (margin**2 * pl.col("n_good") + loss**2 * pl.col("n_bad")) / pl.col("n")
    half_width = NormalDist().inv_cdf(0.5 + confidence / 2) / sqrt(max(1, n))
    spread = half_width * (square - value**2).clip(0).sqrt()
    has_loans = pl.lit(n > 0)
    return (
        table.with_columns(
            approval_rate=pl.when(has_loans).then(pl.col("n_approved") / pl.col("n")),
            bad_rate_approved=pl.when(pl.col("n_approved") > 0).then(pl.col("n_bad") / pl.col("n_approved")),
            expected_value=pl.when(has_loans).then(value),
            expected_value_low=pl.when(has_loans).then(value - spread),
            expected_value_high=pl.when(has_loans).then(value + spread),
            is_policy=pl.col("cut_off") == cut_off,
        )
        .with_columns(is_best=(pl.int_range(pl.len()) == pl.col("expected_value").arg_max()).fill_null(value=False))
        .select(pl.col(name).cast(dtype) for name, dtype in CUT_OFFS_SCHEMA.items())
    )


def best_cut_off(table: pl.DataFrame) -> float | None:
    """The cut-off of the highest expected value in a table of one sample; None without loans."""
    best = table.filter("is_best")["cut_off"]
    return None if best.is_empty() else float(best[0])
