"""The bins of one characteristic as they were fitted: loans and bads of each, its weight of evidence.

How their limits are read from a model's params stands here too, for bins and leaves alike. Cutting them on training
loans, and all characteristics together, belong to binning.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.statistics.monotone_bins import BinLimits, information_value, weight_of_evidence

FloatArray = NDArray[np.float64]
PlaceArray = NDArray[np.intp]

UNSEEN_WOE = 0.0  # a level that training never saw says nothing about the loan


def limits_named(params: Mapping[str, object], allowed: Mapping[str, range | tuple[float, float]]) -> dict[str, Any]:
    """Those of a model's params that set a limit.

    Args:
        params: All of them.
        allowed: What each limit may be: a whole number of a range, or a share between two, both included.

    Raises:
        ValueError: one is not what its limit can be.
    """
    chosen = {name: params[name] for name in allowed if name in params}
    for name, value in chosen.items():
        within = allowed[name]
        if isinstance(within, range):
            kind, low, high = "a whole number", within[0], within[-1]
            is_fine = isinstance(value, int) and value in within
        else:
            kind, (low, high) = "a share", within
            is_fine = isinstance(value, (int, float)) and low <= value <= high
        if not is_fine or isinstance(value, bool):
            message = f"{name} is {value!r}; it must be {kind} from {low:,} to {high:,}"
            raise ValueError(message)
    return chosen


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
class SpecialBin:
    """Values of a number that are no amount, such as -1 for no record, under the name that policy gives them."""

    name: str
    values: tuple[float, ...]
    bin: Bin


@dataclass(frozen=True)
class NumberBins:
    """A number cut at `uppers`: bin i has values up to `uppers[i]`, the last one those above.

    Special values have bins of their own, whatever the bounds, and missing has one.
    """

    feature: str
    uppers: tuple[float, ...]
    bins: tuple[Bin, ...]
    missing: Bin
    special: tuple[SpecialBin, ...] = ()

    @property
    def every_bin(self) -> tuple[Bin, ...]:
        """The bins by place: in the order of values, then of special values, then missing."""
        return (*self.bins, *(one.bin for one in self.special), self.missing)

    def place_of(self, values: FloatArray) -> PlaceArray:
        """Place in `every_bin` per loan; NaN is missing."""
        return number_places(values, self.uppers, [one.values for one in self.special])

    def woe_of(self, values: FloatArray) -> FloatArray:
        """Weight of evidence per loan; NaN is missing."""
        return np.array([one.woe for one in self.every_bin])[self.place_of(values)]


@dataclass(frozen=True)
class LevelBins:
    """One bin per common level, one for all rare levels together, one for missing; unseen levels weigh 0."""

    feature: str
    levels: tuple[str, ...]
    bins: tuple[Bin, ...]
    rare_levels: tuple[str, ...]
    rare: Bin
    missing: Bin

    @property
    def every_bin(self) -> tuple[Bin, ...]:
        """The bins by place: of each common level, of the rare ones, of missing, of levels that training never saw."""
        return (*self.bins, self.rare, self.missing, Bin(0, 0, UNSEEN_WOE, 0.0))

    def place_of(self, values: pl.Series) -> PlaceArray:
        """Place in `every_bin` per loan."""
        rare = len(self.levels)
        place: dict[str | None, int] = {level: at for at, level in enumerate(self.levels)}
        place |= dict.fromkeys(self.rare_levels, rare) | {None: rare + 1}
        return np.array([place.get(level, rare + 2) for level in values.to_list()], dtype=np.intp)

    def woe_of(self, values: pl.Series) -> FloatArray:
        """Weight of evidence per loan."""
        return np.array([one.woe for one in self.every_bin])[self.place_of(values)]


def read_bins(content: Iterable[Mapping[str, Any]]) -> tuple[Bin, ...]:
    """The bins of a list in JSON."""
    return tuple(Bin(**one) for one in content)


def number_places(values: FloatArray, uppers: Sequence[float], special: Sequence[Sequence[float]]) -> PlaceArray:
    """Place of each value among the bins of a number: those between bounds, the groups of special values, missing.

    >>> number_places(np.array([1.0, 2.5, -1.0, np.nan]), [2.0], [[-1.0]]).tolist()
    [0, 1, 2, 3]
    """
    place = np.searchsorted(uppers, values)
    for at, group in enumerate(special, start=len(uppers) + 1):
        place[np.isin(values, group)] = at
    place[np.isnan(values)] = len(uppers) + 1 + len(special)
    return place


def read_number_bins(content: Mapping[str, Any]) -> NumberBins:
    """The bins of a number in JSON; those of earlier releases have no special values."""
    special = (SpecialBin(one["name"], tuple(one["values"]), Bin(**one["bin"])) for one in content.get("special", ()))
    return NumberBins(
        content["feature"],
        tuple(content["uppers"]),
        read_bins(content["bins"]),
        Bin(**content["missing"]),
        tuple(special),
    )


def weighed(n: Sequence[float], n_bad: Sequence[float], limits: BinLimits) -> list[Bin]:
    """Bins that hold all loans of a sample together, each with its weight of evidence under the limits."""
    woe = weight_of_evidence(n, n_bad, at_least=limits.min_bads)
    iv = information_value(n, n_bad, woe)
    return [
        Bin(int(loans), int(bads), float(weight), float(part))
        for loans, bads, weight, part in zip(n, n_bad, woe, iv, strict=True)
    ]
