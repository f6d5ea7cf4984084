from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, brier_score_loss

from credit_platform.statistics.discrimination import brier, confusion, ks
from credit_platform.statistics.ranked_sample import RankedSample
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample, samples
from credit_platform_tests.statistics.counted_by_loan import capture_rate

Sample = tuple[LabelArray, FloatArray]


@given(samples())
def test_the_sample_itself_has_the_metrics_computed_directly(sample: Sample) -> None:
    label, probability = sample
    ranked = RankedSample.of(label, probability)
    assert ranked.ks(ranked.itself)[0] == pytest.approx(ks(label, probability), abs=1e-12)
    assert ranked.brier(ranked.itself)[0] == pytest.approx(brier(label, probability), abs=1e-12)
    assert ranked.brier(ranked.itself)[0] == pytest.approx(brier_score_loss(label, probability), abs=1e-12)
    assert ranked.capture_rate(ranked.itself, 0.2)[0] == pytest.approx(capture_rate(label, probability, 0.2), abs=1e-12)
    expected = average_precision_score(label, probability)
    assert ranked.average_precision(ranked.itself)[0] == pytest.approx(expected, abs=1e-12)
    found = ranked.f1_score(ranked.itself, 0.5)[0]
    assert found == pytest.approx(confusion(label, probability >= 0.5).f1_score, abs=1e-12)


@given(samples())
def test_a_weighting_is_a_sample_with_loans_repeated(sample: Sample) -> None:
    ranked = RankedSample.of(*sample)
    times = np.arange(len(ranked.label)) % 3
    repeated = RankedSample.of(np.repeat(ranked.label, times), np.repeat(ranked.probability, times))
    if 0 < repeated.label.sum() < len(repeated.label):
        weights = times[None, :].astype(np.float64)
        for metric in (RankedSample.ks, RankedSample.average_precision, RankedSample.brier):
            assert metric(ranked, weights)[0] == pytest.approx(metric(repeated, repeated.itself)[0], abs=1e-12)
        captured = repeated.capture_rate(repeated.itself, 0.2)[0]
        # The riskiest fifth of the repeated loans, as a share of the weights.
        bads, loans = ranked._cumulated(weights)
        assert loans[0, -1] == len(repeated.label)
        safer = np.interp(0.8 * loans[0, -1], np.append(0, loans[0]), np.append(0, bads[0]))
        assert captured == pytest.approx(1 - safer / bads[0, -1], abs=1e-12)


@given(samples())
def test_rank_metrics_do_not_change_under_rising_maps(sample: Sample) -> None:
    label, probability = sample
    ranked, mapped = RankedSample.of(label, probability), RankedSample.of(label, np.expm1(3 * probability) - 7)
    for metric in (RankedSample.ks, RankedSample.average_precision):
        assert metric(mapped, mapped.itself)[0] == metric(ranked, ranked.itself)[0]
    assert mapped.capture_rate(mapped.itself, 0.1)[0] == ranked.capture_rate(ranked.itself, 0.1)[0]


@given(samples())
def test_the_order_of_the_rows_does_not_matter(sample: Sample) -> None:
    label, probability = sample
    ranked, reversed_ = RankedSample.of(label, probability), RankedSample.of(label[::-1], probability[::-1])
    assert (ranked.label == reversed_.label).all()
    assert (ranked.probability == reversed_.probability).all()


@given(samples())
def test_the_parts_of_the_brier_score_add_up(sample: Sample) -> None:
    ranked = RankedSample.of(*sample)
    parts = ranked.brier_parts(ranked.itself)
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins
    assert whole[0] == pytest.approx(brier(*sample), abs=1e-12)
    assert parts.reliability[0] >= 0
    assert -1e-15 <= parts.resolution[0] <= parts.uncertainty[0] + 1e-15 <= 0.25 + 2e-15


def test_the_parts_are_murphys_worked_out_by_hand_where_a_bin_holds_one_probability() -> None:
    # Half at 0.2 with 1 bad of 5, half at 0.6 with 4 of 5: reliability 0.5 * 0.2 ** 2, resolution 0.3 ** 2.
    ranked = RankedSample.of(np.array([1, 0, 0, 0, 0, 1, 1, 1, 1, 0], dtype=np.int8), np.repeat([0.2, 0.6], 5))
    parts = ranked.brier_parts(ranked.itself)
    assert [part[0] for part in parts] == pytest.approx([0.02, 0.09, 0.25, 0.0], abs=1e-15)
    assert ranked.expected_calibration_error(ranked.itself)[0] == pytest.approx(0.1, abs=1e-15)


def test_the_calibration_error_is_that_of_the_curve_of_scikit_learn() -> None:
    label, probability = honest_sample(500, seed=12, slope=0.6)
    rate, mean = calibration_curve(label, probability, n_bins=10, strategy="quantile")
    ranked = RankedSample.of(label, probability)
    expected = np.abs(rate - mean).mean()  # ten bins of equal size
    assert ranked.expected_calibration_error(ranked.itself)[0] == pytest.approx(expected, abs=1e-12)


def test_honest_samples_stay_below_what_chance_allows_and_dishonest_ones_do_not() -> None:
    for shift, is_above in ((0.0, False), (0.6, True)):
        ranked = RankedSample.of(*honest_sample(1000, seed=13, shift=shift))
        by_chance = np.quantile(ranked.honest_calibration_error(200, seed=1), 0.99)
        assert (ranked.expected_calibration_error(ranked.itself)[0] > by_chance) == is_above


def test_a_draw_without_a_class_defines_no_ranking() -> None:
    ranked = RankedSample.of(np.array([0, 0, 1], dtype=np.int8), np.array([0.1, 0.2, 0.3]))
    only_goods = np.array([[2.0, 1.0, 0.0]])
    for values in (ranked.ks(only_goods), ranked.average_precision(only_goods), ranked.capture_rate(only_goods, 0.1)):
        assert np.isnan(values).all()
    assert np.isfinite(ranked.brier(only_goods)).all()
