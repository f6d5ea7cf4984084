"""The distribution of a version's development sample: bins frozen when the version is fitted, and rows in them.

Comparing later loans with it belongs in `stability_index`, what is too large a shift in monitoring.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, cast

import numpy as np
import polars as pl

N_BINS = 10
RARE_LEVEL_SHARE = 0.01  # a level below 1 % of the training sample says nothing on its own
OTHER, UNSEEN, NULL = "__other__", "__unseen__", "__null__"


@dataclass(frozen=True)
class Bins:
    """The frozen bins of one column and the training rows in each.

    Numeric bins are open below and closed above at `edges`, so there is one more of them than edges. Categorical bins
    are one per level, then the rare levels of training together, then levels training never saw. The last bin of both
    kinds is for missing values.
    """

    name: str
    kind: Literal["numeric", "categorical"]
    edges: tuple[float, ...]
    levels: tuple[str, ...]
    rare_levels: tuple[str, ...]
    counts: tuple[float, ...]

    @classmethod
    def of_numbers(cls, values: pl.Series) -> Bins:
        """Deciles of a numeric or boolean column; one bin per value when it takes ten values or fewer."""
        edges = _edges(_known_numbers(values))
        counts = tuple(_count_numbers(values, edges).tolist())
        return cls(name=values.name, kind="numeric", edges=edges, levels=(), rare_levels=(), counts=counts)

    @classmethod
    def of_levels(cls, values: pl.Series) -> Bins:
        """One bin per level of a categorical column, levels below 1 % of the rows together."""
        found = pl.DataFrame({"level": values.cast(pl.String).drop_nulls()}).group_by("level").len().sort("level")
        is_rare = pl.col("len") < RARE_LEVEL_SHARE * values.len()
        levels = tuple(found.filter(~is_rare).get_column("level").to_list())
        rare_levels = tuple(found.filter(is_rare).get_column("level").to_list())
        return cls(
            name=values.name,
            kind="categorical",
            edges=(),
            levels=levels,
            rare_levels=rare_levels,
            counts=tuple(_count_levels(values, levels, rare_levels).tolist()),
        )

    def count(self, values: pl.Series) -> np.ndarray:
        """Rows of `values` in each bin, in the order of `counts`."""
        if self.kind == "numeric":
            return _count_numbers(values, self.edges)
        return _count_levels(values, self.levels, self.rare_levels)


@dataclass(frozen=True)
class ScoresAtHistory:
    """The version's probabilities after `months` of history: share of each frozen bin, mean, mean square."""

    months: int
    shares: tuple[float, ...]
    mean: float
    mean_square: float

    @classmethod
    def of(cls, months: int, probability: np.ndarray, bins: Bins) -> ScoresAtHistory:
        """Put the probabilities expected after `months` into the frozen bins."""
        counts = bins.count(pl.Series("default_probability", probability))
        shares = tuple((counts / counts.sum()).tolist())
        return cls(months, shares, float(probability.mean()), float((probability**2).mean()))


