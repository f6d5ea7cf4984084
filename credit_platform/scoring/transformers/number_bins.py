"""Cutting one number into its bins on training loans: by the fit, or as it was set by hand.

Where the fit cuts is written in monotone_bins, what all characteristics of a scorecard are in binning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.portfolios.feature_set import Direction
from credit_platform.scoring.transformers.bins import NumberBins, SpecialBin, number_places, weighed
from credit_platform.statistics.monotone_bins import BinLimits, cut_points

FloatArray = NDArray[np.float64]
LabelArray = NDArray[np.int8]

_DIRECTIONS: Mapping[str, Direction | Literal[0]] = {"rising": 1, "falling": -1, "none": 0}


@dataclass(frozen=True)
class Cutting:
    """How a number is cut: its order, 0 for none and None for the better one, bounds and special values by hand."""

    direction: Direction | Literal[0] | None
    bounds: tuple[float, ...] | None = None
    special: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, said: CharacteristicPolicy | None, declared: Direction | None) -> Self:
        """What is set by hand, over the direction that the book declares."""
        if said is None:
            return cls(declared)
        direction = declared if said.direction is None else _DIRECTIONS[said.direction]
        return cls(direction, said.cut_points, dict(sorted(said.special_values.items())))


def fit_number_bins(
    feature: str, values: FloatArray, label: LabelArray, limits: BinLimits, cutting: Cutting
) -> NumberBins:
    """Cut one number on training loans, NaN where it is missing, and weigh its bins.

    Special values are apart: the others are cut as if loans with them were not there.
    """
    groups = list(cutting.special.values())
    ordinary = number_places(values, (), groups) == 0
    bounds = cutting.bounds
    if bounds is None:
        # The least share is of all loans: a feature known of few has few bins.
        share = limits.min_share * len(values) / max(int(ordinary.sum()), 1)
        narrowed = BinLimits(limits.pre_bins, share, limits.min_bads)
        bounds = tuple(cut_points(values[ordinary], label[ordinary], narrowed, cutting.direction).tolist())
    place, n_bins = number_places(values, bounds, groups), len(bounds) + len(groups) + 2
    n, n_bad = (np.bincount(place, weights, n_bins).astype(np.float64).tolist() for weights in (None, label))
    *bins, missing = weighed(n, n_bad, limits)
    special = (
        SpecialBin(*group, one) for group, one in zip(cutting.special.items(), bins[len(bounds) + 1 :], strict=True)
    )
    return NumberBins(feature, bounds, tuple(bins[: len(bounds) + 1]), missing, tuple(special))
