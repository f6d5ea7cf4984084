"""Whether default probabilities are calibrated: the logistic curve, the calibration line, tests of a sample or a grade.

Arrays and counts in, numbers out; what a sample does not define is None. The line is fitted by maximum likelihood.
Fitting the calibrator is `estimator`, the table by risk grade `grades`, binned measures and the Brier score's parts
`ranked_sample`.
"""

from collections.abc import Sequence
from math import erfc, isfinite, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from credit_platform.statistics.curves import N_BINS, probability_bins

EDGE = 1e-12  # keeps the log-odds finite; far below any probability that changes a decision
_ROUNDS = 100
_TOLERANCE = 1e-12
FloatArray = NDArray[np.float64]
LabelArray = NDArray[np.integer]


def log_odds(probability: FloatArray) -> FloatArray:
    """ln(p / (1 - p)), finite for 0 and 1."""
    inner = np.clip(probability, EDGE, 1 - EDGE)
    return np.log(inner) - np.log1p(-inner)


def probability_of(odds: FloatArray) -> FloatArray:
    """Inverse of `log_odds`."""
    return 1 / (1 + np.exp(-np.clip(odds, -700, 700)))  # exp overflows beyond 709


def _log_likelihood(odds: FloatArray, target: FloatArray) -> float:
    return float((target * odds - np.logaddexp(0, odds)).sum())


def _combined(inputs: FloatArray, weights: FloatArray) -> FloatArray:
    # Not a matrix product: that may be split over threads, and the last bit would depend on the machine's cores.
    return (inputs * weights).sum(axis=1)


def maximise_likelihood(inputs: FloatArray, target: FloatArray, offset: FloatArray) -> FloatArray:
    """Weights of a logistic regression, one per column of `inputs`, shape (loans, columns), beside a fixed offset.

    Newton steps, halved until the likelihood rises: the problem is concave, so this ends at its one top.
    """
    weights = np.zeros(inputs.shape[1])
    best = _log_likelihood(offset, target)
    for _ in range(_ROUNDS):
        fitted = probability_of(_combined(inputs, weights) + offset)
        gradient = (inputs * (target - fitted)[:, None]).sum(axis=0)
        spread = (fitted * (1 - fitted))[:, None, None] * inputs[:, :, None] * inputs[:, None, :]
        curvature = spread.sum(axis=0) + np.eye(len(weights)) * EDGE
        step = np.linalg.solve(curvature, gradient)
        reached = _log_likelihood(_combined(inputs, weights + step) + offset, target)
        while reached < best and np.abs(step).max() > _TOLERANCE:
            step = step / 2
            reached = _log_likelihood(_combined(inputs, weights + step) + offset, target)
        if reached <= best:
            break
        weights, best = weights + step, reached
    return weights


class WaldEstimate(NamedTuple):
    """A number with its confidence interval."""

    value: float
    low: float
    high: float


class CalibrationLine(NamedTuple):
    """Observed log-odds of default as a line in the predicted ones; slope 1 and intercept 0 are perfect.

    A slope below 1 says that high probabilities are too high and low ones too low.
    """

    slope: WaldEstimate
    intercept: WaldEstimate
    n: int


class SignificanceTest(NamedTuple):
    """A test statistic and the chance of one at least as far out if the probabilities are right."""

    statistic: float
    p_value: float


def calibration_line(label: LabelArray, probability: FloatArray, confidence: float = 0.95) -> CalibrationLine | None:
    """Logistic regression of the outcome on the predicted log-odds, with Wald intervals (Cox 1958, Miller 1991).

    None where no finite line exists: a class is missing, all probabilities are equal, or one value parts the classes.
    """
    odds = log_odds(probability)
    bads, goods = odds[label == 1], odds[label == 0]
    if not len(bads) or not len(goods):
        return None
    # With one input this overlap is exactly the condition of Albert and Anderson (1984) for a finite maximum.
    if max(goods) <= min(bads) or max(bads) <= min(goods):
        return None
    inputs = np.column_stack([odds, np.ones_like(odds)])
    weights = maximise_likelihood(inputs, label.astype(np.float64), np.zeros_like(odds))
    fitted = probability_of(weights[0] * odds + weights[1])
    variance = np.diag(np.linalg.inv(_line_information(odds, fitted)))
    slope, intercept = (
        _wald(float(value), float(spread), confidence) for value, spread in zip(weights, variance, strict=True)
    )
    return CalibrationLine(slope, intercept, len(label))


def _line_information(odds: FloatArray, fitted: FloatArray) -> FloatArray:
    weight = fitted * (1 - fitted)
    both = float((weight * odds).sum())
    return np.array([[(weight * odds**2).sum(), both], [both, weight.sum()]], dtype=np.float64)


def line_deviations(probability: FloatArray) -> FloatArray:
    """How far chance moves a calibration line fitted on loans with these calibrated probabilities, shape (2, 2).

    Each row is (slope, intercept), one standard deviation along one of the two uncorrelated directions: the rows'
    products with themselves sum to the covariance of the line, the inverse of the loans' Fisher information. The row
    of a direction that the loans say nothing about is very long.

    >>> slope, intercept = np.hypot(*line_deviations(np.repeat([0.2, 0.8], 200)))
    >>> round(float(slope), 3), round(float(intercept), 3)
    (0.09, 0.125)
    """
    information, directions = np.linalg.eigh(_line_information(log_odds(probability), probability))
    return (directions / np.sqrt(np.maximum(information, EDGE))).T


