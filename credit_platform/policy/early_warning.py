"""How far estimates before the outcome are trusted and how early reads are judged, as frozen configuration.

Only shapes and the rules a value must obey belong here. The shipped numbers and their reasons stand in
monitoring_thresholds.yaml.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from credit_platform.policy.model_config import OpenShare, PolicySection
from credit_platform.policy.policy_section import MonthCount


class EstimatePolicy(PolicySection):
    """How far the estimates made before the outcome are trusted.

    `max_backtest_error` is of the mean absolute error over the last `backtest_months` outcome months; the estimate of a
    metric that exceeds it is hidden and raises nothing.
    """

    max_backtest_error: OpenShare
    backtest_months: MonthCount


class EarlyMeasure(PolicySection):
    """A label known before the outcome: at least so many days past due at a month on book."""

    mob: MonthCount
    days_past_due: Annotated[int, Field(ge=1)]


class EarlyPerformancePolicy(PolicySection):
    """Which early labels are read, the history they are held against, and how seldom they may raise a false alarm.

    `false_alarm_rate` is the chance that a month without any drift raises, over all reads of the month together.
    """

    reads: Annotated[Mapping[str, EarlyMeasure], Field(min_length=1)]
    history_cohorts: MonthCount
    min_history_cohorts: MonthCount
    false_alarm_rate: OpenShare

    @field_validator("min_history_cohorts")
    @classmethod
    def _fits_the_history(cls, value: int, info: ValidationInfo) -> int:
        cohorts = info.data.get("history_cohorts")
        if cohorts is not None and value > cohorts:
            message = f"{value} is more than history_cohorts ({cohorts}), so no history would ever do"
            raise ValueError(message)
        return value
