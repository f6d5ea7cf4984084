"""The logistic curve: log-odds of probabilities and back, and a straight line on log-odds by maximum likelihood.

What the line is fitted for, and where its numbers are kept, belongs to those who call it.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EDGE = 1e-12  # keeps the log-odds finite; far below any probability that changes a decision
_ROUNDS = 100
_TOLERANCE = 1e-12


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
