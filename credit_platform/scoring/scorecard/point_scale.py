"""Whole points for the bins of a scorecard, and the way back from their sum to log-odds of default.

The points are the model: a loan's log-odds follow from its sum of points. Choosing and weighing
characteristics belongs to scorecard, the points of a single probability to grades.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log

import numpy as np
from numpy.typing import NDArray

from credit_platform.policy.model_config import Scaling
from credit_platform.scoring.estimators.estimator import PlattCalibrator
from credit_platform.scoring.grades import PROBABILITY_FLOOR

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PointScale:
    """Points per characteristic: `base` for a bin that weighs nothing, and `per_woe` for each unit of evidence.

    Attributes:
        base: Whole points each characteristic starts from; 0 for one that was dropped.
        per_woe: Points for one nat of weight of evidence, before rounding; never negative.
        offset: Points at odds of 1.
        factor: Points for odds e times as good.
        slope: Of the calibrator that is part of the points.
        intercept: Of the same.
    """

    base: tuple[int, ...]
    per_woe: tuple[float, ...]
    offset: float
    factor: float
    slope: float
    intercept: float

    def points(self, woe: FloatArray) -> FloatArray:
        """Whole points of each characteristic: (loans, characteristics), as floats.

        Rounding keeps the order, so a bin with less evidence for a good loan never has more points.
        """
        return np.asarray(self.base) + np.rint(np.asarray(self.per_woe) * woe)

    def points_of(self, place: int, woe: float) -> int:
        """Whole points of one characteristic for a bin of this weight of evidence."""
        return self.base[place] + int(np.rint(self.per_woe[place] * woe))

    def raw_log_odds(self, points: FloatArray) -> FloatArray:
        """Log-odds of default before calibration, for sums of points: calibrated they give back the very sum."""
        return ((self.offset - points) / self.factor - self.intercept) / self.slope

    def raw_per_point(self) -> float:
        """What one point more takes from the log-odds of default before calibration."""
        return 1 / (self.factor * self.slope)


def fit_points(
    weights: Sequence[float],
    intercept: float,
    ranges: Sequence[tuple[float, float]],
    calibrator: PlattCalibrator,
    scaling: Scaling,
) -> PointScale:
    """Spread the calibrated log-odds of a scorecard over whole points.

    The points of a loan whose bins weigh nothing are shared out evenly over the characteristics in use, the remainder
    one by one from the first. Points end where policy's scale ends, at odds of a million to one: should all best or all
    worst bins together reach beyond, all characteristics are scaled down alike, as a sum beyond would have the score
    of the end.

    Args:
        weights: Of each characteristic's weight of evidence on the log-odds of a good loan; 0 for a dropped one.
        intercept: Raw log-odds of default of a loan whose bins weigh nothing.
        ranges: Least and largest weight of evidence of each characteristic.
        calibrator: The version's calibrator, of positive slope.
        scaling: Policy's scale of points.
    """
    factor = scaling.pdo / log(2)
    offset = scaling.base_score - factor * log(scaling.base_odds)
    reach = factor * log((1 - PROBABILITY_FLOOR) / PROBABILITY_FLOOR)
    used = [place for place, weight in enumerate(weights) if weight > 0]
    lowest, highest = ceil(offset - reach), floor(offset + reach)
    total = offset - factor * (calibrator.slope * intercept + calibrator.intercept)
    rounded = min(max(round(total), lowest), highest)
    base = [0] * len(weights)
    for turn, place in enumerate(used):
        base[place] = rounded // len(used) + (turn < rounded % len(used))

    per_woe = factor * calibrator.slope * np.asarray(weights, dtype=np.float64)
    least, most = np.asarray(ranges, dtype=np.float64).reshape(-1, 2).T
    rounding = len(used) / 2
    up, down = float((per_woe * np.maximum(most, 0)).sum()), float((per_woe * np.maximum(-least, 0)).sum())
    room = min(
        (bound - rounding) / span
        for bound, span in ((highest - rounded, max(up, 1e-9)), (rounded - lowest, max(down, 1e-9)))
    )
    return PointScale(
        base=tuple(base),
        per_woe=tuple((per_woe * min(max(room, 0.0), 1.0)).tolist()),
        offset=offset,
        factor=factor,
        slope=calibrator.slope,
        intercept=calibrator.intercept,
    )
