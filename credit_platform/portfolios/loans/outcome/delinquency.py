"""Delinquency of a loan on a snapshot: instalments missed, since when, days past due, bucket.

Expressions over silver/loan_snapshots columns; `arrears` lays what is overdue against what was due in earlier months.
What counts as default is a label's matter and stands in labels.
"""

from typing import Literal

import polars as pl

DayCount = Literal["calendar", "30_360"]

BUCKETS: tuple[str, ...] = ("current", "1-29", "30-59", "60-89", "90-119", "120+")
# A century of missed instalments is a misread amount, not a delinquency.
MAX_INSTALLMENTS_MISSED = 1200
# A balance below half a cent is what a system's arithmetic leaves of none.
LEAST_BALANCE = 0.005


def owes_nothing() -> pl.Expr:
    """Whether no balance is left."""
    return pl.col("balance_amount") < LEAST_BALANCE


def equal_part() -> pl.Expr:
    """The amount lent in equal parts; null when the term is not known."""
    return pl.when(pl.col("tenure") > 0).then(pl.col("loan_amount") / pl.col("tenure"))


def instalment_amount() -> pl.Expr:
    """The instalment that counts as missed: the one due now, else the loan in equal parts; null when neither is known.

    Nothing is due on the first snapshot and after the last instalment, yet old instalments may still be overdue then.
    """
    due = pl.col("due_amount")
    return pl.when(due > 0).then(due).when(equal_part() > 0).then(equal_part())


def n_installments_missed() -> pl.Expr:
    """Overdue over the instalment of the row alone, rounded up, as Int32: 0 when nothing is overdue.

    Null when it cannot be counted: no instalment is known, or it would be more than a century of them, by the larger of
    the instalment due and the equal part. The ratio is first rounded to six digits, so that 300.30 / 100.10 stays 3.
    """
    overdue = pl.col("overdue_amount")
    counted = _whole(overdue / instalment_amount())
    fewest = _whole(overdue / pl.max_horizontal(instalment_amount(), equal_part()))
    is_countable = fewest.is_between(0, MAX_INSTALLMENTS_MISSED)
    return pl.when(overdue <= 0).then(0).when(is_countable).then(counted).cast(pl.Int32, strict=False)


def _whole(ratio: pl.Expr) -> pl.Expr:
    return ratio.round(6).ceil()


def first_missed_date(months: pl.Expr | None = None) -> pl.Expr:
    """The day from which days past due run: the snapshot less `months`; null when no instalment is missed.

    Args:
        months: months since, Int32; as many as instalments are missed unless given.
    """
    missed = pl.col("n_installments_missed")
    # Not pl.format: in Polars 2.1 it fails on the empty parts that a filter leaves of a frame.
    offset = pl.concat_str(pl.lit("-"), missed if months is None else months, pl.lit("mo"))
    return pl.when(missed > 0).then(pl.col("snapshot_date").dt.offset_by(offset))


def days_past_due(*, day_count: DayCount = "30_360") -> pl.Expr:
    """Days from `first_missed_date` to the snapshot as Int32, 0 when current.

    Args:
        day_count: `calendar` counts real days, so one missed instalment is 28 or 29 days on 1 March; `30_360` counts
            every month as 30 days (30/360 bond basis).
    """
    first, last = pl.col("first_missed_date"), pl.col("snapshot_date")
    if day_count == "calendar":
        days = (last - first).dt.total_days()
    else:
        first_day, last_day = (day.dt.day().cast(pl.Int32).clip(upper_bound=30) for day in (first, last))
        months = (last.dt.year() - first.dt.year()) * 12 + last.dt.month().cast(pl.Int32) - first.dt.month()
        days = 30 * months + last_day - first_day
    return days.fill_null(0).cast(pl.Int32)


def dpd_bucket() -> pl.Expr:
    """The bucket of `dpd`; one of BUCKETS."""
    dpd = pl.col("dpd")
    bucket = pl.when(dpd <= 0).then(pl.lit("current"))
    for last_day, name in ((29, "1-29"), (59, "30-59"), (89, "60-89"), (119, "90-119")):
        bucket = bucket.when(dpd <= last_day).then(pl.lit(name))
    return bucket.otherwise(pl.lit("120+"))
