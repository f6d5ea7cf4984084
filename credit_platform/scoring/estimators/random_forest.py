"""Random forest: many deep trees on random loans and columns, averaged; grown and stored by LightGBM.

What a fitted ensemble predicts belongs to tree_ensemble. Its mean of leaves is poorly calibrated, so it needs the
calibrator more than others.
"""

from dataclasses import dataclass
from typing import Self

from credit_platform.errors import TrainingError
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.estimators.gradient_boosting import DEFAULT_TREES, directions, fixed_parameters
from credit_platform.scoring.estimators.tree_ensemble import LightGBMTrees

# A forest of trees that all see the same would be one tree.
_DRAWN = {"bagging_fraction": 0.632, "bagging_freq": 1, "feature_fraction_bynode": 0.5}


@dataclass(frozen=True)
class RandomForestEstimator(LightGBMTrees):
    """Averaged trees without a start line."""

    @classmethod
    def fit(cls, train: Design, validation: Design, *, task: FitTask) -> Self:  # noqa: ARG003 - more trees never hurt
        """Fit on the training design and labels.

        Params are LightGBM's, with `n_estimators` as the number of trees.

        Raises:
            TrainingError: LightGBM refuses a parameter.
        """
        import lightgbm

        chosen = dict(task.spec.params)
        trees = int(chosen.pop("n_estimators", DEFAULT_TREES))
        grown = {"boosting": "rf", "monotone_constraints": directions(task), **fixed_parameters(task)}
        training = lightgbm.Dataset(train.values, label=train.label, params={"verbosity": -1})
        try:
            booster = lightgbm.train({**_DRAWN, **chosen, **grown}, training, num_boost_round=trees)
        except lightgbm.basic.LightGBMError as error:
            raise TrainingError(
                model=task.model, reason=f"its params are refused: {error}", fix="Correct params in model_config.yaml."
            ) from error
        return cls.of(booster.model_to_string(), train)
