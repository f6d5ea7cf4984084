"""Sensors that tell people: of new actions, and of runs that failed.

What is told to whom is written in `alert_delivery`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from credit_platform.assets.models.retrain_claim import RETRAIN_TAG, attempts_in, run_records_at
from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.jobs import chains_itself
from credit_platform.automation.run_problems import problems_of
from credit_platform.automation.run_spans import Span, run_span
from credit_platform.automation.schedules import sensor_status
from credit_platform.instance.shared_history import is_own_run
from credit_platform.lake.book_file import Automation
from credit_platform.monitoring.action.alerts import AlertEvent, Attempts, failure_event, recovery_event
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.texts import description_of

ALERT_ON_ACTION = "alert_on_action"
ALERT_ON_FAILED_RUN = "alert_on_failed_run"
_MAX_PROBLEMS = 5
_RUNS_PER_LOOK = 200
_PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
_MADE = dg.DagsterEventType.ASSET_MATERIALIZATION
_OVERLAP = timedelta(seconds=60)
_BEGINNING = datetime.fromtimestamp(0, tz=UTC)
_MODEL_TAG = "credit_platform/model"
# A run that succeeded, with its months.
_Done = tuple[dg.RunRecord, Span]


def alert_sensors(
    dispatcher: AlertDispatcher, automation: Automation, *, max_attempts: int
) -> list[dg.SensorDefinition]:
    """One sensor for actions, one for runs that failed and those that mend them.

    Of a retraining `max_attempts` are made; the last is told to those who hear of a `retrain`.
    """
    return [_on_action(dispatcher, automation), _on_failed_run(dispatcher, automation, max_attempts)]


def _on_action(dispatcher: AlertDispatcher, automation: Automation) -> dg.SensorDefinition:
    @dg.sensor(
        name=ALERT_ON_ACTION,
        minimum_interval_seconds=60,
        default_status=sensor_status(automation),
        description=description_of(__file__, ALERT_ON_ACTION),
    )
    def actions_are_told(_context: dg.SensorEvaluationContext) -> dg.SkipReason:
        told = dispatcher.catch_up()
        outcomes = [f"{record.event.title}: {dict(record.deliveries)}" for record in told]
        return dg.SkipReason("; ".join(outcomes) or "nothing new to tell")

    return actions_are_told


def _on_failed_run(dispatcher: AlertDispatcher, automation: Automation, max_attempts: int) -> dg.SensorDefinition:
    # Dagster's own sensors of failed runs see those of a code location alone, and none from before their first look.
    @dg.sensor(
        name=ALERT_ON_FAILED_RUN,
        minimum_interval_seconds=15,
        default_status=sensor_status(automation),
        description=description_of(__file__, ALERT_ON_FAILED_RUN),
    )
    def ended_runs_are_told(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        ended = EndedRuns(context.instance, dispatcher, max_attempts)
        told, cursor = ended.look(context.cursor)
        said = "; ".join(event.title for event in told) or "no run has failed or mended another since the last look"
        return dg.SensorResult(skip_reason=said, cursor=cursor)

    return ended_runs_are_told


@dataclass(frozen=True)
class EndedRuns:
    """What people are told of a book's runs that ended, from whatever started them."""

    instance: dg.DagsterInstance
    dispatcher: AlertDispatcher
    max_attempts: int

    @property
    def _portfolio(self) -> Portfolio:
        return self.dispatcher.lake.layout.portfolio

    def look(self, cursor: str | None) -> tuple[list[AlertEvent], str]:
        """Tell of the runs that ended since the last look; gives what was told, and where the next look begins.

        The first look begins with the first run there is. What failed before it and was mended is history.
        """
        now = datetime.now(tz=UTC)
        began, since = map(datetime.fromisoformat, json.loads(cursor)) if cursor else (now, _BEGINNING)
        records = self.instance.get_run_records(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE], updated_after=since),
            limit=_RUNS_PER_LOOK,
            order_by="update_timestamp",
            ascending=True,
        )
        own = [record for record in records if is_own_run(self._portfolio, record.dagster_run)]
        failed = [record.create_timestamp for record in own if not record.dagster_run.is_success]
        # Read once for all failures of a look: a long history has thousands of runs.
        done = _done_since(self.instance, self._portfolio, min(failed)) if failed else []
        told: list[AlertEvent] = []
        for record in own:
            told += self._events(record, began, done)
        # On a busy machine a run may be stored after one that ended later; an event is told once all the same.
        overlap = _OVERLAP if len(records) < _RUNS_PER_LOOK else timedelta()
        seen = max([since, *(record.update_timestamp - overlap for record in records)])
        return told, json.dumps([began.isoformat(), seen.isoformat()])

    def _events(self, record: dg.RunRecord, began: datetime, done: Sequence[_Done]) -> list[AlertEvent]:
        span = run_span(dict(record.dagster_run.tags))
        if span is None:
            return []
        if record.dagster_run.is_success:
            events = [
                end for alert in self.dispatcher.log.open_alerts() if (end := self._end(alert.event, record, span))
            ]
        else:
            events = self._failure(record, span, began, done)
        self.dispatcher.tell(events)
        return events

    def _failure(self, record: dg.RunRecord, span: Span, began: datetime, done: Sequence[_Done]) -> list[AlertEvent]:
        run, model = record.dagster_run, record.dagster_run.tags.get(_MODEL_TAG)
        mended_by = _successor(self.instance, record, span[1], done)
        is_history = record.update_timestamp < began or chains_itself(run)
        if mended_by is not None and is_history:
            return []
        attempt = _attempt_of(self.instance, run, self.max_attempts)
        said = problems_of(self.instance, run.run_id) or [_last_word(self.instance, run.run_id)]
        event = failure_event(run.job_name, span[1], run.run_id, said[:_MAX_PROBLEMS], model=model, attempts=attempt)
        if event.event_id in self.dispatcher.log.records():
            return []
        if mended_by is None:
            return [event]
        return [event, recovery_event(run.job_name, span[1], mended_by, model=model, audience=event.audience)]

    def _end(self, failed: AlertEvent, record: dg.RunRecord, span: Span) -> AlertEvent | None:
        """What closes the alert of a failed run, if this run did its work."""
        (before,) = self.instance.get_run_records(dg.RunsFilter(run_ids=[failed.occasion])) or [None]
        if failed.kind not in {"failed", "escalated"} or before is None or before.storage_id >= record.storage_id:
            return None
        run, model = before.dagster_run, before.dagster_run.tags.get(_MODEL_TAG)
        if not span[0] <= failed.month <= span[1] or not _does_work_of(self.instance, record.dagster_run, run):
            return None
        by = record.dagster_run.run_id
        return recovery_event(run.job_name, failed.month, by, model=model, audience=failed.audience)


