"""The weekly schedule: a model whose newest action is `active_monitoring` is looked at again every week.

Only what is known before the outcome is read again, and of that model alone. Deciding its action belongs to the month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key
from credit_platform.automation.run_reasons import run_reason
from credit_platform.automation.schedules import schedule_status
from credit_platform.instance.dagster_internals import UnresolvedAssetJobDefinition
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key
from credit_platform.settings import Automation

WEEK_CLOSE = "week_close"
# Read again each week: what a corrected delivery, or a payment noted late, may have changed since the month began.
READ_AGAIN = ("stability", "early_reads")


@dataclass(frozen=True)
class Watched:
    """A model to look at again, and its newest scored month."""

    model: str
    month: date
    parts: Sequence[str]

    def request(self, week: str) -> dg.RunRequest:
        """Ask for the run of a week; the same week and model give the same key."""
        return dg.RunRequest(
            run_key=f"{WEEK_CLOSE}:{self.model}:{week}",
            partition_key=month_key(self.month),
            asset_selection=[asset_key(f"monitoring/{self.model}/{part}") for part in self.parts],
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


def week_close(
    lake: Lake, models: Sequence[str], score_month: UnresolvedAssetJobDefinition, automation: Automation
) -> dg.ScheduleDefinition:
    """Every Monday: read stability and early reads of the newest scored month again, for watched models alone."""

    @dg.schedule(
        name=WEEK_CLOSE,
        job=score_month,
        cron_schedule="0 6 * * 1",
        default_status=schedule_status(automation),
        description=(
            "On Mondays at 06:00 UTC reads stability and early reads of the newest scored month again for every model "
            "whose newest action is active_monitoring, once a week and model; their checks warn when something moved. "
            "A tick with no such model says what each model's newest action is, and why. When a tick is red, read its "
            "error and run score_month for the model's two tables by hand."
        ),
    )
    def week_is_over(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        found = {model: watch_of(lake, model) for model in models}
        watched = [watch for watch in found.values() if isinstance(watch, Watched)]
        if not watched:
            told = "; ".join(f"{model}: {why}" for model, why in found.items())
            return dg.SkipReason(f"0 of {len(found)} models are in active_monitoring. {told}")
        year, week, _ = context.scheduled_execution_time.date().isocalendar()
        return [watch.request(f"{year}-W{week:02}") for watch in watched]

    return week_is_over
