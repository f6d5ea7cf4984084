from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import precision_recall_curve, roc_curve

from credit_platform.statistics.curves import MAX_POINTS, precision_recall_points, reliability_bins, roc_points
from credit_platform.statistics.discrimination import roc_auc
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample, samples


@given(samples())
def test_short_curves_are_those_of_scikit_learn(sample: tuple[LabelArray, FloatArray]) -> None:
    label, probability = sample
    false_positive_rate, true_positive_rate, _ = roc_curve(label, probability, drop_intermediate=False)
    found = roc_points(label, probability)
    assert found["false_positive_rate"].to_list() == pytest.approx(false_positive_rate.tolist(), abs=1e-12)
    assert found["true_positive_rate"].to_list() == pytest.approx(true_positive_rate.tolist(), abs=1e-12)
    precision, recall, _ = precision_recall_curve(label, probability)
    points = precision_recall_points(label, probability)
    # scikit-learn adds a last point (0, 1) that no threshold has.
    assert points["recall"].to_list() == pytest.approx(recall[-2::-1].tolist(), abs=1e-12)
    assert points["precision"].to_list() == pytest.approx(precision[-2::-1].tolist(), abs=1e-12)


def test_a_long_curve_is_thinned_and_keeps_its_ends_and_its_area() -> None:
    label, probability = honest_sample(6000, seed=6)
    curve = roc_points(label, probability)
    assert 190 <= curve.height <= MAX_POINTS
    assert curve.row(0) == (0.0, 0.0)
    assert curve.row(-1) == (1.0, 1.0)
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
    assert area == pytest.approx(roc_auc(label, probability), abs=1e-3)
    assert set(curve.iter_rows()) <= set(roc_points(label, probability, max_points=10_000).iter_rows())


def test_precision_against_recall_begins_with_the_riskiest_loan_and_ends_with_all() -> None:
    label, probability = honest_sample(6000, seed=6)
    points = precision_recall_points(label, probability)
    riskiest = label[probability.argmax()]
    assert points.height <= MAX_POINTS
    assert points.row(0) == (riskiest / label.sum(), float(riskiest))
    assert points.row(-1) == (1.0, pytest.approx(label.mean(), abs=1e-12))


@pytest.mark.parametrize("curve", [roc_points, precision_recall_points])
def test_a_sample_of_one_class_has_no_curve(curve: object) -> None:
    assert callable(curve)
    goods, probability = np.zeros(2, dtype=np.int8), np.array([0.1, 0.2])
    for label in (goods, goods + 1, goods[:0]):
        assert curve(label, probability[: len(label)]).height == 0


def test_reliability_is_that_counted_by_hand() -> None:
    label = np.array([0, 0, 0, 1, 1, 0, 1, 1, 1, 1], dtype=np.int8)
    table = reliability_bins(label, np.repeat([0.2, 0.8], 5))
    assert table.select("bin", "n", "n_bad").rows() == [(3, 5, 2), (8, 5, 4)]
    assert table["mean_probability"].to_list() == pytest.approx([0.2, 0.8])
    assert table["bad_rate"].to_list() == pytest.approx([0.4, 0.8])


@given(samples())
def test_reliability_bins_hold_every_loan_and_their_interval_the_rate(sample: tuple[LabelArray, FloatArray]) -> None:
    label, probability = sample
    table = reliability_bins(label, probability)
    assert table["n"].sum() == len(label)
    assert table["bin"].is_sorted()
    assert table["mean_probability"].is_sorted()
    assert (table["mean_probability"] * table["n"]).sum() == pytest.approx(probability.sum())
    assert (table["ci_low"] <= table["bad_rate"]).all()
    assert (table["bad_rate"] <= table["ci_high"]).all()


def test_the_bins_of_an_empty_sample_are_empty() -> None:
    assert reliability_bins(np.array([], dtype=np.int8), np.array([], dtype=np.float64)).height == 0
