"""Every date of the page on training windows, computed by the code that trains."""

from __future__ import annotations

import re
from datetime import date

import pytest
import yaml

from credit_platform.months import add_months, parse_month
from credit_platform.policy.model_config import ModelConfig, WindowPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.windows import (
    first_outcome_month,
    first_scoring_month,
    first_training_month,
    windows_for,
)
from credit_platform_tests.guide.pages import GUIDE, section

PAGE = (GUIDE / "training-windows.md").read_text(encoding="utf-8")
SHIPPED = LOANS.load_policy().model


def rows_of(title: str) -> list[list[str]]:
    """The cells of the table in a section, without its header."""
    lines = [line for line in section(PAGE, title).splitlines() if line.startswith("| 2")]
    assert lines
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def absolute() -> ModelConfig:
    """The shipped configuration with the windows the page sets."""
    (given,) = re.findall(r"^```yaml windows=absolute\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    values = SHIPPED.windows.model_dump() | yaml.safe_load(given)["windows"]
    return SHIPPED.model_copy(update={"windows": WindowPolicy.model_validate(values)})


def span(cohorts: tuple[date, ...]) -> str:
    return f"{cohorts[0]:%Y-%m}..{cohorts[-1]:%Y-%m}"


@pytest.mark.parametrize(
    ("title", "config", "is_triggered"),
    [
        ("Relative windows", SHIPPED, False),
        ("Absolute windows", absolute(), False),
        ("After a retrain action", SHIPPED, True),
    ],
)
def test_every_row_of_windows_is_what_would_be_trained_on(
    title: str, config: ModelConfig, *, is_triggered: bool
) -> None:
    for as_of, *samples in rows_of(title):
        found = windows_for(parse_month(as_of), config, triggered=is_triggered)
        assert samples == [span(found.train), span(found.validation), span(found.test), span(found.oot)[:7]]


def test_the_first_months_follow_from_the_first_snapshot() -> None:
    for row in rows_of("18 or 24 months"):
        first, *expected = (parse_month(cell) for cell in row)
        training = first_training_month(first, SHIPPED)
        assert expected == [
            first_scoring_month(first, SHIPPED),
            first_outcome_month(first, SHIPPED),
            training,
            add_months(training, 1),
            add_months(training, 1 + SHIPPED.label.lag_months),
        ]


def test_the_lengths_and_the_sum_on_the_page_are_those_of_policy() -> None:
    lengths = SHIPPED.windows.relative
    told = [int(length) for length in re.findall(r"^\| [\w ]+ \| (\d+) \|", PAGE, re.MULTILINE)]
    assert told == [lengths.train, lengths.validation, lengths.test, lengths.oot]
    assert f"**{lengths.total} cohorts**" in PAGE
    assert f"**{SHIPPED.label.lag_months} more months**" in PAGE
    assert add_months(date(2023, 1, 1), lengths.total - 1 + SHIPPED.label.lag_months) == first_training_month(
        date(2023, 1, 1), SHIPPED
    )


def test_looking_back_ends_before_the_training_and_covers_the_samples_named() -> None:
    training = date(2024, 12, 1)
    windows = windows_for(training, SHIPPED)
    assert first_scoring_month(date(2023, 1, 1), SHIPPED) == date(2024, 4, 1)
    roles = [windows.role_of(add_months(date(2024, 4, 1), n)) for n in range(4)]
    assert roles == ["test", "test", "oot", "post"]
