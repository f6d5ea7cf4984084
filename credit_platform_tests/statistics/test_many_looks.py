from __future__ import annotations

import numpy as np
import pytest

from credit_platform.statistics.calibration import effective_counts, jeffreys_p_value
from credit_platform.statistics.many_looks import best_of_groups_p_value, boundary_of_looks, shares_z


@pytest.mark.parametrize(("looks", "boundary"), [(1, 1.960), (2, 2.178), (5, 2.413), (10, 2.555)])
def test_boundaries_are_those_of_pococks_table(looks: int, boundary: float) -> None:
    assert boundary_of_looks(looks, 0.05) == pytest.approx(boundary, abs=0.0005)


def test_two_groups_are_an_ordinary_test_and_more_need_more() -> None:
    assert best_of_groups_p_value(1.959964, 2) == pytest.approx(0.05, abs=1e-6)
    p_values = [best_of_groups_p_value(2.5, n) for n in (1, 2, 3, 6)]
    assert p_values[0] == 1.0
    assert p_values[1:] == sorted(p_values[1:])


def test_shares_that_cannot_differ_do_not() -> None:
    assert shares_z(10, 10, 5, 5) == 0.0
    assert shares_z(0, 10, 0, 5) == 0.0
    assert shares_z(8, 10, 2, 10) == -shares_z(2, 10, 8, 10) > 2


def test_equal_probabilities_count_as_they_are_and_unequal_ones_as_more_loans() -> None:
    label = np.array([1, 0, 0, 0], dtype=np.int8)
    assert effective_counts(label, np.full(4, 0.25)) == pytest.approx((1.0, 4.0))
    counts = effective_counts(label, np.array([0.7, 0.1, 0.1, 0.1]))
    assert counts is not None
    assert counts.n == pytest.approx(0.25 * 0.75 * 16 / (0.21 + 3 * 0.09))
    assert jeffreys_p_value(*counts, 0.25) == pytest.approx(jeffreys_p_value(counts.n / 4, counts.n, 0.25))
    for probability in (np.array([1.0, 0.0, 0.0, 0.0]), np.array([])):
        assert effective_counts(label[: len(probability)], probability) is None
