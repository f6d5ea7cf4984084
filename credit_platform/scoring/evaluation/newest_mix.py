"""The mix of sources of the newest cohorts, and samples with as many cases of each source as these have.

A version scores cohorts like the newest ones. Where they have less of a source than its samples, its figures on the
samples are better than what it will show. So cases of the samples lose the source until the shares agree; weighting
the cases that lack it would judge by few, or none. Which cohorts are the newest is decided by the assets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import polars as pl

from credit_platform.portfolios.feature_set import EvidenceGroup, FeatureSet
from credit_platform.scoring.transformers.evidence import without_history
from credit_platform.statistics.intervals import wilson_interval

CONFIDENCE = 0.95
# A smaller relative loss of a source is left alone: it changes no figure by as much as chance does.
MIN_LOSS = 0.05


@dataclass(frozen=True)
class SourceMix:
    """The share of cases that have each source, by its short name, in some cohorts of `n` cases."""

    cohorts: tuple[date, ...]
    n: int
    present: Mapping[str, float]

    @classmethod
    def of(cls, cases: pl.DataFrame, features: FeatureSet) -> "SourceMix":
        """The mix of feature store rows; without rows no source is known."""
        cohorts = tuple(cases["snapshot_month"].unique().sort())
        shares = {source: _has(cases, flag).mean() for source, flag in features.source_flags.items()}
        present = {source: float(share) for source, share in shares.items() if isinstance(share, float)}
        return cls(cohorts, cases.height, present)

    def lost(self, sample: "SourceMix") -> dict[str, float]:
        """By source that these cohorts surely have less of than a sample: the share of its cases that have to lose it.

        Surely is by the upper end of Wilson's interval, and by more than `MIN_LOSS`.
        """
        found = {}
        for source, share in self.present.items():
            before = sample.present.get(source, 0.0)
            interval = wilson_interval(round(share * self.n), self.n, CONFIDENCE)
            if interval is not None and interval.high < before * (1 - MIN_LOSS):
                found[source] = 1 - share / before
        return found


def as_newest(sample: pl.DataFrame, newest: SourceMix, features: FeatureSet, *, key: str, seed: int) -> pl.DataFrame:
    """A sample with as many cases of each source as the newest cohorts have; itself where they have no less.

    A source of which no feature is known to be made cannot be taken away, and is left.

    Args:
        sample: feature store rows, with whatever other columns, in any order, which is kept.
        newest: the mix of the newest cohorts.
        features: of the book.
        key: column that identifies a case of a cohort.
        seed: which cases lose a source depends on it, on the cohort and on the case alone.
    """
    for source, share in newest.lost(SourceMix.of(sample, features)).items():
        if _group(source, features) is None and not _made_of(source, features):
            continue
        numbered = sample.with_row_index("row")
        having = numbered.filter(_has(sample, features.source_flags[source])).select("row", "snapshot_month", key)
        drawn = sorted((_hash(seed, source, month, case), row) for row, month, case in having.iter_rows())
        chosen = pl.Series([row for _, row in drawn[: round(share * len(drawn))]], dtype=numbered.schema["row"])
        loses = numbered["row"].is_in(chosen.implode())
        parts = [numbered.filter(~loses), without_source(numbered.filter(loses), source, features)]
        sample = pl.concat(parts).sort("row").drop("row")
    return sample


def without_source(cases: pl.DataFrame, source: str, features: FeatureSet) -> pl.DataFrame:
    """The cases as if a source knew none of them: no history, or no value of any feature made of it."""
    flag, group = features.source_flags[source], _group(source, features)
    if group is None:
        columns = [name for name in _made_of(source, features) if name in cases.columns]
        empty = cases.with_columns(pl.lit(None, cases.schema[name]).alias(name) for name in columns)
    else:
        means = [name for name in group.means if name in cases.columns]
        empty = without_history(cases, group).with_columns(pl.lit(None, cases.schema[m]).alias(m) for m in means)
    empty = empty.with_columns(pl.lit(value=False).alias(flag))
    names = [pl.when(_flag(each)).then(pl.lit(name)) for name, each in sorted(features.source_flags.items())]
    return empty.with_columns(sources_present=pl.concat_str(names, separator="+", ignore_nulls=True))


def _group(source: str, features: FeatureSet) -> EvidenceGroup | None:
    return next((group for group in features.evidence if group.flag == features.source_flags[source]), None)


def _made_of(source: str, features: FeatureSet) -> Sequence[str]:
    lineage = features.lineage().get("gold/feature_store", {})
    tables = {table for table, _ in lineage.get(features.source_flags[source], ())} - {features.inputs[0].table}
    read = (*features.numeric, *features.categorical)
    return [name for name in read if tables & {table for table, _ in lineage.get(name, ())}]


def _flag(flag: str) -> pl.Expr:
    return pl.col(flag).fill_null(value=False)


def _has(cases: pl.DataFrame, flag: str) -> pl.Series:
    return cases.select(_flag(flag)).to_series()


def _hash(seed: int, source: str, month: date, case: object) -> bytes:
    return blake2b(f"{seed}|{source}|{month}|{case}".encode(), digest_size=16).digest()
