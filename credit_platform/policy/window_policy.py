"""Which cohorts a training reads: the section `windows` of model_config.yaml.

What follows from it for a month belongs to `scoring.training.windows`.
"""

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from credit_platform.months import add_months, as_month, month_key
from credit_platform.policy.policy_section import MonthCount, PolicySection

Month = Annotated[date, BeforeValidator(as_month)]


class WindowLengths(PolicySection):
    """Lengths of the four samples, in origination cohorts (months)."""

    train: MonthCount
    validation: MonthCount
    test: MonthCount
    oot: MonthCount

    @property
    def total(self) -> int:
        """Cohorts the four samples hold together."""
        return self.train + self.validation + self.test + self.oot


class AbsoluteWindow(PolicySection):
    """One sample given by its first and last cohort, both included."""

    first: Month
    last: Month

    @field_validator("first", "last")
    @classmethod
    def _is_a_month(cls, value: date) -> date:
        if value.day != 1:
            message = f"{value} is not the first day of a month"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.last < self.first:
            message = f"last ({month_key(self.last)}) is earlier than first ({month_key(self.first)})"
            raise ValueError(message)
        return self


class AbsoluteWindows(PolicySection):
    """The four samples by date, each beginning in the month after the one before ends."""

    train: AbsoluteWindow
    validation: AbsoluteWindow
    test: AbsoluteWindow
    oot: AbsoluteWindow

    @model_validator(mode="after")
    def _is_contiguous(self) -> Self:
        samples = (("train", self.train), ("validation", self.validation), ("test", self.test), ("oot", self.oot))
        for (earlier, before), (later, after) in pairwise(samples):
            due = add_months(before.last, 1)
            if after.first != due:
                begins = month_key(after.first)
                message = f"{later} begins in {begins}; it must follow {earlier} and begin in {month_key(due)}"
                raise ValueError(message)
        return self


class WindowPolicy(PolicySection):
    """Which cohorts a training reads."""

    mode: Literal["relative", "absolute"]
    relative: WindowLengths
    triggered: WindowLengths
    shared_customers: Literal["measured", "left_out"] = "measured"
    absolute: Annotated[AbsoluteWindows | None, Field(validate_default=True)] = None

    @field_validator("absolute")
    @classmethod
    def _exists_when_chosen(cls, value: AbsoluteWindows | None, info: ValidationInfo) -> AbsoluteWindows | None:
        if value is None and info.data.get("mode") == "absolute":
            message = "windows.mode is absolute, so train, validation, test and oot are needed here"
            raise ValueError(message)
        return value
