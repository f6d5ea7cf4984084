"""How mature and how complete the labels of a month are, counted against the loan book itself.

The share that is enough is policy; stopping a month belongs to checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from credit_platform.monitoring.data_quality.unlabelled import with_cohort
from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.cases import Cases


@dataclass(frozen=True)
class LabelMaturity:
    """Labels of one month and the loans they should be of.

    Attributes:
        month: month the labels were read.
        cohorts: months in which their loans must have been written; none where the data of the month tell no labels.
        n_labels: labels of the month.
        n_immature: labels of another cohort, or of a loan that the book does not show in it by the month.
        n_written: loans written in those months whose outcome is told; None when one of them is not built.
        n_labelled: those of them that have a label.
        n_awaited: loans written in it whose outcome is still to be told.
    """

    month: date
    cohorts: tuple[date, ...]
    n_labels: int
    n_immature: int
    n_written: int | None
    n_labelled: int
    n_awaited: int = 0

    @property
    def labelled_share(self) -> float | None:
        """Share of the cohort's loans that have a label; None when no loan is known to have been written."""
        return self.n_labelled / self.n_written if self.n_written else None


def label_maturity(
    labels: pl.LazyFrame,
    rows: pl.LazyFrame,
    cases: Cases,
    *,
    months: Sequence[date],
    label: LabelPolicy,
    is_awaited: pl.Expr | None = None,
) -> dict[date, LabelMaturity]:
    """Count the labels of some months.

    Args:
        labels: gold/label_store rows of the months.
        rows: cases table rows of these months and of the months before them up to the lag, as far as they are built.
        cases: the key of a case, and its months on book.
        months: the months to count.
        label: the definition, which says in which month the labels of a cohort must be read.
        is_awaited: over cases table rows, whether the outcome is still to be told; None where none is.
    """
    of_cohort = [cases.key, "cohort"]
    # Columns, as what is the same of every case would count once in a group.
    rows = rows.with_columns(
        is_written=cases.is_new, is_awaited=pl.lit(value=False) if is_awaited is None else is_awaited
    )
    written_now, awaited = pl.col("is_written") & ~pl.col("is_awaited"), pl.col("is_written") & pl.col("is_awaited")
    seen, written, found = pl.collect_all(
        [
            rows.group_by("snapshot_month").agg(n_written=written_now.sum(), n_awaited=awaited.sum()),
            rows.filter(written_now).select(cases.key, cohort="snapshot_month"),
            labels.select(*of_cohort, "snapshot_month").join(
                with_cohort(rows, cases).group_by(of_cohort).agg(first_seen=pl.col("snapshot_month").min()),
                on=of_cohort,
                how="left",
            ),
        ]
    )
    due = [(month, cohort) for month in months for cohort in label.cohorts_known_in(month)]
    schema = {"snapshot_month": pl.Date, "cohort": pl.Date}
    of_due = found.join(pl.DataFrame(due, schema, orient="row").with_columns(is_due=True), on=list(schema), how="left")
    is_mature = pl.col("is_due").fill_null(value=False) & (pl.col("first_seen") <= pl.col("snapshot_month"))
    counted = of_due.with_columns(is_immature=~is_mature.fill_null(value=False)).group_by("snapshot_month")
    n_labels = dict(counted.agg(pl.len()).iter_rows())
    n_immature = dict(counted.agg(pl.col("is_immature").sum()).iter_rows())
    n_written = dict(seen.select("snapshot_month", "n_written").iter_rows())
    n_awaited = dict(seen.select("snapshot_month", "n_awaited").iter_rows())
    n_labelled = dict(
        written.join(of_due.filter("is_due").select(of_cohort), on=of_cohort, how="semi")
        .group_by("cohort")
        .len()
        .iter_rows()
    )
    return {
        month: LabelMaturity(
            month=month,
            cohorts=cohorts,
            n_labels=n_labels.get(month, 0),
            n_immature=n_immature.get(month, 0),
            n_written=sum(n_written[cohort] for cohort in cohorts) if set(cohorts) <= set(n_written) else None,
            n_labelled=sum(n_labelled.get(cohort, 0) for cohort in cohorts),
            n_awaited=sum(n_awaited.get(cohort, 0) for cohort in cohorts),
        )
        for month in months
        for cohorts in [tuple(label.cohorts_known_in(month))]
    }
