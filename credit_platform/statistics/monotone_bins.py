"""Cutting one number into bins whose bad rate only rises, or only falls, and what bins weigh as evidence.

Where no order is asked for, neighbouring bins are joined until their bad rates differ.

Counting loans per bin belongs to binning, fitting the weights of features to scorecard.

Nothing is smoothed. Smoothing draws a small bin more towards 0 than a large one, so that of two bins the riskier could
end up with more points. Instead a bin with too few goods or bads weighs 0.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Direction = Literal[-1, 1]

_DIGITS = 4  # significant ones: a bound people can read and type again, and no loan's own value to the last bit
_CRITICAL = 6.635  # of chi-squared with one degree of freedom at 1 %: many neighbours are looked at
# Siddiqi (2006), Credit Risk Scorecards: below the bound, what a characteristic is worth.
BANDS: tuple[tuple[float, str], ...] = ((0.02, "useless"), (0.1, "weak"), (0.3, "medium"), (0.5, "strong"))
BEYOND = "very strong"  # elsewhere a reason to look for leakage; the evidence of a history is fitted and may reach it


@dataclass(frozen=True)
class BinLimits:
    """How fine bins may be: quantiles to begin with, and the least size of a bin after merging.

    Attributes:
        pre_bins: Quantile bins before merging.
        min_share: Smallest share of all loans in a bin.
        min_bads: Fewest bads in a bin, and fewest goods: of either, fewer say little about the odds.
    """

    pre_bins: int
    min_share: float
    min_bads: int


@dataclass
class _Pool:
    """Neighbouring pre-bins that became one; `last` is the place of the last of them."""

    n: float
    n_bad: float
    last: int

    @property
    def bad_rate(self) -> float:
        return self.n_bad / self.n


def cut_points(
    values: FloatArray, label: NDArray[np.int8], limits: BinLimits, expected: Direction | Literal[0] | None
) -> FloatArray:
    """Inner bounds of the bins of a number, ascending; a bin is above one bound and up to the next.

    Args:
        values: Finite values, one per loan.
        label: 1 bad, 0 good.
        limits: How fine the bins may be.
        expected: 1 where the bad rate must rise with the value, -1 where it must fall; None takes the better of both,
            and 0 asks for no order.

    Returns:
        Nothing where no monotone cut is allowed: all values are one bin.
    """
    if not len(values):
        return np.empty(0)
    bounds = quantile_bounds(values, limits.pre_bins)
    if expected == 0:
        return _distinct_cuts(bounds, values, label, limits)
    if expected is not None:
        return _monotone_cuts(bounds, values, label, limits, expected)
    rising, falling = (_monotone_cuts(bounds, values, label, limits, direction) for direction in (1, -1))
    return falling if _worth(falling, values, label) > _worth(rising, values, label) else rising


def count_bins(values: FloatArray, label: NDArray[np.int8], bounds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Loans and bads per bin."""
    place = np.searchsorted(bounds, values)
    n = np.bincount(place, minlength=len(bounds) + 1).astype(np.float64)
    return n, np.bincount(place, weights=label, minlength=len(bounds) + 1).astype(np.float64)


def quantile_bounds(values: FloatArray, pre_bins: int) -> FloatArray:
    """Rounded bounds between which there are values, so that no quantile bin is empty; ascending."""
    shares = np.arange(1, pre_bins) / pre_bins
    rough = np.quantile(values, shares, method="inverted_cdf")
    bounds = np.unique([float(f"{value:.{_DIGITS}g}") for value in rough])
    place = np.searchsorted(bounds, values)
    filled = np.bincount(place, minlength=len(bounds) + 1) > 0
    # An empty bin goes to the one above it; an empty last bin takes the last bound with it.
    bounds = bounds[filled[:-1]]
    return bounds if filled[-1] else bounds[:-1]


def _monotone_cuts(
    bounds: FloatArray, values: FloatArray, label: NDArray[np.int8], limits: BinLimits, direction: Direction
) -> FloatArray:
    n, n_bad = count_bins(values, label, bounds)
    pools = _pool_adjacent_violators(n, n_bad, direction)
    _merge_small(pools, limits.min_share * len(values), limits.min_bads)
    return bounds[[pool.last for pool in pools[:-1]]]


def _distinct_cuts(bounds: FloatArray, values: FloatArray, label: NDArray[np.int8], limits: BinLimits) -> FloatArray:
    """ChiMerge (Kerber 1992): the two neighbours whose bad rates differ least are joined until all differ."""
    n, n_bad = count_bins(values, label, bounds)
    pools = [
        _Pool(loans, bads, place) for place, (loans, bads) in enumerate(zip(n.tolist(), n_bad.tolist(), strict=True))
    ]
    while len(pools) > 1:
        difference = [_chi_squared(*pair) for pair in pairwise(pools)]
        least = min(range(len(difference)), key=difference.__getitem__)
        if difference[least] >= _CRITICAL:
            break
        _join(pools, least)
    _merge_small(pools, limits.min_share * len(values), limits.min_bads)
    return bounds[[pool.last for pool in pools[:-1]]]


