from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.statistics.monotone_bins import band_of, information_value, weight_of_evidence

# By hand: 400 loans, 300 good and 100 bad.
N, N_BAD = [200, 120, 80], [20, 30, 50]
SHARES_OF_GOODS, SHARES_OF_BADS = [180 / 300, 90 / 300, 30 / 300], [20 / 100, 30 / 100, 50 / 100]


def test_the_weight_of_a_bin_is_the_log_of_its_share_of_goods_over_its_share_of_bads() -> None:
    by_hand = [log(3.0), 0.0, log(0.2)]
    assert weight_of_evidence(N, N_BAD) == pytest.approx(by_hand, abs=1e-12)
    assert by_hand == pytest.approx([log(g / b) for g, b in zip(SHARES_OF_GOODS, SHARES_OF_BADS, strict=True)])


def test_the_information_value_adds_up_over_the_bins() -> None:
    parts = information_value(N, N_BAD, weight_of_evidence(N, N_BAD))
    assert parts == pytest.approx([0.4 * log(3.0), 0.0, 0.4 * log(5.0)], abs=1e-12)
    assert parts.sum() == pytest.approx(1.0832, abs=1e-4)


@pytest.mark.parametrize(("n", "n_bad"), [([50, 50], [0, 20]), ([50, 50], [50, 20]), ([0, 100], [0, 20])])
def test_a_bin_without_goods_or_bads_weighs_nothing(n: list[int], n_bad: list[int]) -> None:
    assert weight_of_evidence(n, n_bad)[0] == 0


def test_a_bin_with_too_few_of_a_class_weighs_nothing_and_does_not_move_the_others() -> None:
    assert weight_of_evidence(N, N_BAD, at_least=25).tolist() == [0.0, *weight_of_evidence(N, N_BAD)[1:]]


def test_a_sample_of_one_class_has_neither_weights_nor_information() -> None:
    assert weight_of_evidence([10, 20], [0, 0]).tolist() == [0, 0]
    assert information_value([10, 20], [0, 0], [0, 0]).tolist() == [0, 0]


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=12))
def test_a_riskier_bin_never_weighs_more(counts: list[tuple[int, int]]) -> None:
    goods, bads = np.array(counts).T
    woe = weight_of_evidence(goods + bads, bads)
    order = np.argsort(bads / (goods + bads), kind="stable")
    assert (np.diff(woe[order]) <= 1e-12).all()
    assert (information_value(goods + bads, bads, woe) >= 0).all()


@pytest.mark.parametrize(
    ("value", "band"),
    [(0.0, "useless"), (0.0199, "useless"), (0.02, "weak"), (0.1, "medium"), (0.3, "strong"), (0.5, "very strong")],
)
def test_bands_begin_at_their_lower_bound(value: float, band: str) -> None:
    assert band_of(value) == band
