"""The cut-off that is best by a metric, and one metric alone."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from credit_platform.policy.policy_section import PrimaryMetric, TunedBy
from credit_platform.scoring.evaluation.metrics import MetricAt, sample_metrics, tuned_cut_off
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample, samples

BY = st.sampled_from(get_args(TunedBy))


@given(samples(), BY, st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_no_cut_off_is_better_on_the_sample(sample: tuple[LabelArray, FloatArray], by: TunedBy, other: float) -> None:
    cut_off = tuned_cut_off(*sample, by)
    assert 0 < cut_off < 1
    best, tried = (MetricAt(by, at).value(*sample) for at in (cut_off, other))
    assert best is not None
    assert tried is not None
    assert best >= tried
    if best == tried:  # of several the one that declines fewest
        assert int((sample[1] >= cut_off).sum()) <= int((sample[1] >= other).sum())


@given(samples(), BY, st.randoms())
def test_the_order_of_the_rows_does_not_matter(
    sample: tuple[LabelArray, FloatArray], by: TunedBy, shuffled: object
) -> None:
    order = np.arange(len(sample[0]))
    shuffled.shuffle(order)  # pyrefly: ignore[missing-attribute]
    assert tuned_cut_off(sample[0][order], sample[1][order], by) == tuned_cut_off(*sample, by)


def test_neighbouring_numbers_are_told_apart() -> None:
    low = 0.3
    high = float(np.nextafter(low, 1))
    cut_off = tuned_cut_off(np.array([0, 1], dtype=np.int8), np.array([low, high]), "f1_score")
    assert low < cut_off <= high


def test_where_bads_are_fewer_than_goods_the_cut_off_is_below_one_half() -> None:
    label, probability = honest_sample(4000, seed=5)
    cut_off = tuned_cut_off(label, probability, "f1_score")
    tuned, customary = (MetricAt("f1_score", at).value(label, probability) or 0.0 for at in (cut_off, 0.5))
    assert cut_off < 0.5
    assert tuned > customary


@pytest.mark.parametrize("metric", get_args(PrimaryMetric))
def test_every_metric_that_may_be_primary_is_one_of_the_registry(metric: PrimaryMetric) -> None:
    label, probability = honest_sample(600, seed=3)
    registry = {one.metric: one.value for one in sample_metrics(label, probability, cut_off=0.3)}
    assert MetricAt(metric, 0.3).value(label, probability) == pytest.approx(registry[metric], abs=1e-12)


@pytest.mark.parametrize("metric", get_args(PrimaryMetric))
@pytest.mark.parametrize("label", [np.zeros(0), np.zeros(3)], ids=["no loan", "no bad"])
def test_what_a_sample_does_not_define_is_none_or_no_number_made_up(
    metric: PrimaryMetric, label: NDArray[np.float64]
) -> None:
    found = MetricAt(metric, 0.5).value(label.astype(np.int8), np.full(len(label), 0.2))
    assert found is None or metric == "accuracy"