def calibration_in_the_large(
    label: LabelArray, probability: FloatArray, confidence: float = 0.95
) -> WaldEstimate | None:
    """Intercept of the calibration line with its slope fixed at 1: above 0 the probabilities are too low overall.

    None when a class is missing.
    """
    if not 0 < label.sum() < len(label):
        return None
    odds = log_odds(probability)
    shift = float(maximise_likelihood(np.ones((len(odds), 1)), label.astype(np.float64), odds)[0])
    fitted = probability_of(odds + shift)
    return _wald(shift, float(1 / (fitted * (1 - fitted)).sum()), confidence)


class EffectiveCounts(NamedTuple):
    """Bads and loans of equal probability whose bad rate varies as that of the sample; not whole numbers."""

    bads: float
    n: float


def effective_counts(label: LabelArray, probability: FloatArray) -> EffectiveCounts | None:
    """What a test or interval that assumes equal probabilities must be given of loans whose probabilities differ.

    The sum of p (1 - p) is less than n · mean · (1 - mean): a bad rate varies less than one of equal loans, and counted
    as such a sample rejects too little. None without loans or where no probability leaves anything to chance.

    >>> round(effective_counts(np.array([0, 0, 1, 1]), np.array([0.1, 0.1, 0.9, 0.9])).n, 2)
    11.11
    """
    variance = float((probability * (1 - probability)).sum())
    if variance <= 0:
        return None
    mean, n = float(probability.mean()), len(probability)
    size = mean * (1 - mean) * n**2 / variance
    return EffectiveCounts(float(label.sum()) / n * size, size)


def jeffreys_p_value(bads: float, n: float, probability: float) -> float | None:
    """One-sided p-value that the probability is not too low; None without loans.

    BetaCDF(probability; bads + 1/2, n - bads + 1/2), the test of the ECB's validation instructions (2019).

    >>> round(jeffreys_p_value(8, 100, 0.05), 4)
    0.091
    """
    if n == 0:
        return None
    from scipy.special import betainc

    return float(betainc(bads + 0.5, n - bads + 0.5, probability))


def binomial_p_value(bads: int, n: int, probability: float) -> float | None:
    """Chance of at least so many bads if every loan had this probability, exactly; None without loans.

    >>> binomial_p_value(2, 2, 0.5)
    0.25
    """
    if n == 0:
        return None
    if bads == 0:
        return 1.0
    from scipy.special import betainc

    return float(betainc(bads, n - bads + 1, probability))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """P-values corrected for being many, in the same order (Holm 1979); None is no test and does not count.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    tested = sorted((p_value, place) for place, p_value in enumerate(p_values) if p_value is not None)
    corrected: list[float | None] = [None] * len(p_values)
    reached = 0.0
    for step, (p_value, place) in enumerate(tested):
        reached = max(reached, min(1.0, (len(tested) - step) * p_value))
        corrected[place] = reached
    return corrected


def hosmer_lemeshow(
    label: LabelArray, probability: FloatArray, *, n_bins: int = N_BINS, fitted_parameters: int = 0
) -> SignificanceTest | None:
    """Chi-square distance of observed from expected bads over bins of risk (Hosmer and Lemeshow 1980).

    Args:
        label: 1 for bad, 0 for good, one per loan.
        probability: Default probabilities of the same loans.
        n_bins: Bins; as many degrees of freedom on loans the probabilities were not fitted on.
        fitted_parameters: Degrees of freedom to take off: 2 on the sample a line of log-odds was fitted on.

    None where no degree of freedom is left.
    """
    bins = probability_bins(probability, n_bins)
    n = np.bincount(bins, minlength=n_bins + 1)
    filled = n > 0
    degrees = int(filled.sum()) - fitted_parameters
    if degrees < 1:
        return None
    observed = np.bincount(bins, weights=label, minlength=n_bins + 1)[filled]
    expected = np.bincount(bins, weights=probability, minlength=n_bins + 1)[filled]
    distance, spread = (observed - expected) ** 2, expected * (1 - expected / n[filled])
    # A bin of certain forecasts has no spread: it is right at no cost, or wrong beyond any chance.
    parts = np.divide(distance, spread, out=np.where(distance > 0, np.inf, 0.0), where=spread > 0)
    statistic = float(parts.sum())
    if not isfinite(statistic):
        return None
    from scipy.special import chdtrc

    return SignificanceTest(statistic, float(chdtrc(degrees, statistic)))


def spiegelhalter(label: LabelArray, probability: FloatArray) -> SignificanceTest | None:
    """Distance of the Brier score from that of perfect probabilities, as z and two-sided p (Spiegelhalter 1986).

    None without loans, or where every probability is 0, 1/2 or 1, which leaves the score nothing to vary by.
    """
    lean = 1 - 2 * probability
    variance = float((lean**2 * probability * (1 - probability)).sum())
    if variance <= 0:
        return None
    z = float(((label - probability) * lean).sum()) / sqrt(variance)
    return SignificanceTest(z, erfc(abs(z) / sqrt(2)))


def _wald(value: float, variance: float, confidence: float) -> WaldEstimate:
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * sqrt(variance)
    return WaldEstimate(value, value - margin, value + margin)
