from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from credit_platform.statistics.correlation import FloatArray, rank_correlations

cells = st.integers(-4, 4).map(float)
tables = st.integers(2, 30).flatmap(lambda n: arrays(np.float64, (n, 3), elements=cells))
gaps = st.integers(2, 30).flatmap(lambda n: arrays(np.float64, (n, 3), elements=cells | st.just(float("nan"))))


@given(tables)
def test_full_columns_have_the_correlation_of_scipy(values: FloatArray) -> None:
    found = rank_correlations(values)
    for a in range(3):
        for b in range(3):
            if np.ptp(values[:, a]) and np.ptp(values[:, b]):
                assert found[a, b] == pytest.approx(spearmanr(values[:, a], values[:, b]).statistic, abs=1e-9)
            else:
                assert np.isnan(found[a, b])


@given(gaps)
def test_it_is_pearsons_of_the_ranks_over_rows_that_have_both(values: FloatArray) -> None:
    found = rank_correlations(values)
    assert np.array_equal(found, found.T, equal_nan=True)
    both = ~np.isnan(values[:, :2]).any(axis=1)
    ranks = np.column_stack([_ranks(values[:, column])[both] for column in (0, 1)])
    if both.sum() > 1 and all(np.ptp(ranks, axis=0)):
        assert found[0, 1] == pytest.approx(np.corrcoef(ranks, rowvar=False)[0, 1], abs=1e-9)
    else:
        assert np.isnan(found[0, 1])


@given(gaps)
def test_rising_maps_change_nothing(values: FloatArray) -> None:
    assert np.allclose(rank_correlations(np.exp(values)), rank_correlations(values), equal_nan=True)


def test_no_rows_have_no_correlation() -> None:
    assert np.isnan(rank_correlations(np.empty((0, 2)))).all()


def _ranks(column: FloatArray) -> FloatArray:
    known = column[~np.isnan(column)]
    return np.array([(known < value).sum() + ((known == value).sum() + 1) / 2 for value in column])
