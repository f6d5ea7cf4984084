from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from credit_platform.statistics.curves import (
    GAINS_SCHEMA,
    gains_table,
    probability_bins,
)
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample, samples
from credit_platform_tests.statistics.counted_by_loan import capture_rate


def test_the_table_is_the_one_counted_by_hand() -> None:
    probability = np.arange(20) / 20
    label = np.array([0] * 14 + [1, 0, 0, 1, 1, 1], dtype=np.int8)
    table = gains_table(label, probability)
    assert table["decile"].to_list() == list(range(1, 11))
    assert table["n"].to_list() == [2] * 10
    assert table["n_bad"].to_list() == [2, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert table["bad_rate"].to_list()[:3] == [1.0, 0.5, 0.5]
    assert table["lift"].to_list()[:3] == [5.0, 2.5, 2.5]
    assert table["capture_rate"].to_list()[:4] == [0.5, 0.75, 1.0, 1.0]
    assert table["cumulative_share"].to_list() == pytest.approx([place / 10 for place in range(1, 11)])
    assert table["min_probability"].to_list()[:2] == [0.9, 0.8]


@given(samples())
def test_all_loans_and_all_bads_are_captured_in_the_end(sample: tuple[LabelArray, FloatArray]) -> None:
    label, probability = sample
    table = gains_table(label, probability)
    assert table.schema == pl.Schema(GAINS_SCHEMA)
    assert table["cumulative_share"][-1] == table["capture_rate"][-1] == 1
    assert table["n"].sum() == len(label)
    assert table["n_bad"].sum() == label.sum()
    assert table["min_probability"].is_sorted(descending=True)
    assert (table["lift"] * table["n"]).sum() == pytest.approx(len(label))


@given(samples())
def test_the_order_of_the_rows_does_not_matter(sample: tuple[LabelArray, FloatArray]) -> None:
    label, probability = sample
    assert gains_table(label[::-1], probability[::-1]).equals(gains_table(label, probability))


@given(samples())
def test_bins_do_not_change_under_rising_maps_and_never_part_a_tie(sample: tuple[LabelArray, FloatArray]) -> None:
    _, probability = sample
    bins = probability_bins(probability)
    assert (probability_bins(np.expm1(3 * probability) - 7) == bins).all()
    assert bins.min() >= 1
    assert bins.max() <= 10
    for value in np.unique(probability):
        assert len(set(bins[probability == value])) == 1


@pytest.mark.parametrize("n", [10, 500, 999, 5983])
def test_bins_of_different_probabilities_differ_by_at_most_one_loan(n: int) -> None:
    counts = np.bincount(probability_bins(np.random.default_rng(n).permutation(n) / n))[1:]
    assert len(counts) == 10
    assert counts.max() - counts.min() <= 1


def test_a_tie_at_the_border_counts_in_proportion() -> None:
    # The riskiest four are one tie with two bads among them, and two of the four are taken.
    label, probability = np.array([1, 1, 0, 0, 0, 1], dtype=np.int8), np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.2])
    assert capture_rate(label, probability, 2 / 6) == pytest.approx(1 / 3)


def test_capture_agrees_with_the_table_where_deciles_are_whole() -> None:
    label, probability = honest_sample(2000, seed=5)
    table = gains_table(label, probability)
    assert capture_rate(label, probability, 0.1) == pytest.approx(table["capture_rate"][0], abs=1e-12)


def test_without_a_bad_nothing_is_captured_and_nothing_is_invented() -> None:
    label, probability = np.zeros(30, dtype=np.int8), np.arange(30) / 30
    table = gains_table(label, probability)
    assert table["lift"].null_count() == table["capture_rate"].null_count() == 10
    assert capture_rate(label, probability, 0.1) is None
    assert gains_table(label[:0], probability[:0]).height == 0
