"""Schedules: what starts by the calendar.

What starts because something happened belongs to `sensors`.
"""

from datetime import date

import dagster as dg

from credit_platform.automation.run_reasons import STARTED_BY, run_reason
from credit_platform.instance.dagster_internals import UnresolvedAssetJobDefinition
from credit_platform.months import month_key
from credit_platform.partitions import MonthlyAxis
from credit_platform.settings import Automation

MONTH_CLOSE = "month_close"
CLOSED_BY = {STARTED_BY: MONTH_CLOSE}


def month_close(
    axis: MonthlyAxis, build_month: UnresolvedAssetJobDefinition, automation: Automation
) -> dg.ScheduleDefinition:
    """On the first of each month at 00:00: build the month that has just begun, from its snapshot of that day."""

    @dg.schedule(
        name=MONTH_CLOSE,
        job=build_month,
        cron_schedule="0 0 1 * *",
        default_status=schedule_status(automation),
        description=(
            "On the 1st at 00:00 UTC builds the snapshot of that day; scoring and monitoring follow by sensor. When "
            "a tick is skipped it says which month the book lacks. When a tick is red, read its error and run "
            "build_month for the month by hand."
        ),
    )
    def month_has_begun(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day = context.scheduled_execution_time.date()
        month = date(day.year, day.month, 1)
        if axis.last is not None and month > axis.last:
            return dg.SkipReason(
                f"the book ends with {axis.last:%Y-%m}; extend last_month in platform.yaml to take in {month:%Y-%m}"
            )
        if month < axis.first_snapshot:
            return dg.SkipReason(f"the book begins with {axis.first_snapshot:%Y-%m}, after {month:%Y-%m}")
        key = month_key(month)
        return dg.RunRequest(
            run_key=f"{MONTH_CLOSE}:{key}", partition_key=key, tags=run_reason(MONTH_CLOSE, f"{month:%Y-%m} has begun")
        )

    return month_has_begun


def sensor_status(automation: Automation) -> dg.DefaultSensorStatus:
    """Whether sensors start by themselves."""
    return dg.DefaultSensorStatus.RUNNING if automation == "running" else dg.DefaultSensorStatus.STOPPED


def schedule_status(automation: Automation) -> dg.DefaultScheduleStatus:
    """Whether schedules start by themselves."""
    return dg.DefaultScheduleStatus.RUNNING if automation == "running" else dg.DefaultScheduleStatus.STOPPED
