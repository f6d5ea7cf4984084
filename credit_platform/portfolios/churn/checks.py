"""Checks of this book's own: how far a month's sales reach, and whether its comments could be read.

Labels that wait for later data are said by `outcome`; the gate that names their cohort is that of all books.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.churn.config import churn_label, last_day
from credit_platform.portfolios.churn.sources.sentiment import is_installed
from credit_platform.portfolios.portfolio import BookCheck, MonthResult


def _reach_said(label: LabelPolicy) -> str:
    days = churn_label(label).quiet_days
    return (
        f"A sale lies within the last {days} days of the month. When it is yellow, the file is not whole: who bought "
        "in the days it lacks seems to have left. No label whose window needs those days is made before they are "
        "delivered, and the gate of the labels names the cohort."
    )


def _reach(rows: pl.LazyFrame, months: Sequence[date], label: LabelPolicy) -> dict[date, MonthResult]:
    quiet = churn_label(label).quiet_days
    found: dict[date, date] = dict(
        rows.group_by("snapshot_month").agg(pl.col("sales_until").first()).collect().iter_rows()
    )
    return {month: _reach_result(month, found.get(month), quiet) for month in months}


def _reach_result(month: date, until: date | None, quiet: int) -> MonthResult:
    if until is None:
        return MonthResult(passed=False, description=f"{month:%Y-%m}: nobody is a customer.", metadata={})
    n_missing = (last_day(month) - until).days
    return MonthResult(
        passed=n_missing <= quiet,
        description=f"{month:%Y-%m}: the last sale is of {until}.",
        metadata={"days_without_a_sale_at_the_end": n_missing},
    )


def _read_said(_label: LabelPolicy) -> str:
    return (
        "Comments have a sentiment. When it is yellow, the library that reads them is not installed (make "
        "extra-sentiment, then build the months of silver/feedback again), and models do without it."
    )


def _read(rows: pl.LazyFrame, months: Sequence[date], _label: LabelPolicy) -> Mapping[date, MonthResult]:
    is_unread = pl.col("has_words") & pl.col("sentiment").is_null()
    counted = rows.group_by("snapshot_month").agg(words=pl.col("has_words").sum(), unread=is_unread.sum()).collect()
    found = {month: (words, unread) for month, words, unread in counted.iter_rows()}
    return {month: _read_result(month, *found.get(month, (0, 0))) for month in months}


def _read_result(month: date, n: int, n_unread: int) -> MonthResult:
    why = "" if is_installed() or not n_unread else "; the library is not installed here"
    return MonthResult(
        passed=not n_unread,
        description=f"{month:%Y-%m}: {n_unread:,} of {n:,} comments are unread{why}.",
        metadata={"comments": n, "comments_unread": n_unread},
    )


REACH_CHECK = BookCheck("sales_reach_the_end_of_the_month", "silver/customer_months", _reach_said, _reach)
READ_CHECK = BookCheck("comments_are_read", "silver/feedback", _read_said, _read)
