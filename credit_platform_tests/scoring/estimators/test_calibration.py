from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.scoring.estimators.estimator import PlattCalibrator, fit_platt
from credit_platform.statistics.calibration import log_odds, probability_of


def distorted(slope: float, intercept: float, n: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from true log-odds, and raw probabilities that Platt's line would map back onto them."""
    random = np.random.default_rng(11)
    truth = random.normal(-1, 1.5, n)
    label = (random.random(n) < probability_of(truth)).astype(np.int8)
    return label, probability_of((truth - intercept) / slope)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, 0.8), (2.0, -1.0)])
def test_a_known_distortion_is_undone(slope: float, intercept: float) -> None:
    label, raw = distorted(slope, intercept)
    fitted = fit_platt(label, raw)
    assert fitted.slope == pytest.approx(slope, abs=0.06)
    assert fitted.intercept == pytest.approx(intercept, abs=0.06)
    assert fitted.calibrate(raw).mean() == pytest.approx(label.mean(), abs=1e-4)


def test_the_fit_is_the_maximum_that_scikit_learn_finds() -> None:
    from sklearn.linear_model import LogisticRegression

    label, raw = distorted(0.7, 0.4, n=5000)
    fitted = fit_platt(label, raw)
    regression: Any = LogisticRegression(C=np.inf, tol=1e-10)
    regression.fit(log_odds(raw)[:, None], label)
    assert fitted.slope == pytest.approx(regression.coef_[0, 0], abs=5e-3)
    assert fitted.intercept == pytest.approx(regression.intercept_[0], abs=5e-3)


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), max_size=40))
def test_any_sample_of_both_classes_gives_a_finite_rising_map(rows: list[tuple[int, float]]) -> None:
    label = np.array([0, 1, *(label for label, _ in rows)], dtype=np.int8)
    raw = np.array([0.2, 0.6, *(probability for _, probability in rows)])
    fitted = fit_platt(label, raw)
    grid = fitted.calibrate(np.array([0.0, 1e-9, 0.1, 0.5, 0.9, 1.0]))
    assert fitted.slope > 0
    assert np.isfinite(fitted.intercept)
    assert ((grid >= 0) & (grid <= 1)).all()
    assert (np.diff(grid) >= 0).all()


def test_a_ranking_that_points_the_wrong_way_keeps_its_order_and_gets_the_right_level() -> None:
    label, raw = distorted(1.0, 0.0, n=4000)
    wrong = 1 - raw
    fitted = fit_platt(label, wrong)
    assert fitted.slope == 1.0
    assert fitted.calibrate(wrong).mean() == pytest.approx(label.mean(), abs=1e-3)


def test_a_perfectly_separated_sample_stays_finite() -> None:
    fitted = fit_platt(np.array([0] * 20 + [1] * 20, dtype=np.int8), np.array([0.0] * 20 + [1.0] * 20))
    assert fitted.calibrate(np.array([0.0, 1.0])) == pytest.approx([1 / 22, 21 / 22], abs=1e-6)


@given(st.floats(1e-6, 1e3), st.floats(-1e3, 1e3))
def test_a_calibrator_is_read_back_exactly(slope: float, intercept: float) -> None:
    calibrator = PlattCalibrator(slope, intercept)
    assert PlattCalibrator.from_json(calibrator.to_json()) == calibrator


@given(st.floats(1e-9, 1 - 1e-9))
def test_log_odds_and_probability_are_inverse(probability: float) -> None:
    assert probability_of(log_odds(np.array([probability])))[0] == pytest.approx(probability, rel=1e-9)
