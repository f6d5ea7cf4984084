"""Samples: features of some cohorts beside the outcome of the same loans, classes evened out, sources taken away.

Evening out shifts the odds that a model learns; the calibrator puts them right again, on loans that are left as they
are. Where the newest cohorts have less of a source than a sample, figures on the sample are better than what a version
will show. So cases of it lose the source until the shares agree; weighting those without it would judge by few, or
none. Which cohorts form which sample is decided in `windows`; reading files belongs to the assets.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.errors import TrainingError
from credit_platform.policy.model_spec import Rebalancing, RebalancingShares
from credit_platform.portfolios.feature_set import EvidenceGroup, FeatureSet
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.scoring.estimators.estimator import Design
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.scoring.transformers.evidence import without_history
from credit_platform.scoring.transformers.transformer import missing_columns, model_columns
from credit_platform.statistics.intervals import wilson_interval

_NEIGHBOURS = 5  # as Chawla et al. (2002)
_CONFIDENCE = 0.95
# A smaller relative loss of a source is left alone: it changes no figure by as much as chance does.
MIN_LOSS = 0.05
# So many cases with just some sources show what to expect of others; fewer would show chance.
_MIN_OF_THE_KIND = 100


def attach_labels(features: pl.LazyFrame, labels: pl.LazyFrame, *, case_key: str) -> pl.LazyFrame:
    """Features at application with the label read at maturity, one row per labelled loan, in the order of `case_key`.

    A loan that left the book before maturity has no label and is not in a sample. An id may be used again once its loan
    has left, so a loan is known by its cohort too.
    """
    outcome = labels.select(case_key, "label", snapshot_month="cohort")
    keys = ["snapshot_month", case_key]
    return features.join(outcome, on=keys, how="inner", validate="1:1").sort(keys)


def shared_customers(samples: Mapping[SampleRole, pl.DataFrame], *, customer: str) -> dict[SampleRole, int]:
    """By sample but the first: its customers that an earlier sample has as well."""
    known: set[str] = set()
    found: dict[SampleRole, int] = {}
    for role, sample in samples.items():
        mine = set(sample[customer])
        found[role] = len(mine & known)
        known |= mine
    return dict(list(found.items())[1:])


def left_out(sample: pl.DataFrame, earlier: Iterable[pl.DataFrame], *, customer: str) -> pl.DataFrame:
    """The loans of a sample whose customers no earlier sample has."""
    return sample.join(
        pl.concat(other.select(customer) for other in earlier), on=customer, how="anti", maintain_order="left"
    )


def require_size(model: str, sample: str, frame: pl.DataFrame, min_samples: int, cases: str) -> None:
    """Refuse a sample that says nothing about a model.

    Raises:
        TrainingError: it has fewer loans; names the sample.
    """
    if frame.height < min_samples:
        counts = f"{frame.height} {cases}, {int(frame['label'].fill_null(0).sum())} of them bad"
        raise TrainingError(
            model=model,
            reason=f"its {sample} sample has {counts}; selection.min_samples asks for {min_samples}",
            fix="Choose longer windows, or lower selection.min_samples in model_config.yaml.",
        )


def checked_sample(
    model: str, sample: str, frame: pl.DataFrame, min_samples: int, portfolio: Portfolio
) -> pl.DataFrame:
    """The sample in its canonical order, if a model can be fitted on it.

    Raises:
        TrainingError: a column is missing, a loan has no label, there are too few loans or only one class.
    """
    keys = ("snapshot_month", portfolio.cases.key)
    missing = missing_columns(frame, (*keys, "label", *model_columns(portfolio.features)))
    if missing:
        reason, fix = f"its {sample} sample lacks {', '.join(missing)}", "Rebuild gold/feature_store for its months."
        raise TrainingError(model=model, reason=reason, fix=fix)
    n, unlabelled = frame.height, frame["label"].null_count()
    n_bad = int(frame["label"].fill_null(0).sum())
    counts = f"its {sample} sample has {n} {portfolio.words.cases}, {n_bad} of them bad"
    if unlabelled:
        fix = "Join gold/label_store, and take mature cohorts only."
        raise TrainingError(model=model, reason=f"{counts} and {unlabelled} without a label", fix=fix)
    require_size(model, sample, frame, min_samples, portfolio.words.cases)
    if n_bad in {0, n}:
        fix = "Choose windows whose cohorts have both goods and bads."
        raise TrainingError(model=model, reason=f"{counts}; a model needs both classes", fix=fix)
    return frame.sort(keys).rechunk()


def rebalance(design: Design, kind: Rebalancing, shares: RebalancingShares | None = None, *, seed: int) -> Design:
    """A training design with its classes evened out; the same seed gives the same design.

    Args:
        design: Training loans of both classes.
        kind: `downsample` draws as many loans of the larger class as the smaller one has; `smote` adds loans to the
            smaller one until it has as many, each on the line between one of its loans and one of that loan's nearest
            neighbours within the class (Chawla et al. 2002); `smote_downsample` adds bads in this way, then draws
            goods, until there are as many bads per good as `shares` say after each step; `none` changes nothing.
        shares: Of `smote_downsample`; a step that would have to take bads away changes nothing.
        seed: Of the draws.
    """
    if kind == "none":
        return design
    random = np.random.default_rng(seed)
    if kind == "smote_downsample" and shares is not None:
        n_bads = round(shares.smote * int((design.label == 0).sum()))
        more = _with_more(design, 1, n_bads, random)
        return _with_fewer(more, 0, round(int((more.label == 1).sum()) / shares.downsample), random)
    n_bads, n_goods = int((design.label == 1).sum()), int((design.label == 0).sum())
    smaller, larger = (1, 0) if n_bads < n_goods else (0, 1)
    if kind == "downsample":
        return _with_fewer(design, larger, min(n_bads, n_goods), random)
    return _with_more(design, smaller, max(n_bads, n_goods), random)


def _with_fewer(design: Design, label: int, n: int, random: np.random.Generator) -> Design:
    """At most so many of a class, drawn by chance; the others as they are, all in their order."""
    mine, others = np.flatnonzero(design.label == label), np.flatnonzero(design.label != label)
    kept = np.sort(np.concatenate([others, random.choice(mine, min(n, len(mine)), replace=False)]))
    return Design(np.ascontiguousarray(design.values[kept]), design.label[kept])


def _with_more(design: Design, label: int, n: int, random: np.random.Generator) -> Design:
    """At least so many of a class: made ones stand behind."""
    mine = design.values[design.label == label]
    made = _between_neighbours(mine, max(n - len(mine), 0), random)
    return Design(
        np.vstack([design.values, made]), np.concatenate([design.label, np.full(len(made), label, dtype=np.int8)])
    )


def _between_neighbours(values: NDArray[np.float64], n: int, random: np.random.Generator) -> NDArray[np.float64]:
    from sklearn.neighbors import NearestNeighbors

    wanted = min(_NEIGHBOURS, len(values) - 1)
    start = random.integers(0, len(values), n)
    if not wanted:  # a single loan has no neighbour and is repeated
        return values[start]
    # A tree compares loan by loan; the brute way multiplies matrices, whose last bit depends on the machine's threads.
    near = NearestNeighbors(n_neighbors=wanted + 1, algorithm="kd_tree").fit(values)
    _, places = near.kneighbors(values)
    neighbours = places[:, 1:]  # the nearest is the loan itself or its equal
    end = neighbours[start, random.integers(0, wanted, n)]
    return values[start] + random.random(n)[:, None] * (values[end] - values[start])


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
        """By source that these cohorts surely have less of than a sample: the share of its cases that has to go."""
        return {
            source: 1 - share / before
            for source, share in self.present.items()
            if is_surely_less(share, self.n, before := sample.present.get(source, 0.0))
        }


def is_surely_less(share: float, n: int, before: float) -> bool:
    """Whether a share of n cases is lower than before: by the end of Wilson's interval, and by more than `MIN_LOSS`."""
    interval = wilson_interval(round(share * n), n, _CONFIDENCE)
    return interval is not None and interval.high < before * (1 - MIN_LOSS)


