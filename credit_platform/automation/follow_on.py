"""Sensors that carry a closed month on: from built to scored, monitored and, when due, trained.

They heed only runs that the month's close started, so that a run by hand or from the command line starts nothing.
Where people promote, nothing is scored until somebody has, and then what waited is scored. Retraining on an action
belongs to `retraining`, promoting to the command line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from credit_platform.automation.jobs import (
    BUILD_MONTH,
    MONITOR_MONTH,
    SCORE_MONTH,
    STARTED_BY,
    TRAIN_MODELS,
    run_reason,
)
from credit_platform.automation.schedules import CLOSED_BY, sensor_status
from credit_platform.instance.dagster_internals import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    UnresolvedAssetJobDefinition,
)
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, parse_month
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.training.windows import is_training_due
from credit_platform.settings import Automation
from credit_platform.texts import description_of

SCORE_ON_FIRST_PROMOTION = "score_on_first_promotion"
# First and last month of a run; the months to ask for, or why none.
Span = tuple[date, date]
Plan = Callable[[date, date], Span | str]
# The models that never had a version in force.
Unpromoted = Callable[[], Sequence[str]]


@dataclass(frozen=True)
class FollowOn:
    """One rule: after `finished` succeeds, ask for `follower` in the months that `plan` names."""

    name: str
    finished: str
    follower: str
    plan: Plan
    description: str


@dataclass(frozen=True)
class MonthPlan:
    """Which months follow when a step of some months has succeeded; a sentence where none does."""

    axis: MonthlyAxis
    config: ModelConfig
    unpromoted: Unpromoted

    def score_after_build(self, first: date, last: date) -> Span | str:
        """Months after the first training; earlier ones have no version yet, nor later ones until a person decides."""
        start = self.axis.first_training
        if last <= start:
            return f"{last:%Y-%m} is scored after the first training, which is due in {start:%Y-%m}"
        waiting = () if self.config.promotion.auto_promote else self.unpromoted()
        if waiting:
            return (
                f"promotion.auto_promote is off and nobody has promoted a version of {', '.join(waiting)} yet: see "
                f"credit-platform models, then credit-platform promote; {last:%Y-%m} is scored after that"
            )
        return first, last

    def train_after_build(self, _: date, last: date) -> Span | str:
        """The month of the first training."""
        start = self.axis.first_training
        return (last, last) if last == start else f"the first training is due in {start:%Y-%m}, not in {last:%Y-%m}"

    def score_after_training(self, _: date, last: date) -> Span | str:
        """The months before the first training, with it."""
        start = self.axis.first_training
        if last != start:
            return f"earlier months were scored after the first training in {start:%Y-%m}"
        if not self.config.promotion.auto_promote:
            return "promotion.auto_promote is off: a person promotes the first versions, then the months are scored"
        return self.axis.first_scoring, last

    def monitor_after_scoring(self, first: date, last: date) -> Span | str:
        """The scored months in which an outcome is read."""
        start = self.axis.first_outcome
        if last < start:
            return f"the first outcome of a scored cohort is read in {start:%Y-%m}, after {last:%Y-%m}"
        return max(first, start), last

    def train_after_scoring(self, _: date, last: date) -> Span | str:
        """A later month in which training is due by the calendar before any outcome can be read."""
        if last >= self.axis.first_outcome:
            return f"{last:%Y-%m} is monitored, and trained after that when training is due"
        return self.train_after_monitoring(last, last)

    def train_after_monitoring(self, _: date, last: date) -> Span | str:
        """A later month in which training is due by the calendar."""
        start = self.axis.first_training
        is_due = last != start and is_training_due(last, start, self.config)
        return (last, last) if is_due else f"no training is due in {last:%Y-%m}"


def follow_on_rules(axis: MonthlyAxis, config: ModelConfig, unpromoted: Unpromoted) -> list[FollowOn]:
    """The rules of a month, in the order in which they come into play."""
    plan, every = MonthPlan(axis, config, unpromoted), config.retraining.every_months
    rules = (
        ("score_on_month_built", BUILD_MONTH, SCORE_MONTH, plan.score_after_build),
        ("train_on_first_window", BUILD_MONTH, TRAIN_MODELS, plan.train_after_build),
        ("score_on_first_training", TRAIN_MODELS, SCORE_MONTH, plan.score_after_training),
        ("monitor_on_month_scored", SCORE_MONTH, MONITOR_MONTH, plan.monitor_after_scoring),
        ("train_before_first_outcome", SCORE_MONTH, TRAIN_MODELS, plan.train_after_scoring),
        ("train_on_quarter_end", MONITOR_MONTH, TRAIN_MODELS, plan.train_after_monitoring),
    )
    return [FollowOn(*rule, description_of(__file__, rule[0], every=every)) for rule in rules]


def run_span(tags: dict[str, str]) -> Span | None:
    """First and last month of a run, from its tags; None when it is of no month."""
    month = tags.get(PARTITION_NAME_TAG)
    first, last = tags.get(ASSET_PARTITION_RANGE_START_TAG, month), tags.get(ASSET_PARTITION_RANGE_END_TAG, month)
    return (parse_month(first), parse_month(last)) if first and last else None


def span_request(run_key: str, span: Span, tags: dict[str, str]) -> dg.RunRequest:
    """Ask for one run over all months of a span."""
    first, last = (month_key(month) for month in span)
    if first == last:
        return dg.RunRequest(run_key=run_key, partition_key=first, tags=tags)
    in_range = {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}
    return dg.RunRequest(run_key=run_key, tags=tags | in_range)


def _sensor(
    rule: FollowOn, jobs: dict[str, UnresolvedAssetJobDefinition], automation: Automation
) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name=rule.name,
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[jobs[rule.finished]],
        request_job=jobs[rule.follower],
        default_status=sensor_status(automation),
        minimum_interval_seconds=15,
        description=description_of(
            __file__, "follow_on", description=rule.description, finished=rule.finished, follower=rule.follower
        ),
    )
    def next_step(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        span = run_span(dict(run.tags))
        if any(run.tags.get(tag) != value for tag, value in CLOSED_BY.items()):
            return dg.SkipReason(f"run {run.run_id} was not started by the month's close")
        if span is None:
            return dg.SkipReason(f"run {run.run_id} is of no month")
        planned = rule.plan(*span)
        if isinstance(planned, str):
            return dg.SkipReason(planned)
        why = f"{rule.name}: {rule.finished} of {span[1]:%Y-%m} succeeded"
        tags = CLOSED_BY | run_reason(CLOSED_BY[STARTED_BY], why, after_run=run.run_id)
        return span_request(f"{rule.name}:{month_key(span[1])}:{run.run_id}", planned, tags)

    return next_step


def follow_on_sensors(
    axis: MonthlyAxis,
    jobs: dict[str, UnresolvedAssetJobDefinition],
    automation: Automation,
    config: ModelConfig,
    unpromoted: Unpromoted,
) -> list[dg.SensorDefinition]:
    """One sensor per rule."""
    return [_sensor(rule, jobs, automation) for rule in follow_on_rules(axis, config, unpromoted)]


@dataclass(frozen=True)
class FirstPromotions:
    """The first version of every model that went into production, by whoever's decision."""

    lake: Lake
    models: Sequence[str]

    def versions(self) -> dict[str, str]:
        """The version by model; a model none of whose versions was ever promoted is left out."""
        promoted = [record for record in PromotionLog(self.lake.layout).records() if record.promoted]
        return {record.model: record.model_version for record in reversed(promoted) if record.model in self.models}

    def unpromoted(self) -> list[str]:
        """The models that never had a version in force."""
        versions = self.versions()
        return [model for model in self.models if model not in versions]


