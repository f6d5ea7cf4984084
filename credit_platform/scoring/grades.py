"""Points, risk grade and decision of a default probability, and what grades and cut-offs come to on a sample.

The scaling, the master scale and the cut-off are policy; predicting the probability belongs to training, the drift of a
grade over months to monitoring. Loans that were never booked have no outcome and are not in here.
"""

from collections.abc import Sequence
from functools import reduce
from math import log, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.model_config import Economics, Grade, Scaling
from credit_platform.statistics.calibration import binomial_p_value, holm, jeffreys_p_value
from credit_platform.statistics.intervals import jeffreys_interval

# Odds of a million to one either way: the points stay finite and fit their column, and no decision is near it.
PROBABILITY_FLOOR = 1e-6

GRADES_SCHEMA = {
    "grade": pl.String,
    "n": pl.Int64,
    "n_bad": pl.Int64,
    "mean_probability": pl.Float64,
    "bad_rate": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "jeffreys_p": pl.Float64,
    "binomial_p": pl.Float64,
    "holm_p": pl.Float64,
    "status": pl.String,
}
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

# A grade of 20 loans predicted at 10 % and truly at 20 % passes two times out of three: passing would say nothing. From
# 30 loans on it fails more often than it passes.
MIN_LOANS = 30
# The trade's traffic light: green above 5 %, red below 1 %.
WARN_P_VALUE = 0.05
BREACH_P_VALUE = 0.01
STEPS = 100  # cut-offs of 0.00, 0.01 .. 1.00; finer ones approve the same loans but for a handful


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


def grade_table(
    label: NDArray[np.integer], probability: NDArray[np.float64], grades: Sequence[Grade], confidence: float = 0.95
) -> pl.DataFrame:
    """One row per grade of the master scale, best first, as `GRADES_SCHEMA`.

    `jeffreys_p` and `binomial_p` are one-sided: small when the grade's mean probability is too low. `holm_p` is
    `jeffreys_p` corrected for the number of grades tested, and alone decides the status: `ok` above 0.05, `breach`
    below 0.01, `warn` between. Below 30 loans a grade is `insufficient`, is not tested and does not count in the
    correction. `ci_low` and `ci_high` are the Jeffreys interval of `bad_rate`; a grade without loans has nulls.
    """
    counted = (
        pl.DataFrame({"label": label, "probability": probability})
        .group_by(risk_grade(pl.col("probability"), grades))
        .agg(n=pl.len(), n_bad=pl.col("label").sum(), mean_probability=pl.col("probability").sort().mean())
    )
    found = {grade: (n, bads, mean) for grade, n, bads, mean in counted.iter_rows()}
    rows = [(grade.name, *found.get(grade.name, (0, 0, None))) for grade in grades]
    p_values = [None if mean is None else jeffreys_p_value(bads, n, mean) for _, n, bads, mean in rows]
    corrected = holm(
        [p_value if n >= MIN_LOANS else None for p_value, (_, n, _, _) in zip(p_values, rows, strict=True)]
    )
    table = [
        (
            *(name, n, bads, mean, bads / n if n else None),
            *(jeffreys_interval(bads, n, confidence) or (None, None)),
            *(p_value, None if mean is None else binomial_p_value(bads, n, mean), holm_p, _status(holm_p)),
        )
        for (name, n, bads, mean), p_value, holm_p in zip(rows, p_values, corrected, strict=True)
    ]
    return pl.DataFrame(table, schema=GRADES_SCHEMA, orient="row")


def _status(holm_p: float | None) -> str:
    if holm_p is None:
        return "insufficient"
    if holm_p < BREACH_P_VALUE:
        return "breach"
    return "ok" if holm_p > WARN_P_VALUE else "warn"


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
