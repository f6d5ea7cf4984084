"""Combinations: the leaves of a small tree as one characteristic of a scorecard, each leaf a sentence.

What a leaf is and which loan is in it. Growing the trees belongs to growing_trees, weighing leaves to binning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.feature_set import COMBINATIONS
from credit_platform.scoring.transformers.bins import Bin, PlaceArray, limits_named, read_bins
from credit_platform.scoring.transformers.standardisation import known_numbers

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_NOTHING = np.empty(0)
MOST_LEAVES = 64  # more than that nobody reads on a card


@dataclass(frozen=True)
class TreePolicy:
    """How many trees of a scorecard, and how large.

    Attributes:
        trees: Trees, each one characteristic; 0 for a card without.
        tree_leaves: Most leaves of a tree.
        min_leaf_share: Smallest share of all loans in a leaf.
    """

    trees: int = 0
    tree_leaves: int = 16
    min_leaf_share: float = 0.025

    @classmethod
    def from_params(cls, params: Mapping[str, object]) -> Self:
        """Take what is named here out of a model's params; what is not named there keeps its default.

        Raises:
            ValueError: a value is not a number its limit can be.
        """
        return cls(
            **limits_named(
                params,
                {
                    "trees": range(len(COMBINATIONS) + 1),
                    "tree_leaves": range(2, MOST_LEAVES + 1),
                    "min_leaf_share": (0.0001, 0.5),
                },
            )
        )


NO_TREES = TreePolicy()
TREE_PARAMS = tuple(one.name for one in fields(TreePolicy))


@dataclass(frozen=True)
class Condition:
    """What a leaf asks of one feature: a number in an interval, or one of some levels.

    Attributes:
        feature: Its name.
        above: The number is above it; None for no lower bound.
        up_to: The number is at most it; None for no upper bound.
        is_known: Whether a known number may meet it; False where only a missing one does.
        levels: Levels that meet it, of an ordered feature.
        others: Levels that do not. Both empty for a number.
        or_missing: Whether a missing value meets it; a level that is in neither list counts as missing.
    """

    feature: str
    above: float | None = None
    up_to: float | None = None
    is_known: bool = True
    levels: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    or_missing: bool = False

    @property
    def is_of_levels(self) -> bool:
        """Whether the feature has levels, and is no number."""
        return bool(self.levels or self.others)

    def holds(self, levels: pl.Series | None, numbers: FloatArray) -> BoolArray:
        """Whether each row meets it: by its level, null where missing, or by its number, NaN where missing."""
        if levels is not None:
            met = levels.is_in(self.levels)
            if self.or_missing:
                met = levels.is_null() | ~levels.is_in(self.others)
            return met.fill_null(value=self.or_missing).to_numpy()
        is_missing = np.isnan(numbers)
        met = ~is_missing & self.is_known
        if self.above is not None:
            met &= numbers > self.above
        if self.up_to is not None:
            met &= numbers <= self.up_to
        return met | (is_missing & self.or_missing)

    def in_words(self) -> str:
        """The condition as people read it; numbers read back exactly.

        >>> Condition("paid_share", above=1250.0, or_missing=True).in_words()
        'paid_share above 1,250 or missing'
        >>> Condition("size", levels=("small", "medium"), others=("large",)).in_words()
        'size is small or medium'
        >>> Condition("is_owner", up_to=0.0).in_words()
        'is_owner is no'
        """
        said = [self._known_in_words()] if self.is_known and (self.levels or not self.others) else []
        return f"{self.feature} {' or '.join([*said, *(['missing'] if self.or_missing else [])])}"

    def _known_in_words(self) -> str:
        if self.levels:
            return f"is {' or '.join(self.levels)}"
        if self.feature.startswith("is_") and {self.above, self.up_to} == {0.0, None}:
            return "is no" if self.up_to == 0.0 else "is yes"
        bounds = (("above", self.above), ("up to", self.up_to))
        return " ".join(f"{word} {_number(bound)}" for word, bound in bounds if bound is not None) or "known"


@dataclass(frozen=True)
class Leaf:
    """The loans that meet every condition, and what they weigh."""

    conditions: tuple[Condition, ...]
    bin: Bin

    @property
    def sentence(self) -> str:
        """All conditions in words, joined by `and`."""
        return " and ".join(one.in_words() for one in self.conditions)

    @property
    def features(self) -> tuple[str, ...]:
        """What it is about, in the order of the splits."""
        return tuple(one.feature for one in self.conditions)


@dataclass(frozen=True)
class LeafBins:
    """A tree as a characteristic: every loan is in exactly one of its leaves, also where values are missing."""

    feature: str
    leaves: tuple[Leaf, ...]

    @property
    def every_bin(self) -> tuple[Bin, ...]:
        """The bins of the leaves."""
        return tuple(leaf.bin for leaf in self.leaves)

    def places(self, frame: pl.DataFrame, numbers: Mapping[str, FloatArray] = MappingProxyType({})) -> PlaceArray:
        """The leaf of each row, by its place in `leaves`; `numbers` are those that are known already."""
        return place_of([leaf.conditions for leaf in self.leaves], frame, numbers)

    def woe_of(self, frame: pl.DataFrame, numbers: Mapping[str, FloatArray] = MappingProxyType({})) -> FloatArray:
        """Weight of evidence per loan."""
        return np.array([leaf.bin.woe for leaf in self.leaves])[self.places(frame, numbers)]

    def to_dict(self) -> dict[str, object]:
        """All of it, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave."""
        leaves = content["leaves"]
        bins = read_bins(one["bin"] for one in leaves)
        found = (tuple(map(_condition, one["conditions"])) for one in leaves)
        return cls(content["feature"], tuple(map(Leaf, found, bins)))


def place_of(
    leaves: Sequence[Sequence[Condition]],
    frame: pl.DataFrame,
    numbers: Mapping[str, FloatArray] = MappingProxyType({}),
) -> PlaceArray:
    """The one leaf of each row whose conditions it all meets, by its place; `numbers` are those known already."""
    asked = dict.fromkeys(one for conditions in leaves for one in conditions)
    of_levels = {one.feature: frame[one.feature].cast(pl.String) for one in asked if one.is_of_levels}
    missing = dict.fromkeys(one.feature for one in asked if not one.is_of_levels and one.feature not in numbers)
    values = {**numbers, **(known_numbers(frame, list(missing)) if missing else {})}
    met = {one: one.holds(of_levels.get(one.feature), values.get(one.feature, _NOTHING)) for one in asked}
    places = np.zeros(frame.height, dtype=np.intp)
    for place, conditions in enumerate(leaves):
        inside = np.ones(frame.height, dtype=np.bool_)
        for one in conditions:
            inside &= met[one]
        places[inside] = place
    return places


def _condition(content: Mapping[str, Any]) -> Condition:
    lists: dict[str, Any] = {name: tuple(content[name]) for name in ("levels", "others")}
    return Condition(**{**content, **lists})


def _number(value: float) -> str:
    return f"{value:,}".removesuffix(".0")
