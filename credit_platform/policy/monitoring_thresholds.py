"""When a metric of a model in use is fine, worrying or broken, and who hears of it, as one frozen configuration.

Only shapes and the rules a value must obey belong here. The shipped numbers and their reasons stand in
monitoring_thresholds.yaml, the decision drawn from them in monitoring.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from credit_platform.policy.action_policy import (
    DecisionMode,
    EarlyPerformancePolicy,
    EstimatePolicy,
    RollbackMatrix,
    RunRulePolicy,
)
from credit_platform.policy.policy_section import MonthCount, OpenShare, PolicySection, Share

Priority = Literal["P0", "P1", "P2", "P3"]
OnBreach = Literal["retrain", "active_monitoring"]
Channel = Literal["email", "slack", "pagerduty"]


class MetricThreshold(PolicySection):
    """The two floors of a metric: below the data-science one it is watched, below the business one it has failed.

    P2 and P3 metrics may have no business floor: they inform and never decide. `on_business_breach` may soften what
    follows on a breach of one metric.
    """

    priority: Priority
    business_threshold: Share | None = None
    data_science_threshold: Share
    on_business_breach: OnBreach = "retrain"

    @field_validator("data_science_threshold")
    @classmethod
    def _warns_before_business_fails(cls, value: float, info: ValidationInfo) -> float:
        business = info.data.get("business_threshold")
        if business is not None and business > value:
            message = f"{value} is below business_threshold ({business}), so it could never warn in time"
            raise ValueError(message)
        return value


class MetricOverride(PolicySection):
    """What one model has otherwise in one metric; what is left out stays as it is for every model."""

    business_threshold: Share | None = None
    data_science_threshold: Share | None = None
    on_business_breach: OnBreach | None = None

    def applied_to(self, threshold: MetricThreshold) -> MetricThreshold:
        """The threshold with this override's own values in place."""
        own = {name: getattr(self, name) for name in self.model_fields_set}
        return MetricThreshold.model_validate(threshold.model_dump() | own)


class StabilityThresholds(PolicySection):
    """Largest relative change of the probabilities' mean and standard deviation against the reference."""

    mean_drift: Annotated[float, Field(gt=0)]
    std_drift: Annotated[float, Field(gt=0)]


class PsiThresholds(PolicySection):
    """Bands of the population and characteristic stability index."""

    warn: Annotated[float, Field(gt=0)]
    alert: Annotated[float, Field(gt=0)]

    @field_validator("alert")
    @classmethod
    def _follows_the_warning(cls, value: float, info: ValidationInfo) -> float:
        warn = info.data.get("warn")
        if warn is not None and value < warn:
            message = f"{value} is below warn ({warn})"
            raise ValueError(message)
        return value


class QualityThresholds(PolicySection):
    """The score of a source's month below which a model that was scored on it is watched."""

    watch_below: OpenShare


class EvidentlyPages(PolicySection):
    """Which months get Evidently's page on their features: the newest of a run, all, or none."""

    pages: Literal["latest", "all", "none"]


class ChartPolicy(PolicySection):
    """Whether a run draws the charts as pictures for its newest month, or none."""

    png: Literal["latest", "none"]


class FairLendingPolicy(PolicySection):
    """Groups by age that are compared, and the lines beyond which a difference is pointed out."""

    age_bands: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, strict=False)]
    min_group: Annotated[int, Field(ge=1)]
    impact_ratio_line: OpenShare
    reference_group: str | None
    score_difference_line: Annotated[float, Field(gt=0)]

    @field_validator("age_bands")
    @classmethod
    def _rises(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            message = f"bands must begin at rising ages, and begin at {list(value)}"
            raise ValueError(message)
        return value

    @property
    def group_names(self) -> list[str]:
        """Names of the bands, youngest first: one below the first age, the last without end."""
        return [
            f"age under {self.age_bands[0]}",
            *(f"age {low}-{high - 1}" for low, high in pairwise(self.age_bands)),
            f"age {self.age_bands[-1]} and over",
        ]

    @model_validator(mode="after")
    def _has_the_reference_group(self) -> Self:
        if self.reference_group is not None and self.reference_group not in self.group_names:
            message = f"reference_group must be one of {', '.join(self.group_names)}, and is {self.reference_group}"
            raise ValueError(message)
        return self


class OverridesPolicy(PolicySection):
    """Where the share of overridden decisions is expected to lie, and how many decisions say anything about it."""

    rate_band: Annotated[tuple[Share, Share], Field(strict=False)]
    min_decisions: Annotated[int, Field(ge=1)]

    @field_validator("rate_band")
    @classmethod
    def _rises(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            message = f"the band must rise, and goes from {value[0]} to {value[1]}"
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


class MonitoringThresholds(PolicySection):
    """The whole of monitoring_thresholds.yaml."""

    metrics: Annotated[Mapping[str, MetricThreshold], Field(min_length=1)]
    max_degradation: OpenShare
    stability: StabilityThresholds
    psi: PsiThresholds
    data_quality: QualityThresholds
    evidently: EvidentlyPages
    charts: ChartPolicy
    fair_lending: FairLendingPolicy
    overrides: OverridesPolicy
    estimate: EstimatePolicy
    early_performance: EarlyPerformancePolicy
    min_bads: Annotated[int, Field(ge=1)]
    confidence: OpenShare
    decision_mode: DecisionMode
    run_rules: RunRulePolicy
    rollback: RollbackMatrix
    model_overrides: Mapping[str, Mapping[str, MetricOverride]]
    notification: Notifications
    alerts: AlertPolicy

    @model_validator(mode="after")
    def _overrides_known_metrics_soundly(self) -> Self:
        for model, overrides in self.model_overrides.items():
            for metric in overrides:
                if metric not in self.metrics:
                    message = f"model_overrides.{model}.{metric}: metrics has no {metric}"
                    raise ValueError(message)
            self.metrics_for(model)
        return self

    def metrics_for(self, model: str) -> dict[str, MetricThreshold]:
        """The thresholds of a model, its overrides applied."""
        overrides = self.model_overrides.get(model, {})
        return {
            metric: overrides[metric].applied_to(threshold) if metric in overrides else threshold
            for metric, threshold in self.metrics.items()
        }
