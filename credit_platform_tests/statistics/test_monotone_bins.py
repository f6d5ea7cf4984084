from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.scoring.transformers.binning import BinningPolicy
from credit_platform.statistics.monotone_bins import BinLimits, Direction, count_bins, cut_points

LIMITS = BinLimits(pre_bins=20, min_share=0.05, min_bads=10)


def risky(n: int, seed: int, slope: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    values = random.normal(100, 25, n)
    return values, (random.random(n) < 1 / (1 + np.exp(1 - slope * (values - 100) / 25))).astype(np.int8)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 800),
    slope=st.floats(-2, 2),
    levels=st.sampled_from([1, 2, 5, 1000]),
    pre_bins=st.integers(1, 60),
)
def test_without_an_order_no_bin_is_too_small_and_neighbours_differ(
    *, seed: int, n: int, slope: float, levels: int, pre_bins: int
) -> None:
    values, label = risky(n, seed, slope)
    values = np.rint(values * levels / 100)
    bounds = cut_points(values, label, BinLimits(pre_bins, 0.05, 10), 0)
    assert (np.diff(bounds) > 0).all()
    counts, bads = count_bins(values, label, bounds)
    if len(counts) > 1:
        assert counts.min() >= 0.05 * n
        assert min(bads.min(), (counts - bads).min()) >= 10
        assert (np.diff(bads / counts) != 0).all()


def test_noise_without_an_order_is_hardly_ever_cut() -> None:
    cuts = [len(cut_points(*risky(2000, seed, 0.0), LIMITS, 0)) for seed in range(60)]
    assert np.mean([cut > 0 for cut in cuts]) < 0.35


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 800),
    slope=st.floats(-2, 2),
    levels=st.sampled_from([1, 2, 5, 1000]),
    direction=st.sampled_from([-1, 1, None]),
    pre_bins=st.integers(1, 60),
)
def test_whatever_the_loans_the_bad_rate_only_goes_one_way_and_no_bin_is_too_small(
    *, seed: int, n: int, slope: float, levels: int, direction: Direction | None, pre_bins: int
) -> None:
    values, label = risky(n, seed, slope)
    values = np.rint(values * levels / 100)
    limits = BinLimits(pre_bins, 0.05, 10)
    bounds = cut_points(values, label, limits, direction)
    assert (np.diff(bounds) > 0).all()
    counts, bads = count_bins(values, label, bounds)
    if len(counts) > 1:
        assert counts.min() >= 0.05 * n
        assert min(bads.min(), (counts - bads).min()) >= 10
        steps = np.diff(bads / counts)
        assert (steps > 0).all() if direction == 1 else (steps < 0).all() if direction == -1 else (steps != 0).all()
        assert len(set(np.sign(steps))) == 1


def test_a_signal_against_the_expected_direction_is_not_cut_at_all() -> None:
    values, label = risky(4000, 1, slope=2.0)
    assert len(cut_points(values, label, LIMITS, 1)) >= 5
    assert len(cut_points(values, label, LIMITS, -1)) == 0


@pytest.mark.parametrize("slope", [2.0, -2.0])
def test_without_an_expectation_the_direction_that_tells_more_is_taken(slope: float) -> None:
    values, label = risky(4000, 1, slope)
    expected: Direction = 1 if slope > 0 else -1
    assert cut_points(values, label, LIMITS, None).tolist() == cut_points(values, label, LIMITS, expected).tolist()


def test_pooling_takes_neighbours_out_of_order_together_by_hand() -> None:
    # Bad rates 20 %, 50 %, 40 %, 70 % for the values 1 to 4: the middle two pool to 45 %.
    values = np.repeat([1.0, 2.0, 3.0, 4.0], 100)
    label = np.concatenate([np.arange(100) < bads for bads in (20, 50, 40, 70)]).astype(np.int8)
    assert cut_points(values, label, LIMITS, 1).tolist() == [1.0, 3.0]


def test_a_bin_with_too_few_bads_joins_the_neighbour_of_the_nearer_bad_rate() -> None:
    values = np.repeat([1.0, 2.0, 3.0], 100)
    label = np.concatenate([np.arange(100) < bads for bads in (4, 12, 60)]).astype(np.int8)
    assert cut_points(values, label, LIMITS, 1).tolist() == [2.0]


def test_bounds_are_numbers_a_person_can_type() -> None:
    values, label = risky(4000, 2, slope=1.5)
    assert all(float(f"{bound:.4g}") == bound for bound in cut_points(values, label, LIMITS, 1))


@pytest.mark.parametrize("values", [[], [5.0], [5.0, 5.0, 5.0]])
def test_nothing_to_cut_gives_one_bin(values: list[float]) -> None:
    assert len(cut_points(np.array(values), np.zeros(len(values), dtype=np.int8), LIMITS, None)) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("pre_bins", 0), ("pre_bins", 2.5), ("min_bin_share", 0.6), ("min_bin_share", "5 %"), ("min_bin_bads", True)],
)
def test_a_limit_that_cannot_be_one_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} is"):
        BinningPolicy.from_params({name: value})


def test_params_of_others_are_left_to_them() -> None:
    assert BinningPolicy.from_params({"C": 1.0, "pre_bins": 7}) == BinningPolicy(pre_bins=7)
