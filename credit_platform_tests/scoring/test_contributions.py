from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from credit_platform.scoring.algorithms import ALGORITHMS, algorithm_named
from credit_platform.scoring.calibration import PlattCalibrator
from credit_platform.scoring.contributions import calibrated_contributions
from credit_platform.scoring.training import FittedVersion


def test_the_parts_of_every_loan_add_up_to_its_calibrated_log_odds(
    version: FittedVersion, loans: Callable[..., pl.DataFrame]
) -> None:
    held_out = loans(400, seed=3)
    parts = version.contributions(held_out)
    assert parts.values.shape == (400, len(parts.features))
    assert parts.base + parts.values.sum(axis=1) == pytest.approx(version.log_odds(held_out), abs=1e-9)


def test_columns_of_one_feature_are_added_and_keep_the_order_of_the_design() -> None:
    by_column = np.array([[1.0, 2.0, 4.0, 0.5]])
    parts = calibrated_contributions(by_column, ["salary", "debt", "salary"], PlattCalibrator(2.0, 1.0))
    assert parts.features == ("salary", "debt")
    assert parts.values.tolist() == [[10.0, 4.0]]
    assert parts.base == 2.0


@pytest.mark.parametrize("name", ["oracle", "no.such.module:Learner", "credit_platform.errors:TrainingError"])
def test_an_algorithm_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(KeyError, match=name.split(":", maxsplit=1)[0]):
        algorithm_named(name)


def test_an_address_gives_the_class_that_stands_there() -> None:
    address = "credit_platform.scoring.logistic_regression:LogisticRegressionLearner"
    assert algorithm_named(address) is ALGORITHMS["logistic_regression"]