@dataclass(frozen=True)
class SampleWithSources:
    """The development sample as it is with some sources and no others: its rows in each of the frozen bins.

    `sources` are the short names joined by +, `features` the counts of each feature in the order of the reference.
    """

    sources: str
    n: int
    probability: tuple[float, ...]
    mean: float
    mean_square: float
    features: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Reference:
    """What a version saw in development: its probabilities and its features.

    Attributes:
        by_history: how the probabilities of the same loans would spread after other lengths of history; empty for a
            version that has none.
        by_sources: the same loans by the sources they have, and as they would be without one of these.
        sources: the share of the loans that have each source, by its short name.
    """

    n: int
    mean_probability: float
    std_probability: float
    probability: Bins
    features: tuple[Bins, ...]
    by_history: tuple[ScoresAtHistory, ...] = ()
    by_sources: tuple[SampleWithSources, ...] = ()
    sources: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """The reference as UTF-8 JSON; the same reference gives the same bytes."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def from_json(cls, text: bytes | str) -> Reference:
        """Read what `to_json` wrote, without loss."""
        content = json.loads(text)
        return cls(
            n=content["n"],
            mean_probability=content["mean_probability"],
            std_probability=content["std_probability"],
            probability=_bins_from(content["probability"]),
            features=tuple(_bins_from(bins) for bins in content["features"]),
            by_history=tuple(
                ScoresAtHistory(at["months"], tuple(at["shares"]), at["mean"], at["mean_square"])
                for at in content["by_history"]
            ),
            # Versions stored before references were split by sources have neither.
            by_sources=tuple(
                SampleWithSources(
                    at["sources"],
                    at["n"],
                    tuple(at["probability"]),
                    at["mean"],
                    at["mean_square"],
                    tuple(tuple(counts) for counts in at["features"]),
                )
                for at in content.get("by_sources", ())
            ),
            sources=content.get("sources", {}),
        )


def fit_reference(
    frame: pl.DataFrame,
    *,
    probability: np.ndarray,
    numeric: Sequence[str],
    categorical: Sequence[str],
    by_history: Mapping[int, np.ndarray] | None = None,
    by_sources: Mapping[str, tuple[pl.DataFrame, np.ndarray]] | None = None,
    sources: Mapping[str, float] | None = None,
) -> Reference:
    """Freeze bins on the development sample.

    Args:
        frame: One row per training loan, with all columns of `numeric` (numbers or booleans) and `categorical`.
        probability: The version's default probabilities of the same rows, 0..1.
        numeric: Columns binned by deciles, or by value when they take ten values or fewer.
        categorical: Columns binned by level, levels below 1 % together.
        by_history: The probabilities to expect after so many months of history.
        by_sources: Loans of the sample with some sources and no others, and their probabilities, by these sources.
        sources: The share of the sample that has each source.
    """
    scores = np.asarray(probability, dtype=np.float64)
    bins = Bins.of_numbers(pl.Series("default_probability", scores))
    features = (
        *(Bins.of_numbers(frame.get_column(name)) for name in numeric),
        *(Bins.of_levels(frame.get_column(name)) for name in categorical),
    )
    return Reference(
        n=int(scores.size),
        mean_probability=float(scores.mean()),
        std_probability=float(scores.std()),
        probability=bins,
        features=features,
        by_history=tuple(
            ScoresAtHistory.of(months, expected, bins) for months, expected in sorted((by_history or {}).items())
        ),
        by_sources=tuple(
            _sample_with(present, *part, bins, features) for present, part in sorted((by_sources or {}).items())
        ),
        sources=dict(sources or {}),
    )


def _sample_with(
    sources: str, loans: pl.DataFrame, probability: np.ndarray, bins: Bins, features: Sequence[Bins]
) -> SampleWithSources:
    scores = np.asarray(probability, dtype=np.float64)
    return SampleWithSources(
        sources=sources,
        n=loans.height,
        probability=_counted(bins, pl.Series("default_probability", scores)),
        mean=float(scores.mean()),
        mean_square=float((scores**2).mean()),
        features=tuple(_counted(one, loans.get_column(one.name)) for one in features),
    )


def _counted(bins: Bins, values: pl.Series) -> tuple[float, ...]:
    return tuple(bins.count(values).tolist())


def _bins_from(content: Mapping[str, object]) -> Bins:
    return Bins(
        name=str(content["name"]),
        kind="numeric" if content["kind"] == "numeric" else "categorical",
        edges=tuple(cast("list[float]", content["edges"])),
        levels=tuple(cast("list[str]", content["levels"])),
        rare_levels=tuple(cast("list[str]", content["rare_levels"])),
        counts=tuple(cast("list[float]", content["counts"])),
    )


def _known_numbers(values: pl.Series) -> np.ndarray:
    numbers = values.cast(pl.Float64)
    return numbers.filter(numbers.is_not_null() & numbers.is_not_nan()).to_numpy()


def _edges(numbers: np.ndarray) -> tuple[float, ...]:
    """Inner edges of the bins, strictly ascending.

    A column of few values gets one bin per value, and bins below and above all of them: with deciles alone a flag that
    was always true in training could turn false without leaving its bin.
    """
    distinct = np.unique(numbers)
    if distinct.size == 0:
        return ()
    if distinct.size <= N_BINS:
        return (float(np.nextafter(distinct[0], -np.inf)), *distinct.tolist())
    deciles = np.unique(np.quantile(numbers, np.arange(1, N_BINS) / N_BINS))
    return tuple(deciles[deciles < distinct[-1]].tolist())


def _count_numbers(values: pl.Series, edges: Sequence[float]) -> np.ndarray:
    numbers = _known_numbers(values)
    places = np.searchsorted(np.asarray(edges, dtype=np.float64), numbers, side="left")
    counts = np.bincount(places, minlength=len(edges) + 1)
    return np.append(counts, values.len() - numbers.size)


def _count_levels(values: pl.Series, levels: Sequence[str], rare_levels: Sequence[str]) -> np.ndarray:
    names = (*levels, OTHER, UNSEEN, NULL)
    text = values.cast(pl.String)
    frame = pl.DataFrame({"level": text}).with_columns(
        pl.when(pl.col("level").is_null())
        .then(pl.lit(NULL))
        .when(pl.col("level").is_in(list(levels)))
        .then(pl.col("level"))
        .when(pl.col("level").is_in(list(rare_levels)))
        .then(pl.lit(OTHER))
        .otherwise(pl.lit(UNSEEN))
        .alias("bin")
    )
    found = dict(frame.group_by("bin").len().iter_rows())
    return np.array([found.get(name, 0) for name in names], dtype=np.int64)
