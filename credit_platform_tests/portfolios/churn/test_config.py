"""When the outcome of a month's customers is known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.months import add_months
from credit_platform.portfolios.churn.config import ChurnLabelPolicy, last_day

months = st.dates(date(2000, 1, 1), date(2040, 1, 1)).map(lambda day: day.replace(day=1))


def test_of_thirty_days_january_alone_is_known_two_months_later() -> None:
    label = ChurnLabelPolicy(window_days=30)
    lags = {n: label.known_in(date(2023, n, 1)) for n in range(1, 13)}
    assert [n for n, known in lags.items() if known == add_months(date(2023, n, 1), 2)] == [1]
    assert (label.least_lag_months, label.lag_months) == (1, 2)
    assert label.cohorts_known_in(date(2023, 2, 1)) == []
    assert label.cohorts_known_in(date(2023, 3, 1)) == [date(2023, 1, 1), date(2023, 2, 1)]


def test_up_to_the_days_of_february_every_month_is_known_in_the_next() -> None:
    label = ChurnLabelPolicy(window_days=28)
    assert (label.least_lag_months, label.lag_months) == (1, 1)


@given(month=months, window=st.integers(1, 180))
def test_a_label_is_known_in_the_first_month_whose_data_reach_the_end_of_the_window(month: date, window: int) -> None:
    label = ChurnLabelPolicy(window_days=window)
    end, known = last_day(month) + timedelta(days=window), label.known_in(month)
    assert last_day(add_months(known, -1)) < end <= last_day(known)
    assert add_months(month, label.least_lag_months) <= known <= add_months(month, label.lag_months)
    assert month in label.cohorts_known_in(known)


@pytest.mark.parametrize("wrong", [{"window_days": 0}, {"window_days": 30, "active_days": 91}, {"window_days": 181}])
def test_windows_that_no_month_holds_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"(less|greater) than or equal"):
        ChurnLabelPolicy.model_validate(wrong)
