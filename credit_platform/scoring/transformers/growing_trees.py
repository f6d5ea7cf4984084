"""Growing the small trees whose leaves are characteristics of a scorecard.

Each tree is the first that LightGBM grows, held to the directions that hold everything else being equal. It splits
between quantile bins, so that a bound is a number people can read. What a leaf is belongs to tree_leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.scoring.transformers.standardisation import known_number
from credit_platform.scoring.transformers.tree_leaves import Condition, TreePolicy
from credit_platform.statistics.monotone_bins import quantile_bounds

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Conditions = tuple[Condition, ...]


@dataclass(frozen=True)
class _Steps:
    """A feature in steps: step i of a number is above bound i - 1 and up to bound i; a level's step is its place."""

    feature: str
    bounds: tuple[float, ...]
    levels: tuple[str, ...]
    values: FloatArray

    @property
    def last(self) -> int:
        return len(self.levels) - 1 if self.levels else len(self.bounds)


@dataclass(frozen=True)
class _Sample:
    """The training loans in steps, their label, and the fewest bads and goods of a leaf."""

    steps: Sequence[_Steps]
    label: FloatArray
    min_bads: int

    def is_large(self, loans: BoolArray) -> bool:
        bads = self.label[loans].sum()
        return bool(min(bads, loans.sum() - bads) >= self.min_bads)


@dataclass(frozen=True)
class _Span:
    """The steps that a branch of a tree lets through, above `low` and up to `high`, and whether missing values too."""

    low: int
    high: int
    or_missing: bool = True


def grow_trees(
    train: pl.DataFrame, features: FeatureSet, policy: TreePolicy, *, pre_bins: int, min_bads: int
) -> list[tuple[Conditions, ...]]:
    """The leaves of each tree, as their conditions; fewer trees than asked for where there is nothing to split.

    A later tree does without the features by which the earlier ones split all loans first, and so says something else.

    Args:
        train: Training loans with their `label`.
        features: The feature set of the book, of which trees read `combinable`.
        policy: How many trees, and how large.
        pre_bins: Quantile bins of a number between which a tree may split.
        min_bads: Fewest bads of a leaf, and fewest goods.
    """
    label = train["label"].cast(pl.Int8).to_numpy().astype(np.float64)
    steps = [_steps(train, feature, features, pre_bins) for feature in features.combinable]
    trees: list[tuple[Conditions, ...]] = []
    while len(trees) < policy.trees and steps:
        sample = _Sample(steps, label, min_bads)
        root = _grow(sample, features.split_directions, policy)
        leaves = tuple(_leaves(root, sample, {}, np.ones(len(label), dtype=np.bool_)))
        if len(leaves) < 2:
            break
        trees.append(leaves)
        steps = [one for place, one in enumerate(steps) if place != root["split_feature"]]
    return trees


def _steps(train: pl.DataFrame, feature: str, features: FeatureSet, pre_bins: int) -> _Steps:
    if feature in features.categorical:
        levels = features.levels[feature].names
        place = {level: float(step) for step, level in enumerate(levels)}
        values = [place.get(level, np.nan) for level in train[feature].cast(pl.String).to_list()]
        return _Steps(feature, (), levels, np.array(values, dtype=np.float64))
    number = train.select(known_number(feature)).to_series().to_numpy(allow_copy=True).astype(np.float64)
    known = ~np.isnan(number)
    bounds = quantile_bounds(number[known], pre_bins) if known.any() else np.empty(0)
    values = np.where(known, np.searchsorted(bounds, number), np.nan)
    return _Steps(feature, tuple(bounds.tolist()), (), values)


def _grow(sample: _Sample, directions: Mapping[str, int], policy: TreePolicy) -> Mapping[str, Any]:
    """The root of the tree as LightGBM describes it."""
    import lightgbm

    steps, label = sample.steps, sample.label
    fixed: dict[str, Any] = {
        "objective": "binary",
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # the order of additions depends on the number of threads
        "verbosity": -1,
        "min_data_in_bin": 1,
        "max_bin": max(one.last for one in steps) + 2,  # no step joined with another, and one for missing
        "feature_pre_filter": False,
        "min_sum_hessian_in_leaf": 0.0,
        "num_leaves": policy.tree_leaves,
        "min_data_in_leaf": max(2, ceil(policy.min_leaf_share * len(label))),
        "monotone_constraints": [directions.get(one.feature, 0) for one in steps],
        "monotone_constraints_method": "advanced",
    }
    data = lightgbm.Dataset(np.column_stack([one.values for one in steps]), label=label, params=fixed)
    return lightgbm.train(fixed, data, num_boost_round=1).dump_model()["tree_info"][0]["tree_structure"]


def _leaves(
    node: Mapping[str, Any], sample: _Sample, spans: Mapping[int, _Span], inside: BoolArray
) -> list[Conditions]:
    """The leaves below a node, which is a leaf itself where a side of its split has too few bads or goods.

    `spans` are those of the splits above it, in their order, `inside` the loans that reach it.
    """
    if "split_feature" in node:
        at, step = node["split_feature"], floor(node["threshold"])
        values, span = sample.steps[at].values, spans.get(at, _Span(-1, sample.steps[at].last))
        is_low, is_missing = values <= step, np.isnan(values)
        # Where no loan that is split here has it missing, a missing value goes the way of most of them.
        missing_is_low = bool(node["default_left"])
        if not (inside & is_missing).any():
            missing_is_low = bool((inside & is_low).sum() * 2 >= inside.sum())
        low = inside & (is_low | (is_missing & missing_is_low))
        sides = (low, inside & ~low)
        if all(map(sample.is_large, sides)):
            narrowed = (
                replace(span, high=min(step, span.high), or_missing=span.or_missing and missing_is_low),
                replace(span, low=max(step, span.low), or_missing=span.or_missing and not missing_is_low),
            )
            return [
                leaf
                for child, side, narrow in zip(("left_child", "right_child"), sides, narrowed, strict=True)
                for leaf in _leaves(node[child], sample, {**spans, at: narrow}, side)
            ]
    return [tuple(_condition(sample.steps[at], span) for at, span in spans.items())]


def _condition(one: _Steps, span: _Span) -> Condition:
    is_known = span.low < span.high
    if one.levels:
        inside = one.levels[span.low + 1 : span.high + 1] if is_known else ()
        others = tuple(level for level in one.levels if level not in inside)
        return Condition(one.feature, levels=inside, others=others, or_missing=span.or_missing)
    above = one.bounds[span.low] if is_known and span.low >= 0 else None
    up_to = one.bounds[span.high] if is_known and span.high < len(one.bounds) else None
    return Condition(one.feature, above, up_to, is_known=is_known, or_missing=span.or_missing)
