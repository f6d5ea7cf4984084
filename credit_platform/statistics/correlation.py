"""How strongly numbers go together: rank correlation of many columns at once, with empty cells.

What is done about columns that say the same is written in scoring.scorecard.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def rank_correlations(values: FloatArray) -> FloatArray:
    """Spearman's rank correlation of every two columns (Spearman 1904), ties at their mean rank.

    Ranks are those among all values of a column; two columns are compared over the rows that have both.

    Args:
        values: (rows, columns); an empty cell is not a number.

    Returns:
        (columns, columns), not a number where a column does not vary over the common rows.

    >>> rank_correlations(np.array([[1.0, 9.0], [2.0, 4.0], [3.0, 1.0], [np.nan, 0.0]])).round(6).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=0, nan_policy="omit") if values.size else values
    is_there = ~np.isnan(values)
    # Around the middle sums of squares keep their digits.
    centred = np.where(is_there, ranks - (is_there.sum(axis=0) + 1) / 2, 0.0)
    here = is_there.astype(np.float64)
    n, sums, squares = here.T @ here, centred.T @ here, (centred**2).T @ here
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = centred.T @ centred - sums * sums.T / n
        variance = squares - sums**2 / n
        found = covariance / np.sqrt(variance * variance.T)
    is_constant = (variance <= 1e-9 * np.maximum(squares, 1)) | (n < 2)
    return np.where(is_constant | is_constant.T, np.nan, np.clip(found, -1, 1))
