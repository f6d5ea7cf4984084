"""Whether a cohort's early figure is worse than earlier cohorts lead to expect: one-sided tests with their expectation.

Each test allows for chance in the cohort, chance in the history, and overdispersion of the history. Which figures are
read, and what follows from a deviation, belongs in `early_performance_tests`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, sqrt
from statistics import NormalDist

import numpy as np

from credit_platform.statistics.discrimination import AucSpread

MIN_COHORTS_FOR_OVERDISPERSION = 6  # fewer cohorts say nothing reliable about how much they differ beyond chance
_NORMAL = NormalDist()
_SMALLEST = 1e-15  # beyond it the normal quantile is only noise


@dataclass(frozen=True)
class Deviation:
    """What was expected of a figure, and how far the figure is on the worse side.

    `z` is the deviation in standard deviations, positive when worse. `weight` is what the figure counts for beside
    others; `history_share` the part of the variance that comes from the history.
    """

    expected: float
    z: float
    weight: float
    history_share: float

    @property
    def p_value(self) -> float:
        """Chance of a figure at least as bad if nothing has changed."""
        return _NORMAL.cdf(-self.z)


def rate_deviation(n: int, n_bad: int, history: Sequence[tuple[int, int]]) -> Deviation | None:
    """Deviation of a bad rate from that of earlier cohorts; None without loans or history.

    The chance of `n_bad` or more is that of a beta-binomial count with the history's rate m and the variance
    n m (1 - m) u (1 + n / N): N loans of history, u their overdispersion: the chi-square of the cohorts against their
    common rate over its degrees of freedom, at least 1.

    Args:
        n: Loans of the cohort.
        n_bad: Bads among them.
        history: Loans and bads of each earlier cohort.
    """
    history = [(loans, bads) for loans, bads in history if loans]
    if not n or not history:
        return None
    all_loans, all_bads = sum(loans for loans, _ in history), sum(bads for _, bads in history)
    rate = (all_bads + 0.5) / (all_loans + 1)  # Jeffreys' prior: a history without a bad does not make one impossible
    distances = [(bads - loans * rate) ** 2 / (loans * rate * (1 - rate)) for loans, bads in history]
    widening = _overdispersion(distances) * (1 + n / all_loans)
    p_value = _beta_binomial_tail(n, n_bad, rate, widening)
    return Deviation(
        expected=all_bads / all_loans,
        z=-_NORMAL.inv_cdf(min(max(p_value, _SMALLEST), 1 - _SMALLEST)),
        weight=sqrt(n * rate * (1 - rate)),
        history_share=n / (n + all_loans),
    )


def auc_deviation(cohort: AucSpread, history: Sequence[AucSpread]) -> Deviation | None:
    """Deviation of a ROC-AUC below that of earlier cohorts; None without history.

    Normal test with DeLong's variance, in the arcsine of the root, where a share varies about as much wherever it lies:
    of the ROC-AUC itself, one unchanged cohort in 400 departs at a level of one in 2,000. The placements' variances are
    the history's, so that a cohort of few bads is not judged by the few it has; the history counts by bads, and its own
    variance and overdispersion are added.
    """
    if not history:
        return None
    bads = np.array([spread.n_bad for spread in history], dtype=np.float64)
    goods = np.array([spread.n_good for spread in history], dtype=np.float64)
    found = np.array([spread.auc for spread in history])
    weight = bads / bads.sum()
    expected = float((weight * found).sum())
    of_bads = float((weight * np.array([spread.of_bads for spread in history])).sum())
    of_goods = float((weight * np.array([spread.of_goods for spread in history])).sum())
    if of_bads + of_goods == 0:
        return None
    variances = of_bads / bads + of_goods / goods
    own = of_bads / cohort.n_bad + of_goods / cohort.n_good
    of_history = float((weight**2 * variances).sum())
    variance = _overdispersion(((found - expected) ** 2 / variances).tolist()) * (own + of_history)
    return Deviation(
        expected=expected,
        z=(asin(sqrt(expected)) - asin(sqrt(cohort.auc))) * 2 * sqrt(expected * (1 - expected) / variance),
        weight=sqrt(cohort.n_bad),
        history_share=of_history / (own + of_history),
    )


def joint_p_value(deviations: Sequence[Deviation]) -> float | None:
    """P-value of several deviations of different cohorts taken together; None without any.

    Stouffer's weighted sum of z. The cohorts are independent, their history is the same: its share of each variance
    counts as common to all, which errs on the side of silence.

    >>> joint_p_value([Deviation(expected=0.1, z=0.0, weight=1.0, history_share=0.0)])
    0.5
    """
    if not deviations:
        return None
    weights = np.array([deviation.weight for deviation in deviations])
    common = weights * np.sqrt([deviation.history_share for deviation in deviations])
    variance = float((weights**2).sum() + common.sum() ** 2 - (common**2).sum())
    summed = float((weights * [deviation.z for deviation in deviations]).sum())
    return _NORMAL.cdf(-summed / sqrt(variance)) if variance else None


def _overdispersion(squared_distances: Sequence[float]) -> float:
    """Chi-square over degrees of freedom, at least 1; 1 where there are too few cohorts."""
    if len(squared_distances) < MIN_COHORTS_FOR_OVERDISPERSION:
        return 1.0
    return max(1.0, sum(squared_distances) / (len(squared_distances) - 1))


def _beta_binomial_tail(n: int, n_bad: int, rate: float, widening: float) -> float:
    """Chance of `n_bad` or more of `n` when the variance is `widening` times the binomial one."""
    from scipy.special import betaln, gammaln

    if n_bad == 0:
        return 1.0
    # Var = n m (1 - m) (1 + (n - 1) / (s + 1)) for the prior Beta(m s, (1 - m) s).
    strength = max((n - 1) / (widening - 1) - 1, 1e-3) if n > 1 else 1e6
    alpha, beta = rate * strength, (1 - rate) * strength
    counts = np.arange(n_bad, n + 1)
    ways = gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1)
    return float(np.exp(ways + betaln(counts + alpha, n - counts + beta) - betaln(alpha, beta)).sum())