def _chi_squared(one: _Pool, other: _Pool) -> float:
    """Pearson's statistic of two bad rates; 0 where both bins have one class only, the same."""
    rate = (one.n_bad + other.n_bad) / (one.n + other.n)
    variance = rate * (1 - rate) * (1 / one.n + 1 / other.n)
    return (one.bad_rate - other.bad_rate) ** 2 / variance if variance > 0 else 0.0


def _pool_adjacent_violators(n: FloatArray, n_bad: FloatArray, direction: Direction) -> list[_Pool]:
    """Isotonic regression of the bad rate: neighbours out of order become one bin until none is left."""
    pools: list[_Pool] = []
    for place, (loans, bads) in enumerate(zip(n.tolist(), n_bad.tolist(), strict=True)):
        pools.append(_Pool(loans, bads, place))
        while len(pools) > 1 and direction * (pools[-1].bad_rate - pools[-2].bad_rate) <= 0:
            _join(pools, len(pools) - 2)
    return pools


def _merge_small(pools: list[_Pool], min_loans: float, min_bads: int) -> None:
    """Join each bin that is too small with the neighbour of the nearer bad rate, which keeps the order."""

    def is_small(pool: _Pool) -> bool:
        return pool.n < min_loans or pool.n_bad < min_bads or pool.n - pool.n_bad < min_bads

    while len(pools) > 1 and any(is_small(pool) for pool in pools):
        smallest = min((place for place, pool in enumerate(pools) if is_small(pool)), key=lambda at: pools[at].n)
        neighbours = [place for place in (smallest - 1, smallest + 1) if 0 <= place < len(pools)]
        nearest = min(neighbours, key=lambda at: abs(pools[at].bad_rate - pools[smallest].bad_rate))
        _join(pools, min(smallest, nearest))


def _join(pools: list[_Pool], place: int) -> None:
    upper = pools.pop(place + 1)
    lower = pools[place]
    pools[place] = _Pool(lower.n + upper.n, lower.n_bad + upper.n_bad, upper.last)


def _worth(bounds: FloatArray, values: FloatArray, label: NDArray[np.int8]) -> float:
    n, n_bad = count_bins(values, label, bounds)
    return float(information_value(n, n_bad, weight_of_evidence(n, n_bad)).sum())


def weight_of_evidence(n: ArrayLike, n_bad: ArrayLike, *, at_least: int = 1) -> FloatArray:
    """ln(share of all goods / share of all bads) per bin, in nats; positive for a good loan.

    Args:
        n: Loans per bin; together all loans of the sample.
        n_bad: Bads among them.
        at_least: Goods and bads a bin must have, 1 or more. A bin with fewer of either weighs 0.

    >>> weight_of_evidence([100, 100, 3], [20, 60, 3]).round(4).tolist()
    [1.0176, -0.7741, 0.0]
    """
    goods, bads = _classes(n, n_bad)
    is_enough = (goods >= max(at_least, 1)) & (bads >= max(at_least, 1))
    odds = np.where(is_enough, goods, 1.0) / np.where(is_enough, bads, 1.0)
    base = goods.sum() / bads.sum() if is_enough.any() else 1.0
    return np.where(is_enough, np.log(odds / base), 0.0)


def information_value(n: ArrayLike, n_bad: ArrayLike, woe: ArrayLike) -> FloatArray:
    """Each bin's part of the information value: (share of goods - share of bads) * weight of evidence, in nats.

    All 0 where the sample has one class only.

    >>> information_value([100, 100], [20, 60], [0.9808, -0.8109]).round(4).tolist()
    [0.4087, 0.3379]
    """
    goods, bads = _classes(n, n_bad)
    if not goods.sum() or not bads.sum():
        return np.zeros(len(bads))
    return (goods / goods.sum() - bads / bads.sum()) * np.asarray(woe, dtype=np.float64)


def band_of(information_value: float) -> str:
    """What a characteristic of this information value is worth, in a word or two.

    >>> [band_of(value) for value in (0.01, 0.02, 0.2, 0.3, 1.5)]
    ['useless', 'weak', 'medium', 'strong', 'very strong']
    """
    return next((name for bound, name in BANDS if information_value < bound), BEYOND)


def _classes(n: ArrayLike, n_bad: ArrayLike) -> tuple[FloatArray, FloatArray]:
    bads = np.asarray(n_bad, dtype=np.float64)
    return np.asarray(n, dtype=np.float64) - bads, bads
