from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.errors import TrainingError
from credit_platform.policy.model_config import ModelSpec
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.estimators.logistic_regression import LogisticRegressionEstimator
from credit_platform.statistics.calibration import probability_of

PARAMS: dict[str, bool | int | float | str] = {"C": 1.0, "max_iter": 1000, "class_weight": "none"}


def design(n: int = 400, seed: int = 1) -> Design:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, 5))
    return Design(matrix, (random.random(n) < 1 / (1 + np.exp(-matrix[:, 0] + 1))).astype(np.int8))


def fitted(params: dict[str, bool | int | float | str]) -> LogisticRegressionEstimator:
    spec = ModelSpec(alias="m", algorithm="logistic_regression", params=params)
    task = FitTask("m", spec, 42, tuple("abcde"))
    return LogisticRegressionEstimator.fit(design(), design(seed=2), task=task)


def probability(estimator: LogisticRegressionEstimator, matrix: np.ndarray) -> np.ndarray:
    return probability_of(estimator.log_odds(matrix))


def test_its_own_prediction_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    train = design()
    regression: Any = LogisticRegression(C=1.0, max_iter=1000, random_state=42)
    theirs = regression.fit(train.values, train.label).predict_proba(train.values)[:, 1]
    assert probability(fitted(PARAMS), train.values) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("params", [{"C": -1.0}, {"depth": 3}])
def test_a_parameter_it_does_not_know_is_an_error_that_names_it(params: dict[str, bool | int | float | str]) -> None:
    with pytest.raises(TrainingError, match=rf"model m: its params are refused: .*{next(iter(params))}"):
        fitted(PARAMS | params)


def test_a_solver_that_does_not_converge_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(
        TrainingError, match=r"model m: the solver did not converge in 1 iterations\. Raise params\.max_iter"
    ):
        fitted(PARAMS | {"max_iter": 1})


def test_class_weights_can_be_asked_for_and_none_is_the_word_for_no_weights() -> None:
    matrix = design().values
    balanced = probability(fitted(PARAMS | {"class_weight": "balanced"}), matrix)
    assert balanced.mean() > probability(fitted(PARAMS), matrix).mean()


@settings(max_examples=30)
@given(
    intercept=st.floats(-50, 50),
    numbers=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6)), min_size=1, max_size=10),
)
def test_coefficients_are_read_back_exactly(intercept: float, numbers: list[tuple[float, float]]) -> None:
    coefficients, spread = zip(*numbers, strict=True)
    estimator = LogisticRegressionEstimator(intercept, coefficients, spread)
    assert LogisticRegressionEstimator.from_bytes(estimator.to_bytes()) == estimator


def test_extreme_designs_give_probabilities_and_no_overflow() -> None:
    estimator = LogisticRegressionEstimator(0.0, (1.0,), (1.0,))
    assert probability(estimator, np.array([[-1e9], [0.0], [1e9]])) == pytest.approx([0, 0.5, 1])


def test_contributions_add_up_to_the_log_odds_of_every_row() -> None:
    estimator, matrix = fitted(PARAMS), design(seed=3).values
    assert estimator.contributions(matrix).sum(axis=1) == pytest.approx(estimator.log_odds(matrix), abs=1e-9)


def test_the_former_name_of_the_transformer_is_still_read() -> None:
    class Former(LogisticRegressionEstimator):
        preparation = "weight_of_evidence"

    class Later(Former):
        pass

    assert (Former.transformer, Later.transformer) == ("weight_of_evidence", "weight_of_evidence")
    assert LogisticRegressionEstimator.transformer == "standardised"
