from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from credit_platform.statistics.calibration import (
    binomial_p_value,
    calibration_in_the_large,
    calibration_line,
    holm,
    hosmer_lemeshow,
    jeffreys_p_value,
    log_odds,
    spiegelhalter,
)
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample, samples

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
P_VALUES = st.lists(st.none() | st.floats(0, 1), max_size=12)


def test_the_line_is_the_regression_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    label, probability = honest_sample(3000, seed=1, shift=0.3, slope=0.8)
    line = calibration_line(label, probability)
    regression: Any = LogisticRegression(C=np.inf, tol=1e-12)
    regression.fit(log_odds(probability)[:, None], label)
    assert line is not None
    assert line.n == 3000
    assert line.slope.value == pytest.approx(regression.coef_[0, 0], abs=1e-5)
    assert line.intercept.value == pytest.approx(regression.intercept_[0], abs=1e-5)


def test_the_line_of_a_two_by_two_table_is_that_worked_out_by_hand() -> None:
    # 10 of 40 bads at log-odds -1, 30 of 40 at +1: slope ln 3, variance of either log-odds 1/10 + 1/30.
    label = np.array([1] * 10 + [0] * 30 + [1] * 30 + [0] * 10, dtype=np.int8)
    probability = np.repeat(1 / (1 + np.exp(np.array([1.0, -1.0]))), 40)
    line = calibration_line(label, probability)
    assert line is not None
    assert line.slope.value == pytest.approx(np.log(3), abs=1e-7)
    assert line.intercept.value == pytest.approx(0, abs=1e-7)
    error = 1.959963985 * np.sqrt((1 / 10 + 1 / 30) * 2) / 2
    assert line.slope.high - line.slope.value == pytest.approx(error, abs=1e-6)
    assert line.intercept.value - line.intercept.low == pytest.approx(error, abs=1e-6)


def test_the_interval_of_the_slope_holds_1_as_often_as_it_says() -> None:
    held = 0
    for seed in range(200):
        line = calibration_line(*honest_sample(400, seed), confidence=0.9)
        assert line is not None
        held += line.slope.low <= 1 <= line.slope.high
    assert 0.85 <= held / 200 <= 0.95


@pytest.mark.parametrize(("shift", "slope"), [(0.5, 1.0), (0.0, 0.6), (-0.4, 1.5)])
def test_probabilities_that_are_off_have_a_line_that_is_off(shift: float, slope: float) -> None:
    line = calibration_line(*honest_sample(4000, seed=2, shift=shift, slope=slope))
    assert line is not None
    assert line.slope.low <= slope <= line.slope.high
    assert line.intercept.low <= shift <= line.intercept.high
    assert not (line.slope.low <= 1 <= line.slope.high and line.intercept.low <= 0 <= line.intercept.high)


def test_the_level_alone_is_found_in_the_large() -> None:
    honest, low = (calibration_in_the_large(*honest_sample(4000, seed=3, shift=shift)) for shift in (0.0, 0.5))
    assert honest is not None
    assert honest.low <= 0 <= honest.high
    assert low is not None
    assert low.low <= 0.5 <= low.high


@pytest.mark.parametrize(
    ("label", "probability"),
    [
        ([], []),
        ([1, 1], [0.2, 0.4]),
        ([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3]),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
        ([0, 0, 1, 1], [0.9, 0.8, 0.2, 0.1]),
        ([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9]),
    ],
    ids=["no loans", "one class", "one probability", "parted", "parted the wrong way", "parted but for a tie"],
)
def test_a_sample_without_a_finite_line_has_none(label: list[int], probability: list[float]) -> None:
    assert calibration_line(np.array(label, dtype=np.int8), np.array(probability, dtype=np.float64)) is None


@given(samples())
def test_every_other_sample_has_a_finite_line_with_its_intervals(sample: tuple[LabelArray, FloatArray]) -> None:
    line = calibration_line(*sample)
    if line is not None:
        numbers = np.array([*line.slope, *line.intercept])
        assert np.isfinite(numbers).all()
        assert line.slope.low < line.slope.value < line.slope.high


@given(COUNTS, st.floats(0, 1))
def test_jeffreys_and_the_exact_binomial_are_those_of_scipy(counts: tuple[int, int], probability: float) -> None:
    bads, n = counts
    jeffreys = stats.beta.cdf(probability, bads + 0.5, n - bads + 0.5)
    assert jeffreys_p_value(bads, n, probability) == pytest.approx(jeffreys, abs=1e-12)
    exact = stats.binomtest(bads, n, probability, alternative="greater").pvalue
    assert binomial_p_value(bads, n, probability) == pytest.approx(exact, abs=1e-10)


