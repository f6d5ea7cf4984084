"""Intervals around what a cohort shows: Wilson for shares, Jeffreys for the bad rate, a bootstrap, and of differences.

DeLong's interval of the ROC-AUC and that of the Brier score are beside the metrics in `statistics.discrimination`, that
of KS in `statistics.ranked_sample`. How often each contains the truth is on the page `guide/tests-and-intervals.md`.
What an interval means for the model belongs in `performance`.
"""

from collections.abc import Callable
from math import erfc, exp, hypot, isfinite, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Statistic = Callable[[FloatArray], FloatArray]

DRAWS = 200
PAIRED_DRAWS = 1000  # their standard deviation is then known to 2 %
SEED = 42
_CELLS_AT_ONCE = 4_000_000  # loans times draws held in memory at a time, 32 MB


class Interval(NamedTuple):
    """The two ends of a confidence interval."""

    low: float
    high: float


def difference_interval(first: float, around_first: Interval, second: float, around_second: Interval) -> Interval:
    """Interval of `first` minus `second`, two estimates from samples that are independent of each other.

    From the intervals of both at one level (Zou and Donner 2008), which need not be symmetric; of symmetric ones it is
    the normal interval of the difference.

    >>> low, high = difference_interval(0.90, Interval(0.88, 0.92), 0.85, Interval(0.80, 0.89))
    >>> round(low, 4), round(high, 4)
    (0.0053, 0.1039)
    """
    difference = first - second
    below = hypot(first - around_first.low, around_second.high - second)
    above = hypot(around_first.high - first, second - around_second.low)
    return Interval(difference - below, difference + above)


def logit_interval(estimate: float, deviation: float, confidence: float) -> Interval:
    """Normal interval of the log-odds of a number between 0 and 1, as numbers between 0 and 1.

    Keeps its level near 0 and 1, where a normal interval of the number itself is too low or too high. An estimate of
    0 or 1, or without deviation, is its own interval.

    >>> low, high = logit_interval(0.96, 0.01, 0.95)
    >>> round(low, 4), round(high, 4)
    (0.9351, 0.9756)
    """
    if not 0 < estimate < 1 or deviation == 0:
        return Interval(estimate, estimate)
    odds = log(estimate / (1 - estimate))
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * deviation / (estimate * (1 - estimate))
    low, high = (1 / (1 + exp(min(700.0, -end))) for end in (odds - margin, odds + margin))  # exp overflows at 710
    return Interval(low, high)


