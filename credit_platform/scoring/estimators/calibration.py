"""Platt calibration: a straight line on the log-odds that turns raw into honest default probabilities.

Fitted on the validation sample only. Tests of calibration on later cohorts belong to monitoring.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

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


@dataclass(frozen=True)
class PlattCalibrator:
    """p = 1 / (1 + exp(-(slope * log_odds(raw) + intercept)))."""

    slope: float
    intercept: float

    def calibrate(self, raw: FloatArray) -> FloatArray:
        """Default probabilities for raw ones, in the same order of rank."""
        return probability_of(self.on_log_odds(log_odds(raw)))

    def on_log_odds(self, raw: FloatArray) -> FloatArray:
        """Calibrated log-odds for raw ones."""
        return self.slope * raw + self.intercept

    def to_json(self) -> bytes:
        """The two numbers as JSON."""
        return json.dumps({"method": "platt", "slope": self.slope, "intercept": self.intercept}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> PlattCalibrator:
        """Read what `to_json` wrote."""
        content = json.loads(text)
        return cls(slope=float(content["slope"]), intercept=float(content["intercept"]))


UNCALIBRATED = PlattCalibrator(slope=1.0, intercept=0.0)  # passes every probability on as it is


def fit_platt(label: NDArray[np.int8], raw: FloatArray) -> PlattCalibrator:
    """Fit slope and intercept by maximum likelihood with Platt's (1999) smoothed targets.

    The smoothing keeps the optimum finite even where a sample is separated perfectly. A slope that is not positive
    would turn the ranking round: then only the level is fitted, and the promotion gates judge the ranking.
    """
    odds = log_odds(raw)
    n_bad, n = int(label.sum()), len(label)
    target = np.where(label == 1, (n_bad + 1) / (n_bad + 2), 1 / (n - n_bad + 2))
    both = np.column_stack([odds, np.ones_like(odds)])
    slope, intercept = maximise_likelihood(both, target, np.zeros_like(odds))
    if slope <= 0:
        slope, intercept = 1.0, maximise_likelihood(np.ones((n, 1)), target, odds)[0]
    return PlattCalibrator(slope=float(slope), intercept=float(intercept))


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
