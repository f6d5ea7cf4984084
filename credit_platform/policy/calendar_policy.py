"""Months: when one is closed, windows by date, and which months there are where the data have no calendar.

How long windows are is said in model_config; which case is given which month, by `lake.raw.case_months`.
"""

from datetime import date
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, field_validator, model_validator

from credit_platform.months import add_months, as_month, month_key
from credit_platform.policy.policy_section import MonthCount, PolicySection

Month = Annotated[date, BeforeValidator(as_month)]


class ClosePolicy(PolicySection):
    """When a month is closed, how long its files are waited for, and when a file counts as whole."""

    day: Annotated[int, Field(ge=1, le=28)] = 1
    hour: Annotated[int, Field(ge=0, le=23)] = 0
    time_zone: str = "UTC"
    wait_hours: Annotated[int, Field(ge=1, le=24 * 28)] = 48
    settle_seconds: Annotated[int, Field(ge=0, le=3600)] = 60

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        # What a machine calls `posixrules` or `localtime` is another zone elsewhere.
        if name not in available_timezones():
            message = f"{name!r} is no time zone; write one as Europe/Berlin or UTC"
            raise ValueError(message)
        return name


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


class AssignedCohortPolicy(PolicySection):
    """Cohorts drawn by a seeded hash: `labelled` months from `first` on, then `unlabelled` ones.

    Attributes:
        first: the first month.
        labelled: months over which cases with a label are spread, each label evenly.
        unlabelled: later months, over which cases without one are spread.
        seed: other seeds give other cohorts.
    """

    first: Month
    labelled: MonthCount
    unlabelled: MonthCount
    seed: Annotated[int, Field(ge=0)] = 0