def by_sources_present(sample: pl.DataFrame, features: FeatureSet) -> dict[str, pl.DataFrame]:
    """A sample by the sources its cases have, and as they would be without one of these; by `sources_present`.

    Where few cases have just these sources, they are those that have more, the others taken away.
    """
    if not features.source_flags:
        return {}
    removable = [s for s in features.source_flags if _group(s, features) is not None or _made_of(s, features)]
    observed = {frozenset(present.split("+")) - {""} for present in sample["sources_present"].unique()}
    wanted = observed | {present - {source} for present in observed for source in removable}
    found = {"+".join(sorted(names)): _cases_with(names, sample, features, removable) for names in wanted}
    return {present: cases for present, cases in sorted(found.items()) if cases.height}


def _cases_with(
    names: frozenset[str], sample: pl.DataFrame, features: FeatureSet, removable: Sequence[str]
) -> pl.DataFrame:
    present = "+".join(sorted(names))
    own = sample.filter(pl.col("sources_present") == present)
    if own.height >= _MIN_OF_THE_KIND or own.height == sample.height:
        return own
    cases = sample.filter(pl.all_horizontal(pl.lit(value=True), *(_flag(features.source_flags[s]) for s in names)))
    for source in sorted(set(removable) - names):
        cases = without_source(cases, source, features)
    return cases.filter(pl.col("sources_present") == present)


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


def no_rarer(sample: pl.DataFrame, newest: SourceMix, features: FeatureSet, *, seed: int) -> pl.DataFrame:
    """A sample with sources no rarer than the newest cohorts have them; itself where they are not.

    As many cases without a source are left out as it takes, by chance; without any case that has it, all are.
    """
    for source in SourceMix.of(sample, features).lost(newest):
        share, has = newest.present[source], _has(sample, features.source_flags[source])
        having = sample.filter(has)
        lacking = sample.filter(~has).sample(round(having.height * (1 / share - 1)), seed=seed)
        sample = pl.concat([having, lacking])
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
    lineage, tables = features.lineage().get("gold/feature_store", {}), features.tables_of(source)
    read = (*features.numeric, *features.categorical)
    return [name for name in read if tables & {table for table, _ in lineage.get(name, ())}]


def _flag(flag: str) -> pl.Expr:
    return pl.col(flag).fill_null(value=False)


def _has(cases: pl.DataFrame, flag: str) -> pl.Series:
    return cases.select(_flag(flag)).to_series()


def _hash(seed: int, source: str, month: date, case: object) -> bytes:
    return blake2b(f"{seed}|{source}|{month}|{case}".encode(), digest_size=16).digest()
