"""The bins of one characteristic as they were fitted: loans and bads of each, its weight of evidence.

Cutting them on training loans, and all characteristics together, belong to binning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

UNSEEN_WOE = 0.0  # a level that training never saw says nothing about the loan


@dataclass(frozen=True)
class Bin:
    """Loans and bads of a bin in training, its weight of evidence and its part of the information value, in nats."""

    n: int
    n_bad: int
    woe: float
    iv: float

    @property
    def bad_rate(self) -> float | None:
        """Share of bads; None where it has too few loans to weigh anything."""
        return self.n_bad / self.n if self.n and self.woe != UNSEEN_WOE else None


@dataclass(frozen=True)
class NumberBins:
    """A number cut at `uppers`: bin i has values up to `uppers[i]`, the last one those above. Missing has its own."""

    feature: str
    uppers: tuple[float, ...]
    bins: tuple[Bin, ...]
    missing: Bin

    def woe_of(self, values: FloatArray) -> FloatArray:
        """Weight of evidence per loan; NaN is missing."""
        woe = np.array([one.woe for one in (*self.bins, self.missing)])
        place = np.searchsorted(self.uppers, values)
        return woe[np.where(np.isnan(values), len(self.bins), place)]


@dataclass(frozen=True)
class LevelBins:
    """One bin per common level, one for all rare levels together, one for missing; unseen levels weigh 0."""

    feature: str
    levels: tuple[str, ...]
    bins: tuple[Bin, ...]
    rare_levels: tuple[str, ...]
    rare: Bin
    missing: Bin

    def woe_of(self, values: pl.Series) -> FloatArray:
        """Weight of evidence per loan."""
        woe = {level: one.woe for level, one in zip(self.levels, self.bins, strict=True)}
        woe |= dict.fromkeys(self.rare_levels, self.rare.woe)
        return np.array(
            [self.missing.woe if level is None else woe.get(level, UNSEEN_WOE) for level in values.to_list()],
            dtype=np.float64,
        )


def read_bins(content: Iterable[Mapping[str, Any]]) -> tuple[Bin, ...]:
    """The bins of a list in JSON."""
    return tuple(Bin(**one) for one in content)
