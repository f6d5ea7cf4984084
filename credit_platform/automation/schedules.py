"""Schedules: the close of the month and of the week, and how automation is switched on, off or held.

On Mondays only what is known before the outcome is read again, and of watched models alone, and what the service did
is collected. While the data folder is to
be migrated, schedules and sensors start nothing: they keep their names, what they remember, and say why. What starts
because something happened belongs to `arriving`, `continuing` and `retraining`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl

from credit_platform.automation.closing import DELIVERY_TAG, TURN, Closing, delivery_key
from credit_platform.automation.jobs import RETRIED, run_reason
from credit_platform.automation.run_spans import unfinished_runs
from credit_platform.instance.dagster_internals import UnresolvedAssetJobDefinition
from credit_platform.instance.shared_history import asset_key
from credit_platform.lake.book_file import Automation
from credit_platform.lake.files import one_at_a_time
from credit_platform.lake.raw.arrivals import Asking, keep_arrivals
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import DECISIONS, OF_THE_SERVICE
from credit_platform.texts import description_of

WEEK_CLOSE = "week_close"
# Read again each week: what a corrected delivery, or a payment noted late, may have changed since the month began.
READ_AGAIN = ("stability", "early_reads")
MONTH_CLOSE = "month_close"


def month_close(
    closing: Closing, build_month: UnresolvedAssetJobDefinition, automation: Automation
) -> dg.ScheduleDefinition:
    """At the policy's day and hour: build the month that has begun from its snapshot, if its files have come.

    An open-ended book whose data end in the past has a next month of its own, which is built instead. A month whose
    files have not come is built by the sensor of deliveries when they do.
    """

    @dg.schedule(
        name=MONTH_CLOSE,
        job=build_month,
        cron_schedule=closing.cron,
        execution_timezone=closing.policy.time_zone,
        default_status=schedule_status(automation),
        description=description_of(__file__, MONTH_CLOSE, when=closing.in_words, wait=closing.policy.wait_hours),
    )
    def month_has_begun(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        axis, month = closing.axis, closing.month_at(context.scheduled_execution_time)
        begun = closing.begun(context.scheduled_execution_time)
        if axis.last is not None and month > axis.last:
            return dg.SkipReason(
                f"the book ends with {axis.last:%Y-%m}; extend last_month in platform.yaml to take in {month:%Y-%m}"
            )
        if month < axis.first_snapshot:
            return dg.SkipReason(f"the book begins with {axis.first_snapshot:%Y-%m}, after {month:%Y-%m}")
        key = month_key(month)
        if all(closing.lake.has(f"gold/{table}", month) for table in ("feature_store", "label_store")):
            return dg.SkipReason(f"{month:%Y-%m} is built already")
        unfinished = unfinished_runs(context.instance, closing.lake.layout.portfolio)
        under_way = [run.run_id[:8] for run, span in unfinished if span[0] <= month <= span[1]]
        if under_way:
            return dg.SkipReason(f"{month:%Y-%m} is under way in run {under_way[0]}")
        asking = _ask_for(closing, month)
        if isinstance(asking, str):
            return dg.SkipReason(f"{month:%Y-%m} {asking}")
        why = run_reason(MONTH_CLOSE, f"{month:%Y-%m} has begun")
        # A book of the past closes the same month again at a later close, if it failed.
        again = "" if month == begun else f":{begun:%Y-%m}"
        return dg.RunRequest(
            run_key=f"{MONTH_CLOSE}:{key}{again}",
            partition_key=key,
            tags={**why, DELIVERY_TAG: delivery_key(month, asking), **RETRIED},
        )

    return month_has_begun


def _ask_for(closing: Closing, month: date) -> Asking | str:
    """Note that a month is asked for, so that the sensor of deliveries does not do so at the same time; or why not."""
    now = datetime.now(tz=UTC)
    with one_at_a_time(closing.lake.layout.arrivals()):
        seen = closing.seen(now)
        lacking = closing.lacking_required(seen, month)
        if lacking:
            return (
                f"waits for {', '.join(lacking)}: no file with rows of it lies in {closing.lake.layout.raw_dir}, or it "
                "may still be written to. build_on_delivery looks again and builds the month when they have come; "
                f"after {closing.policy.wait_hours} hours people are told"
            )
        before = seen.last_asking(month)
        if before and before.n and before.content == seen.content(month) and now < before.at + TURN:
            return f"was asked for with these files at {before.at:%Y-%m-%d %H:%M %Z}"
        asked = seen.asking(month, before.n + 1 if before else 1, now)
        keep_arrivals(closing.lake.layout, asked)
    return asked.asked[month_key(month)]


def sensor_status(automation: Automation) -> dg.DefaultSensorStatus:
    """Whether sensors start by themselves."""
    return dg.DefaultSensorStatus.RUNNING if automation == "running" else dg.DefaultSensorStatus.STOPPED


def schedule_status(automation: Automation) -> dg.DefaultScheduleStatus:
    """Whether schedules start by themselves."""
    return dg.DefaultScheduleStatus.RUNNING if automation == "running" else dg.DefaultScheduleStatus.STOPPED


@dataclass(frozen=True)
class Watched:
    """A model to look at again, and its newest scored month."""

    model: str
    month: date
    parts: Sequence[str]

    def request(self, week: str, portfolio: Portfolio) -> dg.RunRequest:
        """Ask for the run of a week; the same week and model give the same key."""
        return dg.RunRequest(
            run_key=f"{WEEK_CLOSE}:{self.model}:{week}",
            partition_key=month_key(self.month),
            asset_selection=[asset_key(portfolio, f"monitoring/{self.model}/{part}") for part in self.parts],
            tags={
                **run_reason(WEEK_CLOSE, f"{self.model} is in active_monitoring in week {week}"),
                "credit_platform/model": self.model,
                "credit_platform/week": week,
            },
        )


def watch_of(lake: Lake, model: str) -> Watched | str:
    """Whether a model is to be watched, from its newest stored action; a sentence where it is not."""
    decided, scored = lake.months(f"monitoring/{model}/action"), lake.months(f"prediction/{model}")
    if not decided or not scored:
        return f"{len(decided)} actions and {len(scored)} scored months are stored"
    newest = lake.scan(f"monitoring/{model}/action", [decided[-1]])
    first_reason = pl.col("reasons").str.split("\n").list.first()
    action, is_actionable, reason = newest.select("action", "actionable", first_reason).collect().row(0)
    if action == "active_monitoring" and is_actionable:
        return Watched(model, scored[-1], lake.layout.tables.parts(READ_AGAIN))
    return f"{action} in {decided[-1]:%Y-%m}{'' if is_actionable else ' on a backtest'}, {reason}"


def collected(lake: Lake, week: str) -> list[dg.RunRequest]:
    """Ask for the tables of the service for the two newest scored months; for none of a book that never served.

    The month that is scored first has nearly all of its decisions still before it.
    """
    if not (lake.layout.online_decisions().is_dir() or lake.layout.service_minutes().is_dir()):
        return []
    return [
        dg.RunRequest(
            run_key=f"{WEEK_CLOSE}:service:{month:%Y-%m}:{week}",
            partition_key=month_key(month),
            asset_selection=[asset_key(lake.layout.portfolio, table) for table in sorted(OF_THE_SERVICE)],
            tags={**run_reason(WEEK_CLOSE, f"the service is in use in week {week}"), "credit_platform/week": week},
        )
        for month in lake.months(DECISIONS)[-2:]
    ]


def week_close(
    lake: Lake, models: Sequence[str], score_month: UnresolvedAssetJobDefinition, automation: Automation
) -> dg.ScheduleDefinition:
    """Every Monday: read stability and early reads of the newest scored month again, for watched models alone.

    And collect what the service decided, where there is one.
    """

    @dg.schedule(
        name=WEEK_CLOSE,
        job=score_month,
        cron_schedule="0 6 * * 1",
        default_status=schedule_status(automation),
        description=description_of(__file__, WEEK_CLOSE),
    )
    def week_is_over(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        found = {model: watch_of(lake, model) for model in models}
        watched = [watch for watch in found.values() if isinstance(watch, Watched)]
        year, number, _ = context.scheduled_execution_time.date().isocalendar()
        week = f"{year}-W{number:02}"
        requests = [watch.request(week, lake.layout.portfolio) for watch in watched] + collected(lake, week)
        if not requests:
            told = "; ".join(f"{model}: {why}" for model, why in found.items())
            return dg.SkipReason(f"0 of {len(found)} models are in active_monitoring. {told}")
        return requests

    return week_is_over


def held_sensor(sensor: dg.SensorDefinition, reason: str) -> dg.SensorDefinition:
    """A sensor in the place of another."""

    def nothing(_context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(reason)

    return dg.SensorDefinition(
        name=sensor.name,
        evaluation_fn=nothing,
        minimum_interval_seconds=sensor.minimum_interval_seconds,
        default_status=sensor.default_status,
        description=sensor.description,
    )


def held_schedule(schedule: dg.ScheduleDefinition, reason: str) -> dg.ScheduleDefinition:
    """A schedule in the place of another."""

    def nothing(_context: dg.ScheduleEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(reason)

    return dg.ScheduleDefinition(
        name=schedule.name,
        job_name=schedule.job_name,
        cron_schedule=schedule.cron_schedule,
        execution_fn=nothing,
        default_status=schedule.default_status,
        description=schedule.description,
    )
