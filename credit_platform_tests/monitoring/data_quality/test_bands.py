from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.data_quality.bands import (
    bad_rate_band,
    coverage_by_month,
    empty_limit,
    volume_of_median,
)
from credit_platform.monitoring.data_quality.freshness import judge_freshness
from credit_platform.months import add_months

FIRST = date(2023, 1, 1)
SHARES = st.floats(0, 1)


def test_a_bad_rate_has_no_band_without_loans_or_without_earlier_cohorts() -> None:
    assert bad_rate_band(0, [(1, 10)], standard_errors=4) is None
    assert bad_rate_band(10, [], standard_errors=4) is None
    assert bad_rate_band(10, [(0, 0)], standard_errors=4) is None


@given(st.integers(1, 5000), st.lists(st.tuples(st.integers(0, 50), st.integers(50, 500)), min_size=1))
def test_a_band_holds_the_mean_of_the_earlier_cohorts_and_is_a_range_of_rates(
    n_loans: int, earlier: list[tuple[int, int]]
) -> None:
    band = bad_rate_band(n_loans, earlier, standard_errors=4)
    assert band is not None
    assert band.holds(band.mean)
    assert 0 <= band.low <= band.high <= 1


def test_more_loans_make_a_narrower_band() -> None:
    few, many = (bad_rate_band(n, [(30, 100)] * 12, standard_errors=4) for n in (50, 5000))
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(
    ("rows", "earlier", "expected"),
    [(100, [], None), (100, [0, 0, 0], None), (0, [10, 20, 30], 0.0), (30, [10, 20, 1000], 1.5), (7, [7], 1.0)],
)
def test_a_volume_is_told_in_medians_of_the_earlier_months(
    rows: int, earlier: list[int], expected: float | None
) -> None:
    assert volume_of_median(rows, earlier) == expected


@given(SHARES, st.integers(0, 10_000), SHARES)
def test_the_limit_of_empty_cells_is_never_below_what_is_usual_and_tolerated(
    usual: float, n_loans: int, max_excess: float
) -> None:
    assert empty_limit(usual, n_loans, max_excess=max_excess, standard_errors=4) >= usual + max_excess


@given(st.lists(SHARES, min_size=1, max_size=30), st.integers(0, 29))
def test_what_comes_later_does_not_change_whether_a_source_was_dark(shares: list[float], n_known: int) -> None:
    by_month = {add_months(FIRST, number): share for number, share in enumerate(shares)}
    known = dict(list(by_month.items())[: n_known + 1])
    everything = coverage_by_month(by_month, min_of_usual=0.8)
    assert coverage_by_month(known, min_of_usual=0.8) == {month: everything[month] for month in known}


def test_a_source_that_never_came_is_not_dark_and_one_that_fades_slowly_is_followed() -> None:
    never = coverage_by_month({add_months(FIRST, number): 0.0 for number in range(12)}, min_of_usual=0.8)
    assert not any(found.is_dark for found in never.values())
    fading = coverage_by_month({add_months(FIRST, n): 1 - 0.1 * n for n in range(10)}, min_of_usual=0.8)
    assert [found.is_dark for found in fading.values()] == [False, False, False, *[True] * 7]


@pytest.mark.parametrize(
    ("hours", "since_hours", "passed", "said"),
    [
        (5, -1000, True, "built 5.0 hours after its first day, in time"),
        (72, -1000, True, "in time"),
        (72.1, -1000, False, "too late: 72 are allowed"),
        (9000, 1, True, "not judged"),
        (None, -1000, False, "is not built"),
    ],
)
def test_a_month_is_fresh_when_it_was_built_within_the_limit_or_before_anybody_could(
    hours: float | None, since_hours: float, *, passed: bool, said: str
) -> None:
    month = date(1970, 3, 1)
    begin = 59 * 24 * 3600.0
    built = None if hours is None else begin + hours * 3600
    found = judge_freshness(month, built, begin + since_hours * 3600, 72)
    assert found.passed is passed
    assert said in found.description
