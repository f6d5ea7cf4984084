"""The default label: what a loan turned out to be at a fixed month on book.

Whether a label may be used in a month is a matter of windows and stands in scoring.
"""

import polars as pl

from credit_platform.portfolios.loans.gold import LabelStore


def label_loans(snapshots: pl.LazyFrame, *, dpd_threshold: int, mob: int, label_def: str) -> pl.LazyFrame:
    """Label each loan on the snapshot where it is exactly `mob` months on book.

    Args:
        snapshots: silver/loan_snapshots rows of the wanted months.
        dpd_threshold: days past due from which a loan counts as defaulted.
        mob: month on book of the outcome, months.
        label_def: name of the definition, recorded in every row.

    Returns:
        gold/label_store rows, sorted by snapshot_month and loan_id.
    """
    return (
        snapshots.filter(pl.col("mob") == mob)
        .with_columns(
            label=(pl.col("dpd") >= dpd_threshold).cast(pl.Int8),
            label_def=pl.lit(label_def),
            cohort=pl.col("snapshot_month").dt.offset_by(f"-{mob}mo"),
        )
        .select(LabelStore.column_names())
        .sort("snapshot_month", "loan_id")
    )
