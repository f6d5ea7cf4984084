"""Cases that are first seen after they began: their application is not on the tape, so nobody scores or counts them.

Reading the tables, and what such a month means, belongs to checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from credit_platform.months import add_months, months_between
from credit_platform.portfolios.cases import Cases

_EPOCH = date(1970, 1, 1)
_SHOWN = 5


@dataclass(frozen=True)
class LateCohort:
    """Cases of one cohort that are first seen in one later month: how many, of all its cases by then, and the first."""

    cohort: date
    n_late: int
    n_cases: int
    examples: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the cohort's cases."""
        return self.n_late / self.n_cases


def late_cohorts(
    rows: pl.LazyFrame, cases: Cases, *, months: Sequence[date], built: Sequence[date]
) -> dict[date, list[LateCohort]]:
    """By month: the cohorts of which cases are first seen in it, months after they began.

    Args:
        rows: cases table rows up to the last month, as far as they are built.
        cases: key, and months on book.
        months: the months to look at.
        built: the months of the book that are there; cohorts of other months cannot be seen from their start, and are
            not counted.
    """
    month = pl.col("snapshot_month").dt.year().cast(pl.Int32) * 12 + pl.col("snapshot_month").dt.month() - 1970 * 12 - 1
    first_seen = (
        rows.select(pl.col(cases.key).alias("case"), month=month, cohort=month - cases.months_on_book)
        .group_by("case", "cohort")
        .agg(pl.col("month").min())
        .filter(pl.col("cohort").is_in([months_between(_EPOCH, each) for each in built]))
    )
    is_late = pl.col("month") > pl.col("cohort")
    counted = (
        first_seen.group_by("cohort", "month")
        .agg(n=pl.len(), is_late=is_late.first(), examples=pl.col("case").filter(is_late).sort().head(_SHOWN))
        .sort("cohort", "month")
        .with_columns(n_cases=pl.col("n").cum_sum().over("cohort"))
        .filter("is_late")
        .collect()
    )
    found: dict[date, list[LateCohort]] = {each: [] for each in months}
    for row in counted.iter_rows(named=True):
        seen = add_months(_EPOCH, row["month"])
        if seen in found:
            cohort = add_months(_EPOCH, row["cohort"])
            found[seen].append(LateCohort(cohort, row["n"], row["n_cases"], tuple(row["examples"])))
    return found
