"""When a figure is acted on and who hears of it: what must persist, which early signs are trusted, when to roll back.

Only shapes and the rules a value must obey belong here; the floors a metric is held against are in
monitoring_thresholds. The shipped numbers and their reasons are in monitoring_thresholds.yaml.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from credit_platform.policy.policy_section import MonthCount, OpenShare, PolicySection, Share

DecisionMode = Literal["point", "ci_upper", "persistent"]
Deadline = Literal["2 hours", "1 day", "3 days"]
Channel = Literal["email", "slack", "pagerduty"]


class RunRulePolicy(PolicySection):
    """A shortfall counts in the decision mode `persistent` when `months_found` of the last `months_looked_at` show it.

    `is_pooled`: a warning must also hold for all these months taken together, its pooled interval wholly beyond the
    threshold.
    """

    months_found: MonthCount
    months_looked_at: MonthCount
    is_pooled: bool

    @field_validator("months_looked_at")
    @classmethod
    def _leaves_room_for_what_must_be_found(cls, value: int, info: ValidationInfo) -> int:
        found = info.data.get("months_found")
        if found is not None and value < found:
            message = f"{value} is below months_found ({found}), so nothing could ever count"
            raise ValueError(message)
        return value


class RollbackBand(PolicySection):
    """A relative loss of ROC-AUC above which a rollback is advised within a time."""

    degradation_above: OpenShare
    within: Deadline


class RollbackMatrix(PolicySection):
    """When to advise going back to the version before: at once below a ROC-AUC, else by the loss, largest first."""

    immediate_below_roc_auc: Share
    bands: Annotated[tuple[RollbackBand, ...], Field(min_length=1, strict=False)]

    @field_validator("bands")
    @classmethod
    def _falls(cls, value: tuple[RollbackBand, ...]) -> tuple[RollbackBand, ...]:
        losses = [band.degradation_above for band in value]
        if losses != sorted(set(losses), reverse=True):
            message = f"bands must begin at falling losses, and begin at {losses}"
            raise ValueError(message)
        return value


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


class Notification(PolicySection):
    """Who hears of an action, by which channels and how soon."""

    channels: Annotated[tuple[Channel, ...], Field(min_length=1, strict=False)]
    recipients: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    frequency: Literal["monthly", "weekly", "immediate"]


class Notifications(PolicySection):
    """One notification per action, and one for runs that fail."""

    monitor: Notification
    active_monitoring: Notification
    retrain: Notification
    failure: Notification


class AlertPolicy(PolicySection):
    """The quiet period of an open alert: it is told again after so many months without a change."""

    remind_after_months: MonthCount


class ServiceThresholds(PolicySection):
    """How well the service has to answer in a month.

    Attributes:
        max_p99_milliseconds: what 99 % of the requests of a single record take at most.
        max_failed_share: share of the requests that may be answered with 5xx.
        min_requests: below this many requests of an endpoint nothing is judged.
    """

    max_p99_milliseconds: Annotated[float, Field(gt=0)]
    max_failed_share: OpenShare
    min_requests: Annotated[int, Field(ge=1)]
