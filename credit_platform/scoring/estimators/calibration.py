"""Platt calibration: a straight line on the log-odds that turns raw into calibrated default probabilities.

Fitted on the validation sample only. Tests of calibration on later cohorts belong to monitoring.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit_platform.statistics.logistic import log_odds, maximise_likelihood, probability_of

FloatArray = NDArray[np.float64]


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
