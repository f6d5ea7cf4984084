"""Why a loan has its score: what each feature adds to the calibrated log-odds, exactly.

Algorithms count from zeros of their own (a mean of the training design, a neutral bin), so their parts cannot be
compared. So every version counts from the average loan of its validation sample, the newest its
fit has seen: a feature's parts average to zero there, and the base is the mean log-odds. Turning the parts into words
belongs to reasons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit_platform.scoring.estimators.calibration import PlattCalibrator

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contributions:
    """Additive parts of calibrated log-odds: `base + values.sum(axis=1)` is the loan's log-odds of default.

    Attributes:
        features: The features, in the order of the columns.
        values: (loans, features), positive for default.
        base: What every loan starts from.
    """

    features: tuple[str, ...]
    values: FloatArray
    base: float

    def means(self) -> dict[str, float]:
        """What each feature adds on average over these loans, 0 without any."""
        values = self.values.mean(axis=0) if len(self.values) else np.zeros(len(self.features))
        return dict(zip(self.features, values.tolist(), strict=True))

    def counted_from(self, means: Mapping[str, float]) -> Contributions:
        """The same log-odds, each feature counted from its mean and the base moved by all of them together."""
        shift = np.array([means[feature] for feature in self.features])
        return Contributions(self.features, self.values - shift, self.base + float(shift.sum()))


def means_to_json(means: Mapping[str, float]) -> bytes:
    """The means as JSON; floats in the shortest text that reads back exactly."""
    return json.dumps({"sample": "validation", "mean_contribution": dict(means)}, indent=1).encode()


def means_from_json(text: bytes) -> dict[str, float]:
    """Read what `means_to_json` wrote."""
    return {str(feature): float(mean) for feature, mean in json.loads(text)["mean_contribution"].items()}


def calibrated_contributions(
    by_column: FloatArray, design_features: Sequence[str], calibrator: PlattCalibrator
) -> Contributions:
    """Contributions per feature from those per design column, of which the last is the base.

    Calibration is a straight line on the log-odds, so it scales every part alike and shifts the base.
    """
    features, first, place = np.unique(design_features, return_index=True, return_inverse=True)
    values = np.zeros((len(by_column), len(features)))
    for column, feature in enumerate(place):
        values[:, feature] += by_column[:, column]
    order = np.argsort(first)  # as the design has them, not by the alphabet
    base = float(by_column[0, -1]) if len(by_column) else 0.0
    return Contributions(
        features=tuple(str(name) for name in features[order]),
        values=calibrator.slope * values[:, order],
        base=calibrator.slope * base + calibrator.intercept,
    )
