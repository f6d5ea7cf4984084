"""The population stability index (PSI; CSI of one characteristic) of two counts over the same bins.

Cutting the bins belongs to `reference`; how large an index is too large is policy.
"""

from collections.abc import Sequence

import numpy as np

SMOOTHING = 0.5  # rows added to every bin


def stability_index(expected: Sequence[float] | np.ndarray, actual: Sequence[float] | np.ndarray) -> float | None:
    """Population (PSI) or characteristic (CSI) stability index of two counts over the same bins.

    Sum of (a - e) ln(a / e) over the bins' shares, each with 0.5/n added on its own side, so that an empty bin stays
    finite and the index is symmetric. Bins empty on both sides do not count. None when a side has no rows.

    >>> stability_index([50, 50], [50, 50])
    0.0
    >>> round(stability_index([100, 100], [150, 50]), 3)
    0.272
    >>> stability_index([0, 0], [1, 2]) is None
    True
    """
    before, after = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if before.sum() == 0 or after.sum() == 0:
        return None
    is_used = (before + after) > 0
    before, after = before[is_used] + SMOOTHING, after[is_used] + SMOOTHING
    before, after = before / before.sum(), after / after.sum()
    return float(np.sum((after - before) * np.log(after / before)))


def sampling_floor(bins: int, n: int, m: int) -> float | None:
    """Index to expect of two samples of the same population, (B - 1)(1/n + 1/m); None when a sample is empty.

    Yurdakul (2018): an index of this size says nothing about the population.

    >>> round(sampling_floor(10, 500, 6000), 4)
    0.0195
    """
    return (bins - 1) * (1 / n + 1 / m) if n and m else None