def wilson_interval(successes: int, n: int, confidence: float) -> Interval | None:
    """Score interval of a share; None without observations.

    Wilson (1927); keeps its level near 0 and 1 where the textbook interval collapses (Brown, Cai and DasGupta 2001).

    >>> low, high = wilson_interval(8, 10, 0.95)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    if n == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    scale = 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / scale
    margin = z / scale * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Interval(min(share, max(0.0, centre - margin)), max(share, min(1.0, centre + margin)))


def jeffreys_interval(bads: float, n: float, confidence: float) -> Interval | None:
    """Equal-tailed interval of a default rate under the prior Beta(1/2, 1/2); None without loans.

    The distribution of the Jeffreys test in the ECB's validation instructions (2019). Without a bad the lower end is 0,
    without a good the upper end is 1 (Brown, Cai and DasGupta 2001).

    >>> low, high = jeffreys_interval(8, 10, 0.95)
    >>> round(low, 4), round(high, 4)
    (0.4972, 0.9559)
    """
    if n == 0:
        return None
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = 0.0 if bads == 0 else float(beta.ppf(tail, bads + 0.5, n - bads + 0.5))
    high = 1.0 if bads == n else float(beta.ppf(1 - tail, bads + 0.5, n - bads + 0.5))
    return Interval(low, high)


def drawn_counts(
    label: NDArray[np.integer], *, is_stratified: bool, draws: int = DRAWS, seed: int = SEED
) -> FloatArray | None:
    """How often each loan is in each resample, shape (draws, loans); None when a class is missing.

    Counts rather than copies of rows, so that a statistic of all draws is one matrix operation. The same seed gives
    the same counts.

    Args:
        label: 1 for bad, 0 for good, one per loan.
        is_stratified: Draw bads and goods apart. Right for what does not depend on the bad rate (KS); anything else
            would leave the bad rate's own uncertainty out.
        draws: Number of resamples.
        seed: Seed of the resamples.
    """
    bads, goods = np.flatnonzero(label == 1), np.flatnonzero(label == 0)
    if bads.size == 0 or goods.size == 0:
        return None
    random = np.random.default_rng(seed)
    times = np.zeros((draws, label.size))
    for rows in (bads, goods) if is_stratified else (np.arange(label.size),):
        times[:, rows] = random.multinomial(rows.size, np.full(rows.size, 1 / rows.size), size=draws)
    return times


def interval_of_draws(
    values: FloatArray, estimate: float, *, confidence: float, bounds: tuple[float, float] = (0.0, 1.0)
) -> Interval | None:
    """Interval of a statistic from its values in the resamples; None where no resample defines it (NaN).

    Percentiles of the draws (Efron 1979), moved down by twice the draws' mean excess over the estimate: the
    estimate exceeds the truth as the draws exceed it. Ends are kept within `bounds` and around the estimate.
    """
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    tail = (1 - confidence) / 2
    low, high = (np.quantile(values, [tail, 1 - tail]) - 2 * (values.mean() - estimate)).tolist()
    return Interval(min(estimate, max(bounds[0], low)), max(estimate, min(bounds[1], high)))


def bootstrap_interval(
    label: NDArray[np.integer],
    estimate: float,
    statistic: Callable[[FloatArray], FloatArray],
    *,
    confidence: float,
    is_stratified: bool,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Interval | None:
    """Bootstrap interval of a statistic between 0 and 1; None when a class is missing.

    `statistic` takes the counts of `drawn_counts` and returns one value per draw, NaN where the draw does not define
    it; the interval is that of `interval_of_draws`.
    """
    times = drawn_counts(label, is_stratified=is_stratified, draws=draws, seed=seed)
    return None if times is None else interval_of_draws(statistic(times), estimate, confidence=confidence)


class PairedDifference(NamedTuple):
    """A difference of two statistics of the same loans and its standard deviation; test and interval are normal."""

    value: float
    deviation: float

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no difference."""
        if self.deviation == 0:
            return 1.0 if self.value == 0 else 0.0
        return erfc(abs(self.value) / self.deviation / sqrt(2))

    def interval(self, confidence: float) -> Interval:
        """Interval of the difference; of one that is certain both ends are the same."""
        margin = NormalDist().inv_cdf(0.5 + confidence / 2) * self.deviation
        return Interval(self.value - margin, self.value + margin)


def paired_difference(
    label: NDArray[np.integer], first: Statistic, second: Statistic, *, draws: int = PAIRED_DRAWS, seed: int = SEED
) -> PairedDifference | None:
    """The first statistic minus the second, with the standard deviation of that over resamples of the loans.

    Both are of the same resample (Efron 1979), so what two scores decide alike cancels out. Draws are not stratified,
    and are made in blocks, so that a large book does not need all of them in memory at once.

    Args:
        label: 1 for bad, 0 for good, one per loan.
        first: A statistic as a function of `drawn_counts`, one value per draw; NaN where a draw defines none.
        second: Likewise.
        draws: Number of resamples.
        seed: Seed of the resamples.

    Returns:
        None where a class is missing or either statistic is not defined.
    """
    size, blocks = max(1, min(draws, _CELLS_AT_ONCE // max(1, label.size))), list[FloatArray]()
    for begun in range(0, draws, size):
        count = min(size, draws - begun)
        times = drawn_counts(label, is_stratified=False, draws=count, seed=seed + begun)
        if times is None:
            return None
        blocks.append(first(times) - second(times))
    itself, found = np.ones((1, label.size)), np.concatenate(blocks)
    value, found = float((first(itself) - second(itself))[0]), found[np.isfinite(found)]
    return PairedDifference(value, float(found.std(ddof=1))) if isfinite(value) and found.size > 1 else None
