"""Swap sets: the loans two models decide differently when both approve equally many, and how those loans turned out.

Which loans the models are compared on is decided in `comparison`. All loans here are
booked, so the outcome of every cell is observed; among applicants that were rejected it would have to be inferred.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
import polars as pl

from credit_platform.statistics.intervals import Interval, jeffreys_interval, wilson_interval

CELLS = ("both_approve", "swap_in", "swap_out", "both_decline")
APPROVAL_RATES = tuple(percent / 100 for percent in range(50, 100, 5))

SWAP_SET_SCHEMA = {
    "cell": pl.String,
    "n": pl.Int64,
    "n_bad": pl.Int64,
    "bad_rate": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "champion_probability": pl.Float64,
    "challenger_probability": pl.Float64,
}
SENSITIVITY_SCHEMA = {
    "approval_rate": pl.Float64,
    "subject": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n": pl.Int64,
    "n_bad": pl.Int64,
}


def n_approved_at_cut_off(loans: pl.DataFrame, cut_off: float) -> int:
    """Loans the champion approves: those with a default probability below the cut-off."""
    return loans.filter(pl.col("champion_probability") < cut_off).height


def n_approved_at_rate(loans: pl.DataFrame, approval_rate: float) -> int:
    """Loans approved at a rate, to the nearest whole loan, half a loan upwards."""
    return int(approval_rate * loans.height + 0.5)


def swap_set(loans: pl.DataFrame, *, n_approved: int, confidence: float) -> pl.DataFrame:
    """The four cells of both models' decisions, each approving the `n_approved` loans of its lowest probabilities.

    Loans of one probability are approved in the order of `case_id`, so the order of rows does not matter, and as many
    loans are swapped in as out.

    Args:
        loans: `case_id` (unique), `label` (1 bad, 0 good), `champion_probability`, `challenger_probability`.
        n_approved: Loans each model approves, at most all.
        confidence: Level of the Jeffreys interval of the bad rate.

    Returns:
        One row per cell in the order of `CELLS`, as `SWAP_SET_SCHEMA`; rates and means of an empty cell are null.
        `swap_in` is approved by the challenger only, `swap_out` by the champion only.
    """
    counted = {
        row["cell"]: row
        for row in _with_cell(loans, n_approved)
        .group_by("cell")
        .agg(
            n=pl.len(),
            n_bad=pl.col("label").cast(pl.Int64).sum(),
            # Sorted, so that the mean's last digit does not hang on the order of rows.
            champion_probability=pl.col("champion_probability").sort().mean(),
            challenger_probability=pl.col("challenger_probability").sort().mean(),
        )
        .iter_rows(named=True)
    }
    rows = []
    for cell in CELLS:
        row = counted.get(cell, {"cell": cell, "n": 0, "n_bad": 0})
        n, n_bad = row["n"], row["n_bad"]
        low, high = jeffreys_interval(n_bad, n, confidence) or (None, None)
        rows.append(row | {"bad_rate": n_bad / n if n else None, "ci_low": low, "ci_high": high})
    return pl.DataFrame(rows, schema=SWAP_SET_SCHEMA)


def swap_sensitivity(
    loans: pl.DataFrame, *, confidence: float, approval_rates: Sequence[float] = APPROVAL_RATES
) -> pl.DataFrame:
    """What a change of model would have done at other approval rates, as `SENSITIVITY_SCHEMA`.

    Per rate the `bad_rate` of the loans the champion approves, of those the challenger approves (both with Jeffreys
    intervals), and their `difference` (challenger minus champion) on the loans swapped; and the `swap_rate` of all
    loans: those swapped in, which are as many as those swapped out, over all (Wilson).
    """
    rows: list[tuple[object, ...]] = []
    for approval_rate in approval_rates:
        n_approved = n_approved_at_rate(loans, approval_rate)
        cells = swap_set(loans, n_approved=n_approved, confidence=confidence)
        n = dict(cells.select("cell", "n").iter_rows())
        bads = dict(cells.select("cell", "n_bad").iter_rows())
        for subject, own in (("champion", "swap_out"), ("challenger", "swap_in")):
            n_bad = bads["both_approve"] + bads[own]
            ends = jeffreys_interval(n_bad, n_approved, confidence) or (None, None)
            rate = n_bad / n_approved if n_approved else None
            rows.append((approval_rate, subject, "bad_rate", rate, *ends, n_approved, n_bad))
        swapped, n_bad = n["swap_in"], bads["swap_in"] + bads["swap_out"]
        change = (bads["swap_in"] - bads["swap_out"]) / n_approved if n_approved else None
        ends = _ends_of_change(bads["swap_in"], bads["swap_out"], swapped, n_approved, confidence) or (None, None)
        rows.append((approval_rate, "difference", "bad_rate", change, *ends, 2 * swapped, n_bad))
        ends = wilson_interval(swapped, loans.height, confidence) or (None, None)
        share = swapped / loans.height if loans.height else None
        rows.append((approval_rate, "loans", "swap_rate", share, *ends, loans.height, int(loans["label"].sum())))
    return pl.DataFrame(rows, schema=SENSITIVITY_SCHEMA, orient="row")


def difference_of_rates(bads: int, n: int, other_bads: int, other_n: int, confidence: float) -> Interval | None:
    """Interval of one bad rate minus another one of other loans; None where either has no loan.

    Newcombe's square-and-add (1998, method 10) of the two Jeffreys intervals, which keeps its level without any bad.

    >>> low, high = difference_of_rates(5, 50, 15, 50, 0.95)
    >>> round(low, 3), round(high, 3)
    (-0.35, -0.04)
    """
    first, second = jeffreys_interval(bads, n, confidence), jeffreys_interval(other_bads, other_n, confidence)
    if first is None or second is None:
        return None
    rate, other_rate = bads / n, other_bads / other_n
    return Interval(
        rate - other_rate - sqrt((rate - first.low) ** 2 + (second.high - other_rate) ** 2),
        rate - other_rate + sqrt((first.high - rate) ** 2 + (other_rate - second.low) ** 2),
    )


def _ends_of_change(bads_in: int, bads_out: int, swapped: int, n_approved: int, confidence: float) -> Interval | None:
    """Interval of the change in the approved loans' bad rate; what both approve cancels out."""
    if not n_approved:
        return None
    swaps = difference_of_rates(bads_in, swapped, bads_out, swapped, confidence)
    if swaps is None:  # nobody is swapped, so nothing changes for certain
        return Interval(0.0, 0.0)
    return Interval(*(end * swapped / n_approved for end in swaps))


def _with_cell(loans: pl.DataFrame, n_approved: int) -> pl.DataFrame:
    champion, challenger = (
        pl.Series(_is_approved(loans, probability, n_approved))
        for probability in ("champion_probability", "challenger_probability")
    )
    return loans.with_columns(
        pl.when(champion & challenger)
        .then(pl.lit("both_approve"))
        .when(challenger)
        .then(pl.lit("swap_in"))
        .when(champion)
        .then(pl.lit("swap_out"))
        .otherwise(pl.lit("both_decline"))
        .alias("cell")
    )


def _is_approved(loans: pl.DataFrame, probability: str, n_approved: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    safest = loans.select(pl.arg_sort_by(probability, "case_id")).to_series().to_numpy()[:n_approved]
    is_approved = np.zeros(loans.height, dtype=np.bool_)
    is_approved[safest] = True
    return is_approved