def test_jeffreys_of_one_loan_is_the_arcsine_worked_out_by_hand() -> None:
    # Beta(1/2, 3/2) at 1/4: (2/pi) * (asin(1/2) + 1/2 * sqrt(3)/2) = 1/3 + sqrt(3) / (2 pi).
    assert jeffreys_p_value(0, 1, 0.25) == pytest.approx(1 / 3 + np.sqrt(3) / (2 * np.pi), abs=1e-12)


def test_three_bads_of_three_at_a_tenth_have_a_chance_of_a_thousandth() -> None:
    assert binomial_p_value(3, 3, 0.1) == pytest.approx(0.001, abs=1e-15)


def test_without_loans_there_is_no_test() -> None:
    nothing = np.array([], dtype=np.int8), np.array([], dtype=np.float64)
    assert jeffreys_p_value(0, 0, 0.1) is None
    assert binomial_p_value(0, 0, 0.1) is None
    assert hosmer_lemeshow(*nothing) is None
    assert spiegelhalter(*nothing) is None


def test_holm_is_the_table_worked_out_by_hand() -> None:
    # Sorted: 4 * 0.005, 3 * 0.011, 2 * 0.02, then 0.04, which may not fall below the one before.
    assert holm([0.02, 0.005, 0.04, 0.011]) == pytest.approx([0.04, 0.02, 0.04, 0.033])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


@given(P_VALUES)
def test_holm_lies_between_the_p_value_and_bonferroni_and_keeps_their_order(p_values: list[float | None]) -> None:
    corrected = holm(p_values)
    tested = [
        (before, after)
        for before, after in zip(p_values, corrected, strict=True)
        if before is not None and after is not None
    ]
    assert [value is None for value in corrected] == [value is None for value in p_values]
    assert all(before <= after <= min(1, len(tested) * before) + 1e-15 for before, after in tested)
    afters = [after for _, after in sorted(tested)]
    assert afters == sorted(afters)


def test_hosmer_lemeshow_is_the_sum_worked_out_by_hand() -> None:
    # Two bins of 10: 1 bad where 2 are expected, 7 where 5 are: 1 / (2 * 0.8) + 4 / (5 * 0.5) = 2.225.
    label = np.array([1] + [0] * 9 + [1] * 7 + [0] * 3, dtype=np.int8)
    found = hosmer_lemeshow(label, np.repeat([0.2, 0.5], 10), n_bins=2)
    assert found is not None
    assert found.statistic == pytest.approx(2.225, abs=1e-12)
    assert found.p_value == pytest.approx(np.exp(-2.225 / 2), abs=1e-12)  # chi-square of two degrees is exponential


def test_spiegelhalter_is_the_z_worked_out_by_hand() -> None:
    # Two loans at 0.2, one of them bad: (0.8 - 0.2) * 0.6 over the root of 2 * 0.36 * 0.16.
    found = spiegelhalter(np.array([1, 0], dtype=np.int8), np.array([0.2, 0.2]))
    assert found is not None
    assert found.statistic == pytest.approx(0.36 / np.sqrt(0.1152), abs=1e-12)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(found.statistic), abs=1e-12)


def test_forecasts_that_cannot_vary_have_no_test() -> None:
    assert spiegelhalter(np.array([1, 0], dtype=np.int8), np.array([0.5, 0.5])) is None
    assert hosmer_lemeshow(np.array([1, 0], dtype=np.int8), np.array([0.0, 0.0])) is None
    assert hosmer_lemeshow(np.array([1, 0], dtype=np.int8), np.array([0.5, 0.5]), fitted_parameters=2) is None


def test_honest_probabilities_are_rejected_as_seldom_as_the_level_says() -> None:
    rejected = {"hosmer_lemeshow": 0, "spiegelhalter": 0}
    for seed in range(300):
        sample = honest_sample(500, seed)
        for name, test in (("hosmer_lemeshow", hosmer_lemeshow(*sample)), ("spiegelhalter", spiegelhalter(*sample))):
            assert test is not None
            rejected[name] += test.p_value < 0.1
    assert all(0.06 <= count / 300 <= 0.15 for count in rejected.values())


def test_probabilities_that_are_off_are_rejected() -> None:
    sample = honest_sample(3000, seed=4, slope=0.6)
    for test in (hosmer_lemeshow(*sample), spiegelhalter(*sample)):
        assert test is not None
        assert test.p_value < 1e-4
