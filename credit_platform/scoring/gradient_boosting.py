"""Gradient boosting: LightGBM, stopped early on the validation sample, stored as its text model.

Preparing the design matrix belongs to preprocessing, calibration to calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lightgbm import Booster

from credit_platform.errors import TrainingError
from credit_platform.scoring.learner import Design, FitTask, Learner

FloatArray = NDArray[np.float64]

PATIENCE = 50  # trees without a better validation AUC; at a rate of 0.05 fewer would stop on noise
DEFAULT_TREES = 100
_LAST_TREE_WRITTEN = "\nend of trees\n"


@dataclass(frozen=True)
class GradientBoostingLearner(Learner):
    """The text of a LightGBM model. Predictions always come from the text, so a stored version cannot differ."""

    file_name: ClassVar[str] = "model.txt"

    text: str

    @classmethod
    def fit(cls, train: Design, validation: Design, *, task: FitTask) -> Self:
        """Fit on the training design and labels, keeping the number of trees with the best validation AUC.

        Raises:
            TrainingError: LightGBM refuses a parameter.
        """
        import lightgbm

        chosen = dict(task.spec.params)
        trees = int(chosen.pop("n_estimators", DEFAULT_TREES))
        fixed = {
            "objective": "binary",
            "metric": "auc",
            "seed": task.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,  # the order of additions depends on the number of threads
            "verbosity": -1,
        }
        training = lightgbm.Dataset(train.values, label=train.label, params={"verbosity": -1})
        try:
            booster = lightgbm.train(
                {**chosen, **fixed},
                training,
                num_boost_round=trees,
                valid_sets=[training.create_valid(validation.values, label=validation.label)],
                callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
            )
        except lightgbm.basic.LightGBMError as error:
            raise TrainingError(
                model=task.model, reason=f"its params are refused: {error}", fix="Correct params in model_config.yaml."
            ) from error
        return cls(text=booster.model_to_string(num_iteration=booster.best_iteration))

    def log_odds(self, design: FloatArray) -> FloatArray:
        """Sum of the leaves each row falls into."""
        if not len(design):
            return np.empty(0)
        return np.asarray(self._booster.predict(design, raw_score=True, num_threads=1), dtype=np.float64)

    def contributions(self, design: FloatArray) -> FloatArray:
        """Shapley values of the trees (Lundberg et al. 2020), exact, as LightGBM computes them."""
        if not len(design):
            return np.empty((0, design.shape[1] + 1))
        return np.asarray(self._booster.predict(design, pred_contrib=True, num_threads=1), dtype=np.float64)

    def column_importance(self) -> FloatArray:
        """Loss saved by the splits on each design column."""
        return np.asarray(self._booster.feature_importance(importance_type="gain"), dtype=np.float64)

    def to_bytes(self) -> bytes:
        """LightGBM's text model."""
        return self.text.encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: the text does not end as LightGBM ends one.
        """
        text = content.decode()
        if _LAST_TREE_WRITTEN not in text:
            message = "not a LightGBM text model, or not the whole of one"
            raise ValueError(message)
        return cls(text=text)

    @cached_property
    def _booster(self) -> Booster:
        from lightgbm import Booster

        return Booster(model_str=self.text)
