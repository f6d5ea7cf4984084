"""Gradient boosting: LightGBM on top of the evidence, constrained to expected directions, stopped early on validation.

What a fitted ensemble predicts belongs to tree_ensemble, making the design matrix to standardisation.
"""

from dataclasses import dataclass
from typing import Self

from credit_platform.errors import TrainingError
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.estimators.tree_ensemble import LightGBMTrees, fit_start_line

PATIENCE = 50  # trees without a better validation AUC; at a rate of 0.05 fewer would stop on noise
DEFAULT_TREES = 100


def fixed_parameters(task: FitTask) -> dict[str, object]:
    """LightGBM's parameters that no one may choose: what makes the same data give the same text."""
    return {
        "objective": "binary",
        "metric": "auc",
        "seed": task.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # the order of additions depends on the number of threads
        "verbosity": -1,
    }


def directions(task: FitTask) -> list[int]:
    """+1, -1 or 0 per design column: the direction its log-odds are constrained to.

    Only the column of the feature's own value, the first of its columns, is constrained; indicators of missing values
    are free.
    """
    return [
        0 if feature in task.features[:place] else task.directions.get(feature, 0)
        for place, feature in enumerate(task.features)
    ]


@dataclass(frozen=True)
class GradientBoostingEstimator(LightGBMTrees):
    """Boosted trees that start from a line in the evidence of each group."""

    @classmethod
    def fit(cls, train: Design, validation: Design, *, task: FitTask) -> Self:
        """Fit on the training design and labels, keeping the number of trees with the best validation AUC.

        Params are LightGBM's, with `n_estimators` as the most trees there may be.

        Raises:
            TrainingError: LightGBM refuses a parameter.
        """
        import lightgbm

        chosen = dict(task.spec.params)
        trees = int(chosen.pop("n_estimators", DEFAULT_TREES))
        start = fit_start_line(train, task)
        constraints = {"monotone_constraints": directions(task)}
        training = lightgbm.Dataset(
            train.values, label=train.label, init_score=start.log_odds(train.values), params={"verbosity": -1}
        )
        watched = training.create_valid(
            validation.values, label=validation.label, init_score=start.log_odds(validation.values)
        )
        try:
            booster = lightgbm.train(
                {**chosen, **constraints, **fixed_parameters(task)},
                training,
                num_boost_round=trees,
                valid_sets=[watched],
                callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
            )
        except lightgbm.basic.LightGBMError as error:
            raise TrainingError(
                model=task.model, reason=f"its params are refused: {error}", fix="Correct params in model_config.yaml."
            ) from error
        return cls.of(booster.model_to_string(num_iteration=booster.best_iteration), train, start)
