"""Why a loan has its score: what each feature adds to the calibrated log-odds, exactly.

Turning the parts into words belongs to reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit_platform.scoring.calibration import PlattCalibrator

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contributions:
    """Additive parts of calibrated log-odds: `base + values.sum(axis=1)` is the loan's log-odds of default.

    Attributes:
        features: The features, in the order of the columns.
        values: (loans, features), positive speaks for default.
        base: What every loan starts from.
    """

    features: tuple[str, ...]
    values: FloatArray
    base: float


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
