"""Temporal windows: the documented examples, and what holds for every configuration."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import WindowError
from credit_platform.months import add_months, month_range, parse_month
from credit_platform.policy.calendar_policy import AbsoluteWindow, AbsoluteWindows
from credit_platform.policy.model_config import ModelConfig, WindowLengths
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.windows import (
    Windows,
    first_outcome_month,
    first_scoring_month,
    first_training_month,
    is_training_due,
    windows_for,
)

SHIPPED = LOANS.load_policy().model
START = date(2023, 1, 1)


def months(text: str) -> tuple[date, ...]:
    first, _, last = text.partition("..")
    return tuple(month_range(parse_month(first), parse_month(last or first)))


def windows(text: str) -> Windows:
    train, validation, test, oot = (months(part) for part in text.split(" / "))
    return Windows(train=train, validation=validation, test=test, oot=oot)


def with_lengths(*lengths: int, lag: int = 6, config: ModelConfig = SHIPPED) -> ModelConfig:
    names = ("train", "validation", "test", "oot")
    relative = WindowLengths(**dict(zip(names, lengths, strict=True)))
    return config.model_copy(
        update={
            "windows": config.windows.model_copy(update={"mode": "relative", "relative": relative}),
            "label": config.label.model_copy(update={"mob": lag}),
        }
    )


def with_dates(text: str) -> ModelConfig:
    parts = [months(part) for part in text.split(" / ")]
    names = ("train", "validation", "test", "oot")
    given_windows = AbsoluteWindows(
        **{name: AbsoluteWindow(first=part[0], last=part[-1]) for name, part in zip(names, parts, strict=True)}
    )
    update = {"mode": "absolute", "absolute": given_windows}
    return SHIPPED.model_copy(update={"windows": SHIPPED.windows.model_copy(update=update)})


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-12", "2023-01..2023-12 / 2024-01..2024-03 / 2024-04..2024-05 / 2024-06"),
        ("2025-01", "2023-02..2024-01 / 2024-02..2024-04 / 2024-05..2024-06 / 2024-07"),
        ("2024-06", "2022-07..2023-06 / 2023-07..2023-09 / 2023-10..2023-11 / 2023-12"),
        ("2024-07", "2022-08..2023-07 / 2023-08..2023-10 / 2023-11..2023-12 / 2024-01"),
    ],
)
def test_relative_windows_end_with_the_newest_cohort_that_has_a_label(as_of: str, expected: str) -> None:
    assert windows_for(parse_month(as_of), SHIPPED) == windows(expected)


def test_a_triggered_training_uses_the_short_windows() -> None:
    expected = windows("2023-12..2024-03 / 2024-04 / 2024-05 / 2024-06")
    assert windows_for(date(2024, 12, 1), SHIPPED, triggered=True) == expected


def test_a_triggered_training_is_relative_even_under_absolute_windows() -> None:
    config = with_dates("2023-01..2023-12 / 2024-01..2024-02 / 2024-03..2024-04 / 2024-05")
    expected = windows("2024-03..2024-06 / 2024-07 / 2024-08 / 2024-09")
    assert windows_for(date(2025, 3, 1), config, triggered=True) == expected


@pytest.mark.parametrize("as_of", ["2024-12", "2026-01"])
def test_absolute_windows_stay_the_same_whenever_they_are_used(as_of: str) -> None:
    text = "2023-01..2023-12 / 2024-01..2024-03 / 2024-04..2024-05 / 2024-06"
    assert windows_for(parse_month(as_of), with_dates(text)) == windows(text)


def test_absolute_windows_with_an_immature_cohort_are_refused() -> None:
    config = with_dates("2023-01..2023-12 / 2024-01..2024-03 / 2024-04..2024-05 / 2024-06")
    with pytest.raises(WindowError, match=r"as of 2024-11: .* 2024-06, mature in 2024-12") as caught:
        windows_for(date(2024, 11, 1), config)
    assert caught.value.as_of == date(2024, 11, 1)


def test_a_day_within_a_month_is_refused() -> None:
    with pytest.raises(WindowError, match="not the first of a month"):
        windows_for(date(2024, 12, 2), SHIPPED)


@pytest.mark.parametrize(
    ("config", "training", "scoring", "outcome"),
    [
        (SHIPPED, "2024-12", "2024-04", "2024-10"),
        (with_lengths(12, 2, 2, 1), "2024-11", "2024-03", "2024-09"),
        (with_lengths(4, 1, 1, 1), "2024-01", "2023-05", "2023-11"),
        (with_lengths(1, 1, 1, 1), "2023-10", "2023-02", "2023-08"),
        (with_lengths(1, 1, 1, 1, lag=1), "2023-05", "2023-01", "2023-02"),
        (
            with_dates("2023-01..2023-12 / 2024-01..2024-02 / 2024-03..2024-04 / 2024-05"),
            "2024-11",
            "2024-03",
            "2024-09",
        ),
        (
            with_dates("2023-01..2023-12 / 2024-01..2024-03 / 2024-04..2024-05 / 2024-06"),
            "2024-12",
            "2024-04",
            "2024-10",
        ),
    ],
)
def test_first_months_follow_from_windows_and_lag(
    config: ModelConfig, training: str, scoring: str, outcome: str
) -> None:
    firsts = (
        first_training_month(START, config),
        first_scoring_month(START, config),
        first_outcome_month(START, config),
    )
    assert firsts == (parse_month(training), parse_month(scoring), parse_month(outcome))


@pytest.mark.parametrize(
    ("cohort", "role"),
    [
        ("2022-12", "outside"),
        ("2023-01", "train"),
        ("2023-12", "train"),
        ("2024-01", "validation"),
        ("2024-04", "test"),
        ("2024-06", "oot"),
        ("2024-07", "post"),
        ("2030-01", "post"),
    ],
)
def test_every_cohort_has_a_role(cohort: str, role: str) -> None:
    assert windows_for(date(2024, 12, 1), SHIPPED).role_of(parse_month(cohort)) == role


@pytest.mark.parametrize(
    ("month", "due"),
    [
        ("2024-09", False),
        ("2024-12", True),
        ("2025-01", False),
        ("2025-02", False),
        ("2025-03", True),
        ("2025-12", True),
    ],
)
def test_training_is_due_every_quarter_from_the_first_one_on(month: str, due: bool) -> None:  # noqa: FBT001
    assert is_training_due(parse_month(month), date(2024, 12, 1), SHIPPED) is due


a_month = st.builds(add_months, st.just(date(2000, 1, 1)), st.integers(0, 600))
a_length = st.integers(1, 24)


@given(as_of=a_month, lengths=st.tuples(a_length, a_length, a_length, a_length), lag=st.integers(1, 24))
def test_relative_windows_are_contiguous_disjoint_and_mature(
    as_of: date, lengths: tuple[int, int, int, int], lag: int
) -> None:
    found = windows_for(as_of, with_lengths(*lengths, lag=lag))
    samples = (found.train, found.validation, found.test, found.oot)
    assert tuple(len(sample) for sample in samples) == lengths
    assert list(found.development) == month_range(found.train[0], found.oot[-1])
    assert len(set(found.development)) == sum(lengths)
    assert add_months(found.oot[-1], lag) == as_of


@given(first=a_month, lengths=st.tuples(a_length, a_length, a_length, a_length), lag=st.integers(1, 24))
def test_the_first_training_uses_the_whole_book_and_not_more(
    first: date, lengths: tuple[int, int, int, int], lag: int
) -> None:
    config = with_lengths(*lengths, lag=lag)
    training = first_training_month(first, config)
    assert windows_for(training, config).train[0] == first
    assert first <= first_scoring_month(first, config) <= training
    assert add_months(first_scoring_month(first, config), lag) == first_outcome_month(first, config)


@given(as_of=a_month, lengths=st.tuples(a_length, a_length, a_length, a_length), offset=st.integers(-60, 60))
def test_a_cohort_has_a_sample_role_exactly_when_it_is_in_development(
    as_of: date, lengths: tuple[int, int, int, int], offset: int
) -> None:
    found = windows_for(as_of, with_lengths(*lengths))
    cohort = add_months(as_of, offset)
    in_sample = found.role_of(cohort) in {"train", "validation", "test", "oot"}
    assert in_sample == (cohort in found.development)
