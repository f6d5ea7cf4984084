from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics as sklearn_metrics

from credit_platform.scoring.evaluation.labelled_sample import LabelledSample, brier_interval, ks_interval
from credit_platform.scoring.evaluation.metrics import TESTS, MetricValue, sample_metrics
from credit_platform.statistics.calibration import calibration_line, hosmer_lemeshow
from credit_platform.statistics.discrimination import delong_interval
from credit_platform.statistics.intervals import jeffreys_interval, wilson_interval
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample, samples

Sample = tuple[LabelArray, FloatArray]
METRICS = [
    "roc_auc", "gini", "ks", "average_precision", "capture_rate_at_10", "capture_rate_at_20", "lift_at_10",
    "lift_at_20", "brier", "brier_reliability", "brier_resolution", "brier_uncertainty", "brier_within_bins",
    "expected_calibration_error", "f1_score", "calibration_slope", "calibration_intercept",
    "calibration_in_the_large", "log_loss", "hosmer_lemeshow", "hosmer_lemeshow_p", "spiegelhalter_z",
    "spiegelhalter_p", "jeffreys_p", "accuracy", "precision", "recall", "approval_rate", "bad_rate_approved",
    "bad_rate", "mean_default_probability",
]  # fmt: skip


def measured(sample: Sample, *, fitted_parameters: int = 0) -> dict[str, MetricValue]:
    found = sample_metrics(*sample, cut_off=0.5, fitted_parameters=fitted_parameters)
    assert [one.metric for one in found] == METRICS
    return {one.metric: one for one in found}


@settings(max_examples=40)
@given(samples())
def test_the_metrics_are_those_of_scikit_learn(sample: Sample) -> None:
    label, probability = sample
    declined = (probability >= 0.5).astype(int)
    found = measured(sample)
    expected = {
        "roc_auc": sklearn_metrics.roc_auc_score(label, probability),
        "average_precision": sklearn_metrics.average_precision_score(label, probability),
        "brier": sklearn_metrics.brier_score_loss(label, probability),
        "log_loss": sklearn_metrics.log_loss(label, probability),
        "accuracy": sklearn_metrics.accuracy_score(label, declined),
        "recall": sklearn_metrics.recall_score(label, declined),
        "f1_score": sklearn_metrics.f1_score(label, declined),
    }
    if declined.any():
        expected["precision"] = sklearn_metrics.precision_score(label, declined)
    else:
        assert found["precision"] == MetricValue("precision", None)  # scikit-learn says 0
    for metric, value in expected.items():
        assert found[metric].value == pytest.approx(value, abs=1e-12), metric


def test_every_metric_but_the_tests_has_an_interval_around_it() -> None:
    for n in (60, 500):
        for metric, value, low, high in measured(honest_sample(n, seed=21)).values():
            assert value is not None
            if metric in TESTS:
                assert (low, high) == (None, None)
            else:
                assert low is not None
                assert high is not None
                assert low <= value <= high, metric
                assert low < high, metric


@settings(max_examples=50)
@given(samples())
def test_whatever_the_sample_a_metric_is_none_or_a_number_inside_its_interval(sample: Sample) -> None:
    for metric, value, low, high in measured(sample).values():
        numbers = [number for number in (value, low, high) if number is not None]
        assert all(math.isfinite(number) for number in numbers), metric
        assert (low is None) == (high is None)
        if low is not None:
            assert value is not None
            assert high is not None
            assert low - 1e-12 <= value <= high + 1e-12, metric


def test_the_intervals_are_those_of_their_own_modules() -> None:
    label, probability = honest_sample(500, seed=22)
    found = measured((label, probability))
    assert found["roc_auc"][2:] == delong_interval(label, probability)
    assert found["bad_rate"][2:] == jeffreys_interval(int(label.sum()), 500, 0.95)
    right = int(((probability >= 0.5) == label).sum())
    assert found["accuracy"][2:] == wilson_interval(right, 500, 0.95)
    line = calibration_line(label, probability)
    assert line is not None
    assert found["calibration_slope"][1:] == line.slope


def test_ks_and_brier_have_the_intervals_that_monitoring_gives() -> None:
    label, probability = honest_sample(500, seed=23)
    order = np.argsort(probability)
    outcome = LabelledSample(label[order].astype(np.int64), probability[order], np.zeros(500, dtype=np.int64))
    found = measured((label, probability))
    assert found["ks"][2:] == pytest.approx(ks_interval(outcome, 0.95), abs=1e-9)
    assert found["brier"][2:] == pytest.approx(brier_interval(outcome, 0.95), abs=1e-9)


def test_the_order_of_the_rows_changes_nothing_but_the_last_digits() -> None:
    label, probability = honest_sample(300, seed=24)
    again = measured((label[::-1], probability[::-1]))
    for metric, one in measured((label, probability)).items():
        assert again[metric][1:] == pytest.approx(one[1:], abs=1e-9), metric


def test_bootstrapped_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    truths = {"capture_rate_at_10": 0.245, "average_precision": 0.668, "expected_calibration_error": 0.0}
    held = dict.fromkeys(truths, 0)
    for seed in range(80):
        found = measured(honest_sample(300, seed))
        for metric, truth in truths.items():
            _, _, low, high = found[metric]
            assert low is not None
            assert high is not None
            held[metric] += low <= truth <= high
    assert min(held.values()) / 80 >= 0.86


def test_probabilities_that_are_off_are_seen_in_every_measure_of_calibration() -> None:
    found = measured(honest_sample(3000, seed=25, shift=0.4, slope=0.7))
    for metric, honest in (
        ("calibration_slope", 1.0),
        ("calibration_in_the_large", 0.0),
        ("expected_calibration_error", 0.0),
        ("brier_reliability", 0.0),
    ):
        _, _, low, high = found[metric]
        assert low is not None
        assert high is not None
        assert not low <= honest <= high, metric
    assert all((found[metric].value or 0) < 0.001 for metric in ("hosmer_lemeshow_p", "spiegelhalter_p", "jeffreys_p"))


def test_a_sample_the_line_was_fitted_on_gives_up_two_degrees_of_freedom() -> None:
    sample = honest_sample(500, seed=26)
    expected = hosmer_lemeshow(*sample, fitted_parameters=2)
    assert expected is not None
    assert measured(sample, fitted_parameters=2)["hosmer_lemeshow_p"].value == expected.p_value


@pytest.mark.parametrize("label", [0, 1])
def test_of_one_class_only_what_needs_no_ranking_is_defined(label: int) -> None:
    found = measured((np.full(40, label, dtype=np.int8), np.linspace(0.1, 0.7, 40)))
    for metric in ("roc_auc", "gini", "ks", "calibration_slope", "calibration_in_the_large"):
        assert found[metric] == MetricValue(metric, None)
    assert found["capture_rate_at_10"].value == (None if label == 0 else pytest.approx(0.1))
    assert found["brier"].value is not None
    assert found["bad_rate"].value == label


def test_without_loans_nothing_is_defined() -> None:
    nothing = np.array([], dtype=np.int8), np.array([], dtype=np.float64)
    assert all(one == MetricValue(metric, None) for metric, one in measured(nothing).items())


def test_a_probability_that_is_not_a_number_leaves_the_bad_rate_alone() -> None:
    label, probability = honest_sample(50, seed=27)
    probability[3] = np.nan
    found = measured((label, probability))
    assert [metric for metric, one in found.items() if one.value is not None] == ["bad_rate"]
