"""Gradient boosting: LightGBM, stopped early on the validation sample, stored as its text model.

Preparing the design matrix belongs to preprocessing, calibration to calibration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lightgbm import Booster

from credit_platform.errors import TrainingError

FloatArray = NDArray[np.float64]

PATIENCE = 50  # trees without a better validation AUC; at a rate of 0.05 fewer would stop on noise
DEFAULT_TREES = 100
_LAST_TREE_WRITTEN = "\nend of trees\n"


@dataclass(frozen=True)
class GradientBoostingLearner:
    """The text of a LightGBM model. Predictions always come from the text, so a stored version cannot differ."""

    file_name: ClassVar[str] = "model.txt"

    text: str

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
        """Fit on the training design and labels, keeping the number of trees with the best validation AUC.

        Raises:
            TrainingError: LightGBM refuses a parameter.
        """
        import lightgbm

        chosen = dict(params)
        trees = int(chosen.pop("n_estimators", DEFAULT_TREES))
        fixed = {
            "objective": "binary",
            "metric": "auc",
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,  # the order of additions depends on the number of threads
            "verbosity": -1,
        }
        training = lightgbm.Dataset(train[0], label=train[1], params={"verbosity": -1})
        try:
            booster = lightgbm.train(
                {**chosen, **fixed},
                training,
                num_boost_round=trees,
                valid_sets=[training.create_valid(validation[0], label=validation[1])],
                callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
            )
        except lightgbm.basic.LightGBMError as error:
            raise TrainingError(
                model=model, reason=f"its params are refused: {error}", fix="Correct params in model_config.yaml."
            ) from error
        return cls(text=booster.model_to_string(num_iteration=booster.best_iteration))

    def predict(self, design: FloatArray) -> FloatArray:
        """Raw probability per row."""
        if not len(design):
            return np.empty(0)
        return np.asarray(self._booster.predict(design, num_threads=1), dtype=np.float64)

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
