"""Months: when one is closed, and which there are where the data have no calendar.

Which cohorts a training reads is said in model_config; which case is given which month, by `lake.raw.case_months`.
"""

from datetime import date
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, field_validator

from credit_platform.months import as_month
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
