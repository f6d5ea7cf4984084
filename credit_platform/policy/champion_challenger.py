"""How the models are held against each other: who is the champion, and how much must be seen before it is replaced.

What is gained by a change is judged by `promotion` in the model configuration, as for versions; measuring belongs to
`scoring.champion_challenger.comparison`.
"""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from credit_platform.months import as_month, month_key
from credit_platform.policy.policy_section import MonthCount, OpenShare, PolicySection


class SlopeBand(PolicySection):
    """Slopes of the calibration line that still count as honest probabilities."""

    low: Annotated[float, Field(gt=0)]
    high: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _holds_the_honest_slope(self) -> Self:
        if not self.low <= 1 <= self.high:
            message = f"a slope of 1 is honest and must lie between low ({self.low:g}) and high ({self.high:g})"
            raise ValueError(message)
        return self


class ChampionChallengerPolicy(PolicySection):
    """The champion among the models, and what its challengers must show.

    `champion` is one name, by key or alias, or names by the first month in which each model is champion, rising.
    """

    champion: Annotated[str, Field(min_length=1)] | Annotated[Mapping[date, str], Field(min_length=1)]
    approval_rate: OpenShare | None
    months: MonthCount
    min_cohorts: MonthCount
    min_bads: Annotated[int, Field(ge=1)]
    calibration_slope: SlopeBand

    @field_validator("champion", mode="before")
    @classmethod
    def _is_a_name_or_has_rising_months(cls, value: object) -> object:
        if isinstance(value, str) and value:
            return value
        if not isinstance(value, Mapping) or not value:
            message = f"is {value!r}; write a model, or models by the first month of each: {{2023-01: model_1}}"
            raise ValueError(message)
        named = {_first_of_a_month(month): model for month, model in value.items()}
        unnamed = [month for month, model in named.items() if not isinstance(model, str) or not model]
        if unnamed:
            message = f"names no model from {month_key(unnamed[0])} on, but {named[unnamed[0]]!r}"
            raise ValueError(message)
        for earlier, later in pairwise(named):
            if later <= earlier:
                message = f"months must rise, and {later:%Y-%m} comes after {earlier:%Y-%m}"
                raise ValueError(message)
        if len(named) < len(value):
            message = "names a month twice"
            raise ValueError(message)
        return named

    @property
    def named(self) -> tuple[str, ...]:
        """The names of all champions as policy writes them, the first one first."""
        return (self.champion,) if isinstance(self.champion, str) else tuple(self.champion.values())

    def named_in(self, month: date) -> str | None:
        """The name of a month's champion as policy writes it; None before the first month that has one."""
        if isinstance(self.champion, str):
            return self.champion
        begun = [first for first in self.champion if first <= month]
        return self.champion[begun[-1]] if begun else None


def _first_of_a_month(value: object) -> date:
    message = f"{value!r} is not a month; write YYYY-MM or YYYY-MM-01"
    try:
        month = as_month(value)
    except ValueError:
        raise ValueError(message) from None
    if not isinstance(month, date) or month.day != 1:
        raise ValueError(message)
    return month
