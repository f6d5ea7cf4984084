"""How columns are distributed: quantiles, shares of categories, how both lean with the applicant's quality.

The numbers are in the YAML files beside the modules that draw; what a column means does not belong here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

PROBABILITIES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.str_]
Quantiles = tuple[float, float, float, float, float, float, float, float, float]
# Value to its weight, and what a standard deviation of quality adds to the logarithm of that weight.
Leaning = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers.

    Attributes:
        quantiles: At `PROBABILITIES`.
        quality: Correlation of its normal scores with the quality.
        is_whole: Whether values are rounded to whole numbers.
    """

    quantiles: Quantiles
    quality: float = 0.0
    is_whole: bool = True

    def draw(self, quality: Floats, rng: np.random.Generator) -> Floats:
        """One value per applicant."""
        drawn = interpolated(self.quantiles, level(leaning(quality, self.quality, rng)))
        return np.rint(drawn) + 0.0 if self.is_whole else drawn


def leaning(driver: Floats, correlation: float, rng: np.random.Generator) -> Floats:
    """Normal scores that correlate with a driver of mean 0 and standard deviation 1."""
    noise = rng.standard_normal(driver.size)
    return correlation * driver + np.sqrt(1.0 - correlation**2) * noise


def level(scores: Floats) -> Floats:
    """The probability below each normal score."""
    from scipy.special import ndtr

    return np.asarray(ndtr(scores))


def interpolated(quantiles: Quantiles, levels: Floats) -> Floats:
    """The quantile at each level."""
    return np.interp(levels, PROBABILITIES, quantiles)


def logistic(logit: Floats) -> Floats:
    """The probability at each logit."""
    return 1.0 / (1.0 + np.exp(-logit))


def happens(share: Floats | float, n: int, rng: np.random.Generator) -> Flags:
    """Independent events."""
    return rng.random(n) < share


def happens_leaning(share: float, lean: float, driver: Floats, rng: np.random.Generator) -> Flags:
    """Events with about that share, whose logit a standard deviation of the driver moves by `lean`."""
    return happens(logistic(np.log(share / (1.0 - share)) + lean * driver), driver.size, rng)


def choose(weights: Leaning, driver: Floats, rng: np.random.Generator) -> Texts:
    """One value per applicant, more often those that lean the way of its driver."""
    values = np.array(list(weights))
    log_weights, leans = np.log([w for w, _ in weights.values()]), np.array([lean for _, lean in weights.values()])
    if not leans.any():
        cumulated = np.cumsum(np.exp(log_weights))
        return values[np.searchsorted(cumulated, rng.random(driver.size) * cumulated[-1], side="right")]
    odds = np.cumsum(np.exp(log_weights + leans * driver[:, None]), axis=1)
    return values[(odds < rng.random(driver.size)[:, None] * odds[:, -1:]).sum(axis=1)]


def places_within(counts: Integers) -> Integers:
    """For every row of groups of these sizes, one after another, its place in its group, counted from 0."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if counts.size else 0) - np.repeat(ends - counts, counts)


def optional(values: Floats, is_empty: Flags) -> Floats:
    """The values with NaN, which frames turn into empty cells, where they are empty."""
    return np.where(is_empty, np.nan, values)


def emptied(values: pl.Series, is_empty: Flags) -> pl.Series:
    """The values with nulls where they are empty."""
    return pl.select(pl.when(pl.Series(~is_empty)).then(values)).to_series()
