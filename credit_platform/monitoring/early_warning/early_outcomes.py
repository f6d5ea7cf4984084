"""Early labels: how loans begin to pay in the months before their outcome, and how cohorts look by them.

Labels at maturity are the book's own; holding a cohort against earlier ones belongs in
`early_reads`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from credit_platform.monitoring.early_warning.source_segments import RankedLoans
from credit_platform.months import add_months
from credit_platform.policy.action_policy import EarlyMeasure
from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.portfolio import ReadEarlyOutcomes
from credit_platform.statistics.discrimination import AucSpread, auc_spread

SCORED = ("default_probability", "model_version", "sample_role", "provenance", "sources_present")


@dataclass(frozen=True)
class Scorer:
    """The version that scored a cohort, and what the cohort was to it."""

    model_version: str
    sample_role: str
    provenance: str


@dataclass(frozen=True)
class CohortReading:
    """One read of one cohort, known from month `cohort + mob` on.

    `spread` is of all scored loans, `by_sources` of those with the same sources, by `sources_present`.
    `n_labelled` counts the loans read that have a label; of them `n_labelled_bad` are bad by the read, `n_label_bad` by
    the label and `n_both` by both. These are known only once the cohort is mature.
    """

    cohort: date
    read: str
    mob: int
    n: int
    n_bad: int
    spread: AucSpread | None
    scorer: Scorer | None
    n_labelled: int
    n_labelled_bad: int
    n_label_bad: int
    n_both: int
    by_sources: Mapping[str, RankedLoans] = field(default_factory=dict)

    @property
    def read_month(self) -> date:
        """The month in whose snapshot the cohort is read."""
        return add_months(self.cohort, self.mob)


def early_labels(
    cases: pl.LazyFrame, reads: Mapping[str, EarlyMeasure], *, read: ReadEarlyOutcomes, label: LabelPolicy, until: date
) -> pl.DataFrame:
    """Every case's early outcomes by the snapshots up to `until`, as the book reads them.

    Args:
        cases: Rows of the cases table of any months.
        reads: The early outcomes by name.
        read: How the book reads them.
        label: The label they come before.
        until: Last month that may be looked at; rows of later snapshots are not used.
    """
    known = cases.filter(pl.col("snapshot_month") <= until)
    return read(known, {name: (one.mob, one.days_past_due) for name, one in reads.items()}, label).collect()


def cohort_readings(labels: pl.DataFrame, scored: pl.DataFrame, *, key: str) -> list[CohortReading]:
    """Count the early labels of every cohort and rank them by the score at origination.

    Args:
        labels: As `early_labels` returns them.
        scored: Predictions of any cohorts, with month, case key and the columns of `SCORED`. Cases of other cohorts are
            read without a score: their rates belong to the history too.
        key: Column that identifies a case.

    Returns:
        One read per cohort and early label, by cohort and month on book.
    """
    # An id may be used again once its case has left: a case is known by its cohort too.
    known = scored.select(key, *SCORED, cohort="snapshot_month")
    joined = labels.join(known, on=[key, "cohort"], how="left", validate="m:1", maintain_order="left")
    groups = joined.partition_by(["cohort", "read", "mob"], as_dict=True, maintain_order=True)
    return [_read(cohort, read, mob, loans) for (cohort, read, mob), loans in groups.items()]


def _read(cohort: date, read: str, mob: int, loans: pl.DataFrame) -> CohortReading:
    ranked = loans.drop_nulls("default_probability")
    scorer = None
    if ranked.height:
        first = ranked.row(0, named=True)
        scorer = Scorer(first["model_version"], first["sample_role"], first["provenance"])
    labelled = loans.drop_nulls("is_label_bad")
    return CohortReading(
        cohort=cohort,
        read=read,
        mob=mob,
        n=loans.height,
        n_bad=int(loans.get_column("is_bad").sum()),
        spread=_ranked(ranked).spread,
        scorer=scorer,
        n_labelled=labelled.height,
        n_labelled_bad=int(labelled.get_column("is_bad").sum()),
        n_label_bad=int(labelled.get_column("is_label_bad").sum()),
        n_both=labelled.filter(pl.col("is_bad") & pl.col("is_label_bad")).height,
        by_sources={
            sources: _ranked(part) for (sources,), part in ranked.partition_by("sources_present", as_dict=True).items()
        },
    )


def _ranked(loans: pl.DataFrame) -> RankedLoans:
    is_bad = loans.get_column("is_bad").to_numpy().astype(np.int64)
    spread = auc_spread(is_bad, loans.get_column("default_probability").to_numpy())
    return RankedLoans(n=loans.height, n_bad=int(is_bad.sum()), spread=spread)
