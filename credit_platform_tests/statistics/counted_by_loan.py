"""Capture rate counted loan by loan, as a yardstick for what the package computes for many weightings at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def capture_rate(label: NDArray[np.integer], probability: NDArray[np.float64], share: float) -> float | None:
    """Share of all bads among the riskiest `share` of the loans; None without a bad.

    Where the last loans counted have one probability with others, their bads count in proportion.

    >>> capture_rate(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), 0.25)
    0.5
    """
    n_bad = int(label.sum())
    if n_bad == 0:
        return None
    _, place, n = np.unique(-probability, return_inverse=True, return_counts=True)
    bads = np.bincount(place, weights=label)
    counted = np.interp(share * len(label), np.append(0, np.cumsum(n)), np.append(0, np.cumsum(bads)))
    return float(counted) / n_bad
