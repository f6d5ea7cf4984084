"""Bins of about equally many loans by probability, the one division that charts, gains and tests of calibration share.

Bands with a business meaning are risk grades and belong to policy; the frozen bins of later months to monitoring.
"""

import numpy as np
from numpy.typing import NDArray

from credit_platform.statistics.discrimination import midranks

FloatArray = NDArray[np.float64]

N_BINS = 10


def probability_bins(probability: FloatArray, n_bins: int = N_BINS) -> NDArray[np.int64]:
    """Bin of each loan, 1 (lowest probabilities) to `n_bins`.

    Loans of one probability share a bin, whatever their order, so bins may differ in size and one may stay empty. They
    depend on the ranking alone: a strictly rising map of the probability changes none.

    >>> probability_bins(np.array([0.1, 0.4, 0.2, 0.9]), n_bins=2).tolist()
    [1, 2, 1, 2]
    """
    place = (midranks(probability) - 0.5) / max(1, len(probability))
    return np.minimum(n_bins, (place * n_bins).astype(np.int64) + 1)
