"""The sensor that carries a built month on: scored, monitored and, when due, trained, one run at a time.

It follows any build, however it was started; only runs that chain themselves, those of a command that walks months, are
left to whoever started them. What is due is told by `next_step`; retraining on an action belongs to `retraining`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dagster as dg

from credit_platform.automation.closing import TURN
from credit_platform.automation.jobs import (
    MONITOR_MONTH,
    RETRIED,
    SCORE_MONTH,
    STARTED_BY,
    TRAIN_MODELS,
    chains_itself,
    run_reason,
)
from credit_platform.automation.next_step import BookState, DueStep
from credit_platform.automation.run_spans import span_request, unfinished_runs
from credit_platform.automation.schedules import sensor_status
from credit_platform.instance.dagster_internals import BulkActionsFilter, BulkActionStatus, UnresolvedAssetJobDefinition
from credit_platform.instance.shared_history import asset_key, is_own_key
from credit_platform.lake.book_file import Automation
from credit_platform.lake.tables.monthly import Lake
from credit_platform.lake.tables.table_versions import file_sha256
from credit_platform.months import month_key
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.texts import description_of

CONTINUE_ON_MONTH_BUILT = "continue_on_month_built"
# Run tag: the step that a run was asked for, by months and content. A further attempt in the UI carries it too.
STEP_TAG = "credit_platform/step"
_MAX_NOTES = 4


@dataclass(frozen=True)
class _Origin:
    """The last run that made one of the tables a step follows on."""

    run_id: str
    made_at: datetime
    run: dg.DagsterRun | None

    @property
    def fault(self) -> str | None:
        """Why nothing follows on it."""
        if self.run is None:
            return None
        if chains_itself(self.run):
            command = self.run.tags.get(STARTED_BY, "a command")
            return (
                f"run {self.run_id[:8]} of {command} carries it on by itself; if that was ended before it had, "
                "credit-platform backfill --missing does the rest"
            )
        how = self.run.status.value
        return None if self.run.is_success else f"run {self.run_id[:8]}, which was the last to build it, ended as {how}"


def continue_on_month_built(
    axis: MonthlyAxis,
    jobs: dict[str, UnresolvedAssetJobDefinition],
    automation: Automation,
    config: ModelConfig,
    lake: Lake,
) -> dg.SensorDefinition:
    """Asks for the next run that a built month lacks."""

    @dg.sensor(
        name=CONTINUE_ON_MONTH_BUILT,
        jobs=[jobs[name] for name in (SCORE_MONTH, MONITOR_MONTH, TRAIN_MODELS)],
        minimum_interval_seconds=15,
        default_status=sensor_status(automation),
        description=description_of(__file__, CONTINUE_ON_MONTH_BUILT, every=config.retraining.every_months),
    )
    def month_is_built(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        found = due_now(context.instance, BookState(lake, axis, config))
        return found.request or dg.SkipReason(found.note)

    return month_is_built


@dataclass(frozen=True)
class Due:
    """The run to ask for now, or why none is; `since` is when what it follows on was made."""

    note: str
    request: dg.RunRequest | None = None
    since: datetime | None = None
    is_waiting: bool = False


def due_now(instance: dg.DagsterInstance, state: BookState) -> Due:
    """The run to ask for now, or why none is; of months that are done nothing is said."""
    portfolio, notes = state.lake.layout.portfolio, list[str]()
    for step in state.steps():
        if isinstance(step, str):
            notes.append(step)
            continue
        waits = _waits_for(instance, portfolio, step)
        if waits is not None:
            return Due(f"{step} waits for {waits}", is_waiting=True)
        origin = _origin_of(instance, portfolio, step.after, step.span[1])
        if origin is None:
            notes.append(f"{step} is not asked for: the history does not say what built the month")
            continue
        if step.retraining and datetime.now(tz=UTC) - origin.made_at < TURN:
            return Due(f"{step} waits for the retraining of {', '.join(step.retraining)}", is_waiting=True)
        tried = _tried(instance, key := _key(state.lake, step, origin))
        fault = origin.fault or (f"run {tried} was asked for it and has not done it" if tried else None)
        if fault is None:
            return Due(str(step), _request(step, origin, key, portfolio), origin.made_at)
        notes.append(f"{step} is not asked for: {fault}")
    return Due("; ".join(notes[-_MAX_NOTES:]) or "nothing is due: what was built is scored, monitored and trained on")


def _request(step: DueStep, origin: _Origin, key: str, portfolio: Portfolio) -> dg.RunRequest:
    started_by = origin.run.tags.get(STARTED_BY, "a person") if origin.run else "a person"
    tags = {**run_reason(started_by, step.why, after_run=origin.run_id), STEP_TAG: key, **RETRIED}
    selection = [asset_key(portfolio, table) for table in step.selection] or None
    return span_request(key, step.span, tags, step.job, selection)


def _key(lake: Lake, step: DueStep, origin: _Origin) -> str:
    """The same months with the same content, made by the same run, give the same key."""
    file = lake.layout.month_file(step.after[-1], step.span[1])
    content = file_sha256(file)[:12] if file.is_file() else "none"
    return f"{step.job}:{month_key(step.span[0])}:{month_key(step.span[1])}:{content}:{origin.run_id[:8]}"


def _tried(instance: dg.DagsterInstance, key: str) -> str | None:
    """The newest run that was asked for a step."""
    runs = instance.get_runs(filters=dg.RunsFilter(tags={STEP_TAG: key, **RETRIED}), limit=1)
    return runs[0].run_id[:8] if runs else None


def _waits_for(instance: dg.DagsterInstance, portfolio: Portfolio, step: DueStep) -> str | None:
    """A run or backfill under way that may do the step itself, or change what it follows on."""
    for backfill in instance.get_backfills(filters=BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED])):
        # One of a job names no assets: it may be anybody's.
        if all(is_own_key(portfolio, key) for key in backfill.asset_selection or ()):
            return f"backfill {backfill.backfill_id}"
    unfinished = unfinished_runs(instance, portfolio)
    return next((f"run {run.run_id[:8]}" for run, span in unfinished if span[0] <= step.span[1]), None)


def _origin_of(
    instance: dg.DagsterInstance, portfolio: Portfolio, tables: Sequence[str], month: date
) -> _Origin | None:
    newest: dg.EventLogRecord | None = None
    for table in tables:
        wanted = dg.AssetRecordsFilter(asset_key=asset_key(portfolio, table), asset_partitions=[month_key(month)])
        for record in instance.fetch_materializations(wanted, limit=1).records:
            newest = record if newest is None or record.storage_id > newest.storage_id else newest
    if newest is None:
        return None
    run = instance.get_run_by_id(newest.run_id)
    return _Origin(newest.run_id, datetime.fromtimestamp(newest.timestamp, tz=UTC), run)
