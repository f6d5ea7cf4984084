"""The algorithms a model may name in policy, and what each must offer.

The algorithms themselves stand in a module of their own each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from credit_platform.scoring.gradient_boosting import GradientBoostingLearner
from credit_platform.scoring.logistic_regression import LogisticRegressionLearner

FloatArray = NDArray[np.float64]


class Learner(Protocol):
    """A fitted algorithm: raw probabilities from a design matrix, and its own file in the model store."""

    file_name: ClassVar[str]

    @classmethod
    def fit(
        cls,
        train: tuple[FloatArray, NDArray[np.int8]],
        validation: tuple[FloatArray, NDArray[np.int8]],
        *,
        model: str,
        params: Mapping[str, bool | int | float | str],
        seed: int,
    ) -> Self:
        """Fit on `train` (design matrix, labels); choices between fits look at `validation` only."""
        ...

    def predict(self, design: FloatArray) -> FloatArray:
        """Raw probability per row."""
        ...

    def column_importance(self) -> FloatArray:
        """Weight of each design column in the prediction, not negative, in the algorithm's own unit."""
        ...

    def to_bytes(self) -> bytes:
        """The content of the file `file_name`."""
        ...

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote; predictions are equal to the last bit."""
        ...


ALGORITHMS: Mapping[str, type[Learner]] = {
    "logistic_regression": LogisticRegressionLearner,
    "gradient_boosting": GradientBoostingLearner,
}
