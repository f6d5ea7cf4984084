"""Logistic regression: fitted by scikit-learn, stored as JSON coefficients, predicted by its own few lines.

Making the design matrix belongs to transformers, calibration to calibration.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from credit_platform.errors import TrainingError
from credit_platform.scoring.estimators.estimator import Design, Estimator, FitTask

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LogisticRegressionEstimator(Estimator):
    """Intercept and one coefficient per design column, with the column's standard deviation in training."""

    file_name: ClassVar[str] = "model.json"

    intercept: float
    coefficients: tuple[float, ...]
    spread: tuple[float, ...]

    @classmethod
    def fit(cls, train: Design, validation: Design, *, task: FitTask) -> Self:  # noqa: ARG003 - nothing to stop early here
        """Fit on the training design and labels with scikit-learn's own parameter names.

        Raises:
            TrainingError: a parameter is refused, or the solver did not converge within `max_iter`.
        """
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        params = task.spec.params
        chosen = {name: None if value == "none" else value for name, value in params.items()}
        regression: Any = LogisticRegression(random_state=task.seed)  # its type stubs lack numpy arrays
        try:
            regression.set_params(**chosen)
            # One thread: the order of additions, and so the last bit, must not depend on the machine.
            with threadpool_limits(1), warnings.catch_warnings(action="error", category=ConvergenceWarning):
                regression.fit(train.values, train.label)
        except ConvergenceWarning as warning:
            raise TrainingError(
                model=task.model,
                reason=f"the solver did not converge in {params.get('max_iter', 'the default number of')} iterations",
                fix="Raise params.max_iter in model_config.yaml, or lower params.C.",
            ) from warning
        except ValueError as error:
            raise TrainingError(
                model=task.model, reason=f"its params are refused: {error}", fix="Correct params in model_config.yaml."
            ) from error
        return cls(
            intercept=float(regression.intercept_[0]),
            coefficients=tuple(regression.coef_[0].tolist()),
            spread=tuple(train.values.std(axis=0).tolist()),
        )

    def log_odds(self, design: FloatArray) -> FloatArray:
        """Sums row by row, so that a loan's result does not depend on its neighbours."""
        return (design * np.asarray(self.coefficients)).sum(axis=1) + self.intercept

    def contributions(self, design: FloatArray) -> FloatArray:
        """Coefficient times value; standardised columns are measured from the mean training loan."""
        return np.column_stack([design * np.asarray(self.coefficients), np.full(len(design), self.intercept)])

    def column_importance(self) -> FloatArray:
        """Log-odds moved by one standard deviation of each design column."""
        return np.abs(np.asarray(self.coefficients)) * np.asarray(self.spread)

    def to_bytes(self) -> bytes:
        """JSON; floats in the shortest text that reads back exactly."""
        content = {"intercept": self.intercept, "coefficients": list(self.coefficients), "spread": list(self.spread)}
        return json.dumps(content, indent=1).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        read = json.loads(content)
        return cls(
            intercept=float(read["intercept"]), coefficients=tuple(read["coefficients"]), spread=tuple(read["spread"])
        )
