"""Weight of evidence and information value of bins, from their counts of goods and bads.

Cutting a feature into bins belongs to binning and monotone_bins, fitting the weights of features to scorecard.

Nothing is smoothed. Smoothing draws a small bin more towards 0 than a large one, so that of two bins the riskier could
end up with more points. Instead a bin with too few goods or bads weighs 0.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# Siddiqi (2006), Credit Risk Scorecards: below the bound, what a characteristic is worth.
BANDS: tuple[tuple[float, str], ...] = ((0.02, "useless"), (0.1, "weak"), (0.3, "medium"), (0.5, "strong"))
BEYOND = "very strong"  # elsewhere a reason to look for leakage; the evidence of a history is fitted and may reach it


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
