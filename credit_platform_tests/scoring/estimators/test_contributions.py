from __future__ import annotations

from collections.abc import Callable

import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import (
    Contributions,
    PlattCalibrator,
    PlattLines,
    calibrated_contributions,
)
from credit_platform.scoring.training.algorithms import ALGORITHMS, algorithm_named
from credit_platform.scoring.training.average_loans import MIN_APPROVED
from credit_platform.scoring.training.samples import by_sources_present
from credit_platform.scoring.training.version import FittedVersion


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
    assert parts.base.tolist() == [2.0]


def test_every_loan_has_the_line_of_its_own_sources() -> None:
    lines = PlattLines(np.array([2.0, 0.5]), np.array([1.0, 0.0]))
    parts = calibrated_contributions(np.array([[1.0, 0.5], [1.0, 0.5]]), ["debt"], lines)
    assert (parts.values[:, 0].tolist(), parts.base.tolist()) == ([2.0, 0.5], [2.0, 0.25])
    assert (parts.base + parts.values.sum(axis=1)).tolist() == lines.on_log_odds(np.array([1.5, 1.5])).tolist()


@pytest.mark.parametrize("name", ["oracle", "no.such.module:Estimator", "credit_platform.errors:TrainingError"])
def test_an_algorithm_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(KeyError, match=name.split(":", maxsplit=1)[0]):
        algorithm_named(name)


def test_an_address_gives_the_class_that_stands_there() -> None:
    address = "credit_platform.scoring.estimators.logistic_regression:LogisticRegressionEstimator"
    assert algorithm_named(address) is ALGORITHMS["logistic_regression"]


def test_parts_are_counted_from_the_average_approved_loan_with_the_same_sources(
    version: FittedVersion, loans: Callable[..., pl.DataFrame]
) -> None:
    validation = loans(300, seed=2)  # what the version was fitted with
    for kind, sample in by_sources_present(validation, LOANS.features).items():
        approved = sample.filter(pl.Series(version.predict(sample) < 0.5))
        assert approved.height >= MIN_APPROVED
        parts = version.contributions(approved)
        assert np.abs(parts.values.mean(axis=0)).max() < 1e-12, kind
        assert parts.base == pytest.approx(np.full(approved.height, version.log_odds(approved).mean()), abs=1e-9)


@given(values=arrays.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(3)), elements=st.floats(-50, 50)))
def test_counting_from_elsewhere_moves_the_base_and_keeps_the_sum(values: np.ndarray) -> None:
    own = Contributions(("a", "b", "c"), values, np.full(len(values), -1.0))
    moved = own.counted_from(values[::-1])
    sums = [parts.base + parts.values.sum(axis=1) for parts in (own, moved)]
    assert sums[0] == pytest.approx(sums[1], abs=1e-9)


def test_no_loans_have_means_of_zero() -> None:
    assert Contributions(("a",), np.empty((0, 1)), np.empty(0)).means() == {"a": 0.0}
