"""The transformer of a scorecard: every feature cut into bins, each bin with its weight of evidence.

Fitted on training loans, stored as JSON, never refitted when scoring. How fine the bins are is read from a model's
params. Where to cut belongs to monotone_bins; what a bin is worth in points to scorecard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.portfolios.feature_set import COMBINATIONS, EvidenceGroup, FeatureSet
from credit_platform.scoring.transformers.bins import (
    Bin,
    LevelBins,
    NumberBins,
    limits_named,
    read_bins,
    read_number_bins,
    weighed,
)
from credit_platform.scoring.transformers.evidence import HistoryEvidence, months_seen
from credit_platform.scoring.transformers.growing_trees import grow_trees
from credit_platform.scoring.transformers.number_bins import Cutting, fit_number_bins
from credit_platform.scoring.transformers.standardisation import known_numbers
from credit_platform.scoring.transformers.tree_leaves import NO_TREES, TREE_PARAMS, Leaf, LeafBins, TreePolicy, place_of
from credit_platform.statistics.monotone_bins import BinLimits

FloatArray = NDArray[np.float64]
LabelArray = NDArray[np.int8]


@dataclass(frozen=True)
class BinningPolicy:
    """Limits of the bins. Evidence has limits of its own: it carries most of the ranking, and is cut finer.

    Attributes:
        pre_bins: Quantile bins of a feature before merging.
        min_bin_share: Smallest share of all loans in a bin.
        min_bin_bads: Fewest bads in a bin, and fewest goods.
        evidence_pre_bins: As `pre_bins`, for the evidence of a group.
        evidence_min_bin_share: As `min_bin_share`.
        evidence_min_bin_bads: As `min_bin_bads`.
    """

    pre_bins: int = 20
    min_bin_share: float = 0.05
    min_bin_bads: int = 10
    evidence_pre_bins: int = 200
    evidence_min_bin_share: float = 0.005
    evidence_min_bin_bads: int = 2

    @classmethod
    def from_params(cls, params: Mapping[str, object]) -> Self:
        """Take what is named here out of a model's params; what is not named there keeps its default.

        Raises:
            ValueError: a value is not a number its limit can be.
        """
        share = (0, 0.5)
        allowed = {one.name: share if one.name.endswith("_share") else range(1, 1_000_001) for one in fields(cls)}
        return cls(**limits_named(params, allowed))

    @property
    def features(self) -> BinLimits:
        """Limits of every feature but evidence."""
        return BinLimits(self.pre_bins, self.min_bin_share, self.min_bin_bads)

    @property
    def evidence(self) -> BinLimits:
        """Limits of the evidence of every group."""
        return BinLimits(self.evidence_pre_bins, self.evidence_min_bin_share, self.evidence_min_bin_bads)


BINNING_PARAMS = (*(one.name for one in fields(BinningPolicy)), *TREE_PARAMS)


@dataclass(frozen=True)
class WoeBinning:
    """Everything between the feature store and a scorecard's design matrix: one column per feature, in nats.

    The last of `numbers` are the evidence of each group, missing for a loan without its history.
    """

    numbers: tuple[NumberBins, ...]
    levels: tuple[LevelBins, ...]
    evidence: tuple[HistoryEvidence, ...]
    combinations: tuple[LeafBins, ...] = ()

    def characteristics(self) -> list[NumberBins | LevelBins | LeafBins]:
        """The bins behind each design column."""
        return [*self.numbers, *self.levels, *self.combinations]

    def design_matrix(self, frame: pl.DataFrame) -> FloatArray:
        """(loans, features): weights of evidence, one row per row of `frame` in its order."""
        of_groups = {one.feature: evidence_total(frame, one) for one in self.evidence}
        plain = known_numbers(frame, [bins.feature for bins in self.numbers if bins.feature not in of_groups])
        columns = [
            *(bins.woe_of((plain | of_groups)[bins.feature]) for bins in self.numbers),
            *(bins.woe_of(level_values(frame, bins.feature)) for bins in self.levels),
            *(bins.woe_of(frame, plain) for bins in self.combinations),
        ]
        return np.ascontiguousarray(np.column_stack(columns))

    def design_features(self) -> Sequence[str]:
        """The feature of each design column."""
        return [bins.feature for bins in self.characteristics()]

    def to_json(self) -> bytes:
        """All fitted numbers; Python writes the shortest text that reads back as the same float."""
        content = {
            "numbers": [asdict(bins) for bins in self.numbers],
            "levels": [asdict(bins) for bins in self.levels],
            **({"combinations": [bins.to_dict() for bins in self.combinations]} if self.combinations else {}),
            **{one.feature: one.to_dict() for one in self.evidence},
        }
        return json.dumps(content, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes, groups: Sequence[EvidenceGroup]) -> WoeBinning:
        """Read what `to_json` wrote, with the evidence groups of the book."""
        content = json.loads(text)
        return cls(
            numbers=tuple(read_number_bins(one) for one in content["numbers"]),
            levels=tuple(
                LevelBins(
                    feature=one["feature"],
                    levels=tuple(one["levels"]),
                    bins=read_bins(one["bins"]),
                    rare_levels=tuple(one["rare_levels"]),
                    rare=Bin(**one["rare"]),
                    missing=Bin(**one["missing"]),
                )
                for one in content["levels"]
            ),
            evidence=tuple(HistoryEvidence.from_dict(group, content[group.feature]) for group in groups),
            # A version of a release before there were combinations has none.
            combinations=tuple(map(LeafBins.from_dict, content.get("combinations", ()))),
        )


def number_values(frame: pl.DataFrame, feature: str, evidence: Sequence[HistoryEvidence]) -> FloatArray:
    """A feature as numbers, NaN where missing or not finite; the total evidence where `feature` is that of a group."""
    found = next((one for one in evidence if one.feature == feature), None)
    return known_numbers(frame, [feature])[feature] if found is None else evidence_total(frame, found)


def evidence_total(frame: pl.DataFrame, evidence: HistoryEvidence) -> FloatArray:
    """The evidence of all channels together per loan (nats), NaN without history."""
    months, terms = months_seen(frame, evidence.group), list(evidence.terms())
    sums = frame.select(pl.col(column).cast(pl.Float64).fill_null(0.0) for column, _, _ in terms)
    total = np.zeros(frame.height)
    # Channel by channel, without a division: DuckDB and Polars do the same steps and get the same bits, so that a loan
    # at the bound of a bin falls into the same one everywhere.
    with np.errstate(over="ignore", invalid="ignore"):
        for column, weight, middle in terms:
            total = total + weight * (sums[column].to_numpy() - months * middle)
    return np.where((months > 0) & np.isfinite(total), total, np.nan)


def level_values(frame: pl.DataFrame, feature: str) -> pl.Series:
    """A feature as text."""
    return frame[feature].cast(pl.String)


def fit_binning(
    train: pl.DataFrame,
    features: FeatureSet,
    evidence: Sequence[HistoryEvidence],
    policy: BinningPolicy,
    trees: TreePolicy = NO_TREES,
    *,
    by_hand: Mapping[str, CharacteristicPolicy] = MappingProxyType({}),
) -> WoeBinning:
    """Cut every feature on the training loans with their `label`; the `evidence` has been fitted on them before.

    What is excluded by hand, or has special values, is no amount or no fact to decide by, and trees do without it.

    Args:
        train: Feature store rows with their `label`.
        features: The feature set of the book.
        evidence: Of each group, fitted on the same loans.
        policy: How fine the bins may be.
        trees: How many combinations, and how large.
        by_hand: By feature, what is set by hand.
    """
    label = train["label"].cast(pl.Int8).to_numpy()

    def fit_number(feature: str, limits: BinLimits) -> NumberBins:
        cutting = Cutting.of(by_hand.get(feature), features.directions.get(feature))
        return fit_number_bins(feature, number_values(train, feature, evidence), label, limits, cutting)

    return WoeBinning(
        numbers=(
            *(fit_number(feature, policy.features) for feature in features.numeric),
            *(fit_number(one.feature, policy.evidence) for one in evidence),
        ),
        levels=tuple(
            _fit_levels(feature, level_values(train, feature), label, policy.features)
            for feature in features.categorical
        ),
        evidence=tuple(evidence),
        combinations=_fit_combinations(train, _splittable(features, by_hand), label, policy, trees),
    )


def _splittable(features: FeatureSet, by_hand: Mapping[str, CharacteristicPolicy]) -> FeatureSet:
    kept_out = {name for name, said in by_hand.items() if said.use == "exclude" or said.special_values}
    numeric, categorical = (
        tuple(name for name in names if name not in kept_out) for names in (features.numeric, features.categorical)
    )
    return replace(features, numeric=numeric, categorical=categorical)


def _fit_combinations(
    train: pl.DataFrame, features: FeatureSet, label: LabelArray, policy: BinningPolicy, trees: TreePolicy
) -> tuple[LeafBins, ...]:
    grown = grow_trees(train, features, trees, pre_bins=policy.pre_bins, min_bads=policy.min_bin_bads)
    found: list[LeafBins] = []
    for name, leaves in zip(COMBINATIONS, grown, strict=False):
        place = place_of(leaves, train)
        n, n_bad = np.bincount(place, minlength=len(leaves)), np.bincount(place, weights=label, minlength=len(leaves))
        bins = weighed(n.astype(np.float64).tolist(), n_bad.tolist(), policy.features)
        found.append(LeafBins(name, tuple(map(Leaf, leaves, bins))))
    return tuple(found)


def _fit_levels(feature: str, values: pl.Series, label: LabelArray, limits: BinLimits) -> LevelBins:
    counted = (
        pl.DataFrame({"level": values, "label": label})
        .group_by("level")
        .agg(n=pl.len(), n_bad=pl.col("label").cast(pl.Int64).sum())
        .sort("level")
    )
    missing = counted.filter(pl.col("level").is_null())
    known = counted.drop_nulls("level")
    n_good = pl.col("n") - pl.col("n_bad")
    is_common = (
        (pl.col("n") >= limits.min_share * len(values))
        & (pl.col("n_bad") >= limits.min_bads)
        & (n_good >= limits.min_bads)
    )
    common, rare = known.filter(is_common), known.filter(~is_common)
    groups = [missing["n"].sum(), rare["n"].sum()], [missing["n_bad"].sum(), rare["n_bad"].sum()]
    of_missing, of_rare, *bins = weighed(
        [*map(float, groups[0]), *map(float, common["n"])],
        [*map(float, groups[1]), *map(float, common["n_bad"])],
        limits,
    )
    return LevelBins(
        feature, tuple(common["level"]), tuple(bins), tuple(rare["level"]), rare=of_rare, missing=of_missing
    )
