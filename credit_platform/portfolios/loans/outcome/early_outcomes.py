"""Early outcomes: how loans begin to pay in the months before their label is known.

Labels at maturity stand in `labels`; holding a cohort against earlier ones belongs to `monitoring.early_warning`.
"""

from collections.abc import Mapping

import polars as pl

from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.loans.config import loan_label
from credit_platform.portfolios.loans.outcome.labels import (
    is_repaid,
    label_loans,
    last_rows_of_those_that_left,
    reached,
)

_LOAN = ["loan_id", "cohort"]


def early_outcomes(cases: pl.LazyFrame, days: Mapping[str, tuple[int, int]], label: LabelPolicy) -> pl.LazyFrame:
    """Every loan's early outcomes, with the label it turned out to have.

    A loan that left before a read is read in its last row where that says what it is, as its label does: past due by
    the label's threshold, or repaid.

    Args:
        cases: silver/loan_snapshots of any months.
        days: Read to its month on book and the days past due from which it is bad.
        label: Days and month on book of the label.

    Returns:
        One row per loan and read that has been reached: `cohort, read, mob, loan_id, is_bad`, and `is_label_bad`, null
        while the label is not known.
    """
    loans = loan_label(label)
    outcome = label_loans(cases, loans).select(*_LOAN, is_label_bad=pl.col("label") == 1)
    reads = [_read(cases, name, mob, least, loans.dpd_threshold) for name, (mob, least) in days.items()]
    return (
        pl.concat(reads)
        .join(outcome, on=_LOAN, how="left")
        .select("cohort", "read", "mob", "loan_id", "is_bad", "is_label_bad")
        .sort("cohort", "mob", "read", "loan_id")
    )


def _read(cases: pl.LazyFrame, name: str, mob: int, least: int, dpd_threshold: int) -> pl.LazyFrame:
    seen = reached(cases.filter(pl.col("mob") <= mob), mob, by=cases)
    left = last_rows_of_those_that_left(seen, mob).filter((pl.col("dpd") >= dpd_threshold) | is_repaid(pl.col("dpd")))
    return pl.concat([seen.filter(pl.col("mob") == mob), left]).select(
        *_LOAN, read=pl.lit(name), mob=pl.lit(mob, pl.Int32), is_bad=pl.col("dpd") >= least
    )