def score_on_first_promotion(
    axis: MonthlyAxis,
    score_month: UnresolvedAssetJobDefinition,
    promotions: FirstPromotions,
    automation: Automation,
    *,
    is_automatic: bool,
) -> dg.SensorDefinition:
    """Score what waited for the first promotion; `is_automatic` where policy promotes and nothing ever waits."""

    @dg.sensor(
        name=SCORE_ON_FIRST_PROMOTION,
        job=score_month,
        minimum_interval_seconds=60,
        default_status=sensor_status(automation),
        description=description_of(__file__, SCORE_ON_FIRST_PROMOTION),
    )
    def somebody_has_promoted(_context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_automatic:
            return dg.SkipReason("promotion.auto_promote is on: no month waits for a person")
        waiting = promotions.unpromoted()
        if waiting:
            return dg.SkipReason(f"nobody has promoted a version of {', '.join(waiting)} yet")
        lake = promotions.lake
        scored = {model: len(lake.months(f"prediction/{model}")) for model in promotions.models}
        if any(scored.values()):
            told = ", ".join(f"{n} months of {model}" for model, n in scored.items())
            return dg.SkipReason(f"{told} are scored already; later ones follow when they are built")
        built = lake.months("gold/feature_store")
        if not built or built[-1] < axis.first_training:
            return dg.SkipReason(f"{axis.first_training:%Y-%m} is not built yet")
        versions = promotions.versions()
        key = ":".join(versions[model] for model in promotions.models)
        return span_request(f"{SCORE_ON_FIRST_PROMOTION}:{key}", (axis.first_scoring, built[-1]), CLOSED_BY)

    return somebody_has_promoted
