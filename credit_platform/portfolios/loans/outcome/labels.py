"""The default label: what a loan turned out to be by a fixed month on book, the horizon.

Whether a label may be used in a month is a matter of windows and stands in scoring; loans without one are collected by
`monitoring.data_quality.unlabelled`.
"""

import polars as pl

from credit_platform.portfolios.loans.config import LoanLabelPolicy
from credit_platform.portfolios.loans.gold import LabelStore
from credit_platform.portfolios.loans.outcome.delinquency import owes_nothing

_LOAN = ["loan_id", "cohort"]


def label_loans(snapshots: pl.LazyFrame, label: LoanLabelPolicy) -> pl.LazyFrame:
    """Label each loan at the horizon, or by what it was last where it left the tape before.

    A label is known in the month of the horizon, also that of a loan which left earlier, and uses no later row. A loan
    that left is bad when it was past due by the threshold in its last row, and good when it was repaid: no balance and
    nothing overdue. Any other has no label, unless the outcome is `ever` and it has been bad already.

    Args:
        snapshots: silver/loan_snapshots rows of the months up to the last wanted one, from the origination of its
            cohorts on.
        label: the definition.

    Returns:
        gold/label_store rows of every horizon in which the book has any row, sorted by snapshot_month and loan_id.
    """
    seen = reached(snapshots.filter(pl.col("mob") <= label.mob), label.mob, by=snapshots)
    last = pl.concat([seen.filter(pl.col("mob") == label.mob), last_rows_of_those_that_left(seen, label.mob)])
    if label.outcome == "ever":
        worst = seen.group_by(_LOAN).agg(dpd=pl.col("dpd").max())
        last = last.rename({"dpd": "last_dpd"}).join(worst, on=_LOAN)
    else:
        last = last.with_columns(last_dpd="dpd")
    return (
        last.with_columns(
            label=(pl.col("dpd") >= label.dpd_threshold).cast(pl.Int8),
            label_def=pl.lit(label.label_def),
            label_basis=_basis(label),
            snapshot_month="horizon",
        )
        .filter(pl.col("label_basis").is_not_null())
        .select(LabelStore.column_names())
        .sort("snapshot_month", "loan_id")
    )


def reached(rows: pl.LazyFrame, mob: int, *, by: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of loans whose cohort reached a month on book, with `cohort` and `horizon`, the month in which it did.

    A month counts that has any row in `by`: what is not delivered yet, or set aside whole, says nothing of who left.
    """
    cohort = pl.col("loan_start_date").dt.truncate("1mo")
    return rows.with_columns(cohort=cohort, horizon=cohort.dt.offset_by(f"{mob}mo")).join(
        by.select(horizon="snapshot_month").unique(), on="horizon", how="semi"
    )


def last_rows_of_those_that_left(seen: pl.LazyFrame, mob: int) -> pl.LazyFrame:
    """The last row before a month on book of every loan that has none in it, of rows up to that month on book."""
    at_horizon = seen.filter(pl.col("mob") == mob).select(_LOAN)
    return seen.join(at_horizon, on=_LOAN, how="anti").sort("mob").unique(_LOAN, keep="last", maintain_order=True)


def _basis(label: LoanLabelPolicy) -> pl.Expr:
    """What the label follows from; null where the last row of a loan that left does not tell."""
    is_known = pl.col("mob") == label.mob
    if label.outcome == "ever":
        is_known |= (pl.col("dpd") >= label.dpd_threshold) & (pl.col("last_dpd") < label.dpd_threshold)
    has_left = pl.col("mob") < label.mob
    return (
        pl.when(has_left, pl.col("last_dpd") >= label.dpd_threshold)
        .then(pl.lit("left_past_due"))
        .when(has_left, is_repaid(pl.col("last_dpd")))
        .then(pl.lit("repaid"))
        .when(is_known)
        .then(pl.lit("observed"))
    )


def is_repaid(dpd: pl.Expr) -> pl.Expr:
    """Whether nothing is owed and nothing overdue."""
    return owes_nothing() & (dpd == 0)


def reason_without_label() -> pl.Expr:
    """Why a loan that left has no label, by its last row."""
    return pl.when(owes_nothing()).then(pl.lit("left_with_arrears")).otherwise(pl.lit("left_with_balance"))
