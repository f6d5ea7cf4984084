"""When a metric of a model in use is fine, worrying or broken, and who hears of it, as one frozen configuration.

Only shapes and the rules a value must obey belong here. The shipped numbers and their reasons stand in
monitoring_thresholds.yaml, the decision drawn from them in monitoring.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from credit_platform.policy.action_policy import (
    AlertPolicy,
    DecisionMode,
    EarlyPerformancePolicy,
    EstimatePolicy,
    Notifications,
    RollbackMatrix,
    RunRulePolicy,
    ServiceThresholds,
)
from credit_platform.policy.policy_section import OpenShare, PolicySection, Share

Priority = Literal["P0", "P1", "P2", "P3"]
OnBreach = Literal["retrain", "active_monitoring"]
_SHARE_OF = {f"{level}_threshold": f"{level}_share_of_oot" for level in ("business", "data_science")}


class _Floors(PolicySection):
    business_share_of_oot: Share | None = None
    data_science_share_of_oot: Share | None = None
    business_threshold: Share | None = None
    data_science_threshold: Share | None = None

    @property
    def is_relative(self) -> bool:
        """Whether a floor is a share of the version's out-of-time result."""
        return self.business_share_of_oot is not None or self.data_science_share_of_oot is not None


class MetricThreshold(_Floors):
    """The two floors of a metric: below the data-science one it is watched, below the business one it has failed.

    P2 and P3 metrics may have no business floor: they inform and never decide. `on_business_breach` may soften what
    follows on a breach of one metric. A floor may be a share of the version's own out-of-time result; it is None until
    that is known.
    """

    priority: Priority
    data_science_threshold: Annotated[Share | None, Field(validate_default=True)] = None
    on_business_breach: OnBreach = "retrain"
    _reached: float | None = PrivateAttr(default=None)

    @field_validator("data_science_share_of_oot", "data_science_threshold")
    @classmethod
    def _warns_before_business_fails(cls, value: float | None, info: ValidationInfo) -> float | None:
        below = str(info.field_name).replace("data_science", "business")
        business = info.data.get(below)
        if value is not None and business is not None and business > value:
            message = f"{value} is below {below} ({business}), so it could never warn in time"
            raise ValueError(message)
        return value

    @field_validator("business_threshold", "data_science_threshold")
    @classmethod
    def _is_given_once(cls, value: float | None, info: ValidationInfo) -> float | None:
        share = _SHARE_OF[str(info.field_name)]
        if value is not None and info.data.get(share) is not None:
            message = f"stands beside {share}; one of them must be null"
            raise ValueError(message)
        if info.field_name == "data_science_threshold" and value is None and info.data.get(share, 0.0) is None:
            message = f"is missing, and so is {share}"
            raise ValueError(message)
        return value

    def at(self, out_of_time: float | None) -> Self:
        """With both floors as numbers, by a version's out-of-time result of the metric.

        Where that is not known, a relative floor is None, and so is any data-science floor: nothing is surely fine.
        """
        if not self.is_relative:
            return self
        shares = (self.business_share_of_oot, self.data_science_share_of_oot)
        given = (self.business_threshold, self.data_science_threshold)
        business, science = (
            floor if share is None else None if out_of_time is None else share * out_of_time
            for floor, share in zip(given, shares, strict=True)
        )
        science = None if out_of_time is None or science is None else max(science, business or 0.0)
        found = self.model_copy(update={"business_threshold": business, "data_science_threshold": science})
        found._reached = out_of_time  # noqa: SLF001 - of its own class
        return found

    def text(self, level: Literal["business", "data_science"]) -> str:
        """A floor as people read it, with what it was derived from; `unknown` where that is not known.

        >>> MetricThreshold(priority="P0", data_science_share_of_oot=0.9).at(0.5).text("data_science")
        '0.4500, 90 % of the out-of-time 0.5000'
        """
        floor, share = getattr(self, f"{level}_threshold"), getattr(self, f"{level}_share_of_oot")
        if floor is None or share is None or floor != share * self._reached:
            return "unknown" if floor is None else f"{floor:g}"
        return f"{floor:.4f}, {share * 100:g} % of the out-of-time {self._reached:.4f}"


class MetricOverride(_Floors):
    """What one model has otherwise in one metric; what is left out stays as it is for every model."""

    on_business_breach: OnBreach | None = None

    def applied_to(self, threshold: MetricThreshold) -> MetricThreshold:
        """The threshold with this override's own values in place; a floor of its own replaces one of the other form."""
        own = {name: getattr(self, name) for name in self.model_fields_set}
        replaced = {
            other: None for pair in _SHARE_OF.items() for name, other in (pair, pair[::-1]) if own.get(name) is not None
        }
        return MetricThreshold.model_validate(threshold.model_dump() | replaced | own)


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
    service: ServiceThresholds
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
    # By model and metric, of the versions that floors are derived for.
    _out_of_time: Mapping[str, Mapping[str, float | None]] = PrivateAttr(default_factory=dict)

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
        """The thresholds of a model, its overrides applied, and floors relative to what `of_version` was told."""
        overrides, known = self.model_overrides.get(model, {}), self._out_of_time.get(model, {})
        return {
            metric: (overrides[metric].applied_to(threshold) if metric in overrides else threshold).at(
                known.get(metric)
            )
            for metric, threshold in self.metrics.items()
        }

    @property
    def is_relative(self) -> bool:
        """Whether a floor of any model is a share of a version's out-of-time result."""
        every = [self.metrics, *self.model_overrides.values()]
        return any(floor.is_relative for each in every for floor in each.values())

    def of_version(self, model: str, out_of_time: Mapping[str, float | None]) -> Self:
        """The same with the floors of a model as they are for one of its versions.

        Args:
            model: The model.
            out_of_time: The version's own out-of-time result by metric.
        """
        found = self.model_copy()
        found._out_of_time = {**self._out_of_time, model: out_of_time}  # noqa: SLF001 - of its own class
        return found

    def retrained_below(self, metric: str, floor: float) -> Self:
        """The same with an absolute business floor of a metric for every model, whatever policy says.

        Raises:
            ValueError: policy has no floors of the metric, or its priority is one that never decides.
        """
        known = self.metrics.get(metric)
        if known is None or known.priority not in {"P0", "P1"}:
            message = f"metrics.{metric} must be there, with priority P0 or P1, for a floor of it to decide anything"
            raise ValueError(message)

        def raised(section: MetricThreshold | MetricOverride) -> dict[str, object]:
            kept = section.model_dump(exclude_unset=True)
            science = kept.get("data_science_threshold")
            for name in ("business_threshold", "business_share_of_oot", "on_business_breach"):
                kept.pop(name, None)
            return kept if science is None else kept | {"data_science_threshold": max(floor, science)}

        threshold = MetricThreshold.model_validate(raised(known) | {"business_threshold": floor})
        overrides = {
            model: {
                name: MetricOverride.model_validate(raised(section)) if name == metric else section
                for name, section in sections.items()
            }
            for model, sections in self.model_overrides.items()
        }
        return self.model_copy(update={"metrics": {**self.metrics, metric: threshold}, "model_overrides": overrides})
