from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from credit_platform.errors import TrainingError
from credit_platform.policy.model_config import ModelSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.estimators.gradient_boosting import GradientBoostingEstimator, directions
from credit_platform.scoring.estimators.random_forest import RandomForestEstimator
from credit_platform.scoring.estimators.tree_ensemble import TreeEnsemble, fit_start_line
from credit_platform.statistics.discrimination import roc_auc

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


def fitted(train: Design, validation: Design, seed: int = 42) -> GradientBoostingEstimator:
    return GradientBoostingEstimator.fit(train, validation, task=replace(TASK, seed=seed))


def n_trees(estimator: GradientBoostingEstimator) -> int:
    return estimator.text.count("\nTree=")


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
    estimator = fitted(design(800, 1), design(300, 2))
    restored = GradientBoostingEstimator.from_bytes(estimator.to_bytes())
    matrix = design(500, 4).values
    assert np.array_equal(restored.log_odds(matrix), estimator.log_odds(matrix))
    assert np.array_equal(restored.column_importance(), estimator.column_importance())


def test_a_parameter_lightgbm_refuses_is_an_error_that_names_it() -> None:
    refused = TASK.spec.model_copy(update={"params": PARAMS | {"bagging_fraction": 2.0}})
    with pytest.raises(TrainingError, match=r"model m: its params are refused: .*bagging_fraction"):
        GradientBoostingEstimator.fit(design(300, 1), design(300, 2), task=replace(TASK, spec=refused))


def test_importance_sees_the_two_columns_that_matter() -> None:
    importance = fitted(design(2000, 1), design(500, 2)).column_importance()
    assert set(np.argsort(importance)[-2:]) == {0, 1}


def test_no_row_gives_no_prediction() -> None:
    assert fitted(design(800, 1), design(300, 2)).log_odds(np.empty((0, 5))).shape == (0,)


def test_a_text_that_is_no_model_is_refused_when_it_is_read() -> None:
    with pytest.raises(ValueError, match="not a LightGBM text model"):
        GradientBoostingEstimator.from_bytes(b"tree\nversion=v4\n")


def test_contributions_add_up_to_the_log_odds_of_every_row() -> None:
    matrix = design(500, 4).values
    for estimator in (fitted(design(800, 1), design(300, 2)), forest(), grown_from_evidence()):
        assert estimator.contributions(matrix).sum(axis=1) == pytest.approx(estimator.log_odds(matrix), abs=1e-9)


NAMED = ("clickstream_evidence", "n_loans", "n_loans", "credit_mix", "annual_income_amount")


NAMED_TASK = replace(TASK, features=NAMED, evidence=NAMED[:1], directions=LOANS.features.split_directions)


def grown_from_evidence() -> GradientBoostingEstimator:
    return GradientBoostingEstimator.fit(line(1500, 1), line(500, 2), task=NAMED_TASK)


def forest() -> RandomForestEstimator:
    return RandomForestEstimator.fit(design(1500, 1), design(300, 2), task=TASK)


def line(n: int, seed: int) -> Design:
    """Columns that point the expected way alone, the second of n_loans and the credit mix both ways."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, 5))
    odds = (
        1.5 * matrix[:, 0] + 0.5 * matrix[:, 1] - 0.5 * matrix[:, 4] + np.abs(matrix[:, 2]) + np.sin(3 * matrix[:, 3])
    )
    return Design(matrix, (random.random(n) < 1 / (1 + np.exp(1 - odds))).astype(np.int8))


@pytest.mark.parametrize(("column", "direction"), [(0, 1), (1, 1), (4, -1)])
def test_what_is_expected_to_be_riskier_never_lowers_the_odds_of_default(column: int, direction: int) -> None:
    estimator, matrix = grown_from_evidence(), line(200, 5).values
    for step in np.linspace(0, 4, 17):
        moved = matrix.copy()
        moved[:, column] += step
        assert (direction * (estimator.log_odds(moved) - estimator.log_odds(matrix)) >= -1e-12).all()


def test_a_columns_indicators_and_levels_may_point_either_way() -> None:
    assert directions(NAMED_TASK) == [1, 1, 0, 0, -1]
    estimator, matrix = grown_from_evidence(), line(200, 5).values
    moved = matrix.copy()
    moved[:, 2] = 2.0
    matrix[:, 2] = 0.0
    assert (estimator.log_odds(moved) > estimator.log_odds(matrix)).mean() > 0.9
    moved[:, 2] = -2.0
    assert (estimator.log_odds(moved) > estimator.log_odds(matrix)).mean() > 0.9


def test_directions_of_splits_are_expected_ones() -> None:
    assert LOANS.features.split_directions.items() < LOANS.features.directions.items()


def test_evidence_beyond_what_training_saw_still_counts_in_full() -> None:
    estimator, matrix = grown_from_evidence(), line(200, 5).values
    assert estimator.start is not None
    (weight,) = estimator.start.weights
    assert weight > 0.8
    far, further = matrix.copy(), matrix.copy()
    far[:, 0], further[:, 0] = 10.0, 12.0
    rise = estimator.log_odds(further) - estimator.log_odds(far)
    assert rise == pytest.approx(np.full(200, 2 * weight))


def test_evidence_that_points_the_wrong_way_is_not_started_from() -> None:
    turned = line(1500, 1)
    start = fit_start_line(Design(-turned.values, turned.label), NAMED_TASK)
    assert start.weights == (0.0,)
    assert start.base == pytest.approx(np.log(turned.label.mean() / (1 - turned.label.mean())))


@pytest.mark.parametrize("grow", [grown_from_evidence, forest])
def test_an_ensemble_reads_back_whole_and_lightgbm_reads_its_file(grow: Callable[[], TreeEnsemble]) -> None:
    from lightgbm import Booster

    estimator, matrix = grow(), line(300, 6).values
    restored = type(estimator).from_bytes(estimator.to_bytes())
    assert restored == estimator
    assert np.array_equal(restored.log_odds(matrix), estimator.log_odds(matrix))
    trees = Booster(model_str=estimator.to_bytes().decode())
    raw = np.asarray(trees.predict(matrix, raw_score=True))
    beside = 0 if estimator.start is None else estimator.start.log_odds(matrix)
    share = 1 if estimator.start else trees.num_trees()
    assert np.array_equal(raw / share + beside, estimator.log_odds(matrix))


def test_a_forest_ranks_by_the_interaction_and_is_the_mean_of_its_trees() -> None:
    held_out = design(2000, 3)
    odds = forest().log_odds(held_out.values)
    auc = roc_auc(held_out.label, odds)
    assert auc is not None
    assert auc > 0.7
    assert np.abs(odds).max() < 5
    assert forest() == forest()


def test_a_parameter_a_forest_refuses_is_an_error_that_names_it() -> None:
    refused = TASK.spec.model_copy(update={"params": {"bagging_fraction": 2.0}})
    with pytest.raises(TrainingError, match=r"model m: its params are refused: .*bagging_fraction"):
        RandomForestEstimator.fit(design(300, 1), design(300, 2), task=replace(TASK, spec=refused))
