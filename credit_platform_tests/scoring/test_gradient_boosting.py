from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from credit_platform.errors import TrainingError
from credit_platform.policy.model_config import ModelSpec
from credit_platform.scoring.discrimination import roc_auc
from credit_platform.scoring.gradient_boosting import GradientBoostingLearner
from credit_platform.scoring.learner import Design, FitTask

PARAMS: dict[str, bool | int | float | str] = {
    "n_estimators": 60,
    "learning_rate": 0.1,
    "max_depth": 3,
    "num_leaves": 8,
    "min_child_samples": 20,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
}
TASK = FitTask("m", ModelSpec(alias="m", algorithm="gradient_boosting", params=PARAMS), 42, tuple("abcde"))


def design(n: int, seed: int, signal: float = 1.0) -> Design:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, 5))
    odds = signal * matrix[:, 0] * matrix[:, 1] * 2 - 1
    return Design(matrix, (random.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int8))


def fitted(train: Design, validation: Design, seed: int = 42) -> GradientBoostingLearner:
    return GradientBoostingLearner.fit(train, validation, task=replace(TASK, seed=seed))


def n_trees(learner: GradientBoostingLearner) -> int:
    return learner.text.count("\nTree=")


def test_an_interaction_no_line_can_see_is_found() -> None:
    held_out = design(2000, 3)
    auc = roc_auc(held_out.label, fitted(design(2000, 1), design(500, 2)).log_odds(held_out.values))
    assert auc is not None
    assert auc > 0.7


def test_trees_that_do_not_help_validation_are_left_out() -> None:
    noise = fitted(design(600, 1, signal=0.0), design(300, 2, signal=0.0))
    signal = fitted(design(2000, 1), design(500, 2))
    assert n_trees(noise) < n_trees(signal) <= 60


def test_the_same_data_give_the_same_text_and_another_seed_another() -> None:
    train, validation = design(800, 1), design(300, 2)
    assert fitted(train, validation) == fitted(train, validation)
    assert fitted(train, validation) != fitted(train, validation, seed=1)


def test_the_text_gives_the_predictions_back_to_the_last_bit() -> None:
    learner = fitted(design(800, 1), design(300, 2))
    restored = GradientBoostingLearner.from_bytes(learner.to_bytes())
    matrix = design(500, 4).values
    assert np.array_equal(restored.log_odds(matrix), learner.log_odds(matrix))
    assert np.array_equal(restored.column_importance(), learner.column_importance())


def test_a_parameter_lightgbm_refuses_is_an_error_that_names_it() -> None:
    refused = TASK.spec.model_copy(update={"params": PARAMS | {"bagging_fraction": 2.0}})
    with pytest.raises(TrainingError, match=r"model m: its params are refused: .*bagging_fraction"):
        GradientBoostingLearner.fit(design(300, 1), design(300, 2), task=replace(TASK, spec=refused))


def test_importance_sees_the_two_columns_that_matter() -> None:
    importance = fitted(design(2000, 1), design(500, 2)).column_importance()
    assert set(np.argsort(importance)[-2:]) == {0, 1}


def test_no_row_gives_no_prediction() -> None:
    assert fitted(design(800, 1), design(300, 2)).log_odds(np.empty((0, 5))).shape == (0,)


def test_a_text_that_is_no_model_is_refused_when_it_is_read() -> None:
    with pytest.raises(ValueError, match="not a LightGBM text model"):
        GradientBoostingLearner.from_bytes(b"tree\nversion=v4\n")


def test_contributions_add_up_to_the_log_odds_of_every_row() -> None:
    learner, matrix = fitted(design(800, 1), design(300, 2)), design(500, 4).values
    assert learner.contributions(matrix).sum(axis=1) == pytest.approx(learner.log_odds(matrix), abs=1e-9)
