"""Tests made more than once: of several groups against the best of them, of the same question month by month.

Holm's correction of separate p-values is in `calibration`, tests of many deliveries are `deviation_tests`.
"""

from functools import lru_cache
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

_FARTHEST = 8.0  # standard errors; no significance anybody asks for is beyond
_POINTS = 61


def shares_z(successes_a: int, n_a: int, successes_b: int, n_b: int) -> float:
    """Difference of two shares in standard errors of equal shares, `a` minus `b`; 0 where none can differ.

    >>> round(shares_z(89, 111, 46, 83), 3)
    3.709
    """
    pooled = (successes_a + successes_b) / (n_a + n_b)
    variance = pooled * (1 - pooled) * (1 / n_a + 1 / n_b)
    return (successes_a / n_a - successes_b / n_b) / sqrt(variance) if variance else 0.0


def best_of_groups_p_value(z: float, n_groups: int) -> float:
    """Chance that any of the groups lies z standard errors behind the best of them although all are alike.

    The studentized range of Tukey: the best group is the luckiest too, and every group is compared with it. Groups of
    unequal size are rejected somewhat less often than the level says (Hayter 1984).

    >>> round(best_of_groups_p_value(1.96, 2), 3)
    0.05
    >>> round(best_of_groups_p_value(1.96, 5), 3)
    0.286
    """
    if n_groups < 2:
        return 1.0
    from scipy.stats import studentized_range

    return float(studentized_range.sf(abs(z) * sqrt(2), n_groups, inf))


@lru_cache(maxsize=32)
def boundary_of_looks(n_looks: int, significance: float) -> float:
    """Standard errors at which one of `n_looks` looks at growing data rejects, two-sided, at `significance` over all.

    Pocock's (1977) constant boundary for looks at equally many further loans, by the recursion of Armitage, McPherson
    and Rowe (1969). One look gives the ordinary normal quantile.

    >>> [round(boundary_of_looks(looks, 0.05), 2) for looks in (1, 5, 12)]
    [1.96, 2.41, 2.59]
    """
    low, high = 0.0, _FARTHEST
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _chance_to_cross(middle, n_looks) > significance else (low, middle)
    return (low + high) / 2


def _chance_to_cross(boundary: float, n_looks: int) -> float:
    """Chance that a sum of normal steps is ever beyond `boundary` standard deviations of its own."""
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    points, density = np.array([0.0]), np.array([1.0])
    for look in range(1, n_looks + 1):
        end = boundary * sqrt(look)
        density = _step(end * nodes, points) @ density * weights * end
        points = end * nodes
    return 1 - float(density.sum())


def _step(to: NDArray[np.float64], origin: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-((to[:, None] - origin[None, :]) ** 2) / 2) / sqrt(2 * np.pi)
