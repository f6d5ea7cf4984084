"""The loans that champion and challenger are compared on, scored again as the newest cohorts have sources.

Why loans lose a source is written in `training.samples`, which of them are compared in `comparison`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.scoring.training.samples import SourceMix, as_newest

# In what the reasons say of it, by which a page recognises such a comparison.
COMPARED_AS = "compared as those of"


@dataclass(frozen=True)
class TakenSources:
    """From which share of the loans compared each source was taken, so that they are like those of some cohorts."""

    cohorts: tuple[date, ...]
    shares: Mapping[str, float]

    def sentence(self, cases: str) -> str:
        """What was done to the `cases`, to be read after other words.

        >>> TakenSources((date(2024, 7, 1), date(2024, 8, 1)), {"calls": 0.5}).sentence("loans")
        'loans compared as those of 2024-07 to 2024-08 have sources: calls taken from 50% of them'
        """
        months = " to ".join(f"{month:%Y-%m}" for month in dict.fromkeys((self.cohorts[0], self.cohorts[-1])))
        taken = ", ".join(f"{source} taken from {share:.0%} of them" for source, share in self.shares.items())
        return f"{cases} {COMPARED_AS} {months} have sources: {taken}"


def scored_as_newest(
    loans: pl.DataFrame,
    stored: pl.LazyFrame,
    newest: SourceMix,
    predict: Sequence[Callable[[pl.DataFrame], NDArray[np.float64]]],
    *,
    portfolio: Portfolio,
    seed: int,
) -> tuple[pl.DataFrame, TakenSources | None]:
    """Compared loans as both models score them with as many of each source as the newest cohorts have.

    Where these have no less of any, the loans as they were, and None.

    Args:
        loans: Rows of `comparison.common_loans`.
        stored: feature store rows of their cohorts.
        newest: The mix of the newest cohorts.
        predict: The default probability of feature store rows by the champion's version, and by the challenger's.
        portfolio: The book.
        seed: Which loans lose a source depends on it.
    """
    features, key = portfolio.features, portfolio.cases.key
    keys = {"cohort": pl.col("snapshot_month"), "case_id": pl.col(key).cast(pl.String)}
    rows = stored.with_columns(**keys).join(loans.lazy(), on=list(keys), how="inner", validate="1:1").sort(*keys)
    before = SourceMix.of(rows.select("snapshot_month", *features.source_flags.values()).collect(), features)
    if not newest.lost(before):
        return loans, None
    sample = rows.collect()
    changed = as_newest(sample, newest, features, key=key, seed=seed)
    if changed is sample:
        return loans, None
    after = SourceMix.of(changed, features).present
    lost = {source: share - after[source] for source, share in before.present.items() if after[source] < share}
    probabilities = [pl.Series(of(changed), dtype=pl.Float64) for of in predict]
    names = ("champion_probability", "challenger_probability")
    rescored = changed.with_columns(**dict(zip(names, probabilities, strict=True)))
    return rescored.select(loans.columns), TakenSources(newest.cohorts, lost)
