"""Calibration by risk grade: predicted against observed default rate, tested and judged grade by grade.

The tests themselves are `calibration_evidence`, the master scale is policy. A grade's drift over months belongs to
monitoring.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.model_config import Grade
from credit_platform.scoring.grades import risk_grade
from credit_platform.statistics.calibration_tests import binomial_p_value, holm, jeffreys_p_value
from credit_platform.statistics.intervals import jeffreys_interval

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

# A grade of 20 loans predicted at 10 % and truly at 20 % passes two times out of three: passing would say nothing. From
# 30 loans on it fails more often than it passes.
MIN_LOANS = 30
# The trade's traffic light: green above 5 %, red below 1 %.
WARN_P_VALUE = 0.05
BREACH_P_VALUE = 0.01


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
