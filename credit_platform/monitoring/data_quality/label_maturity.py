"""How mature and how complete the labels of a month are, counted against the loan book itself.

The share that is enough is policy; stopping a month belongs to checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.months import add_months

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


@dataclass(frozen=True)
class LabelMaturity:
    """Labels of one month and the loans they should be of.

    Attributes:
        month: month the labels were read.
        cohort: month in which their loans must have been written.
        n_labels: labels of the month.
        n_immature: labels of another cohort, or of a loan that is not at the label's month on book in the loan book.
        n_written: loans written in the cohort's month; None when that month is not built.
        n_labelled: those of them that have a label.
    """

    month: date
    cohort: date
    n_labels: int
    n_immature: int
    n_written: int | None
    n_labelled: int

    @property
    def labelled_share(self) -> float | None:
        """Share of the cohort's loans that have a label; None when no loan is known to have been written."""
        return self.n_labelled / self.n_written if self.n_written else None


def label_maturity(
    labels: pl.LazyFrame, loans: pl.LazyFrame, *, months: Sequence[date], mob: int
) -> dict[date, LabelMaturity]:
    """Count the labels of some months.

    Args:
        labels: gold/label_store rows of the months.
        loans: silver/loan_snapshots rows of these months and of the months `mob` earlier, as far as they are built.
        months: the months to count.
        mob: month on book at which a label must be read.
    """
    loan_keys = ["loan_id", "snapshot_month"]
    seen, written, found = pl.collect_all(
        [
            loans.group_by("snapshot_month").agg(n_written=(pl.col("mob") == 0).sum()),
            loans.filter(pl.col("mob") == 0).select("loan_id", cohort="snapshot_month"),
            labels.select(*loan_keys, "cohort").join(loans.select(*loan_keys, "mob"), on=loan_keys, how="left"),
        ]
    )
    due = pl.col("snapshot_month").dt.offset_by(f"-{mob}mo")
    is_mature = (pl.col("cohort") == due) & (pl.col("mob") == mob)
    counted = found.with_columns(is_immature=~is_mature.fill_null(value=False)).group_by("snapshot_month")
    n_labels = dict(counted.agg(pl.len()).iter_rows())
    n_immature = dict(counted.agg(pl.col("is_immature").sum()).iter_rows())
    n_written = dict(seen.iter_rows())
    n_labelled = dict(
        written.join(found.select("loan_id", cohort=due), on=["loan_id", "cohort"], how="semi")
        .group_by("cohort")
        .len()
        .iter_rows()
    )
    return {
        month: LabelMaturity(
            month=month,
            cohort=cohort,
            n_labels=n_labels.get(month, 0),
            n_immature=n_immature.get(month, 0),
            n_written=n_written.get(cohort),
            n_labelled=n_labelled.get(cohort, 0),
        )
        for month in months
        for cohort in [add_months(month, -mob)]
    }