def _does_work_of(instance: dg.DagsterInstance, run: dg.DagsterRun, failed: dg.DagsterRun) -> bool:
    """Whether a run made what a failed one did not: as the same job, or by making the very tables it had left."""
    if run.job_name == failed.job_name:
        return run.tags.get(_MODEL_TAG) in {None, failed.tags.get(_MODEL_TAG)}
    planned, before = (_tables(instance, failed.run_id, kind) for kind in (_PLANNED, _MADE))
    return bool(planned - before) and planned - before <= _tables(instance, run.run_id, _MADE)


def _tables(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> set[dg.AssetKey]:
    events = [log.get_dagster_event() for log in instance.all_logs(run_id, of_type=kind)]
    return {event.asset_key for event in events if event.asset_key is not None}


def _last_word(instance: dg.DagsterInstance, run_id: str) -> str:
    words = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    return (words[-1].get_dagster_event().message if words else None) or "the run failed"


def _done_since(instance: dg.DagsterInstance, portfolio: Portfolio, moment: datetime) -> list[_Done]:
    done = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], created_after=moment)
    found = ((record, run_span(dict(record.dagster_run.tags))) for record in instance.get_run_records(done))
    return [(record, span) for record, span in found if span is not None and is_own_run(portfolio, record.dagster_run)]


def _successor(instance: dg.DagsterInstance, failed: dg.RunRecord, month: date, done: Sequence[_Done]) -> str | None:
    """The newest run created after a failed one that has done its work already; None when there is none."""
    for other, span in done:
        is_later = other.storage_id > failed.storage_id and span[0] <= month <= span[1]
        if is_later and _does_work_of(instance, other.dagster_run, failed.dagster_run):
            return other.dagster_run.run_id
    return None


def _attempt_of(instance: dg.DagsterInstance, run: dg.DagsterRun, most: int) -> Attempts | None:
    """Which attempt at a retraining a run was; None for any other run."""
    model = run.tags.get(_MODEL_TAG, "")
    key = run.tags.get(RETRAIN_TAG.format(model=model))
    if key is None:
        return None
    records = run_records_at(instance, model, key)
    own = [n for n, record in enumerate(records, start=1) if record.dagster_run.run_id == run.run_id]
    return Attempts(attempts_in(records[: own[0]]), most) if own else None
