"""Sensors that tell people: of new actions, and of runs that failed.

What is told to whom is written in `alert_delivery`.
"""

from datetime import date

import dagster as dg

from credit_platform.assets.models.retrain_claim import RETRAIN_TAG, attempts_in, run_records_at
from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.follow_on import run_span
from credit_platform.automation.run_problems import problems_of
from credit_platform.automation.schedules import sensor_status
from credit_platform.monitoring.action.alerts import Attempts, failure_event, failure_key, recovery_event
from credit_platform.settings import Automation
from credit_platform.texts import description_of

ALERT_ON_ACTION = "alert_on_action"
ALERT_ON_FAILED_RUN = "alert_on_failed_run"
ALERT_ON_RECOVERED_RUN = "alert_on_recovered_run"
_MAX_PROBLEMS = 5
_MODEL_TAG = "credit_platform/model"


def alert_sensors(
    dispatcher: AlertDispatcher, automation: Automation, *, max_attempts: int
) -> list[dg.SensorDefinition]:
    """One sensor for actions, one for failed runs, one for runs that mend them.

    Of a retraining `max_attempts` are made; the last is told to those who hear of a `retrain`.
    """
    return [
        _on_action(dispatcher, automation),
        _on_failed_run(dispatcher, automation, max_attempts),
        _on_recovered_run(dispatcher, automation),
    ]


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
    @dg.run_failure_sensor(
        name=ALERT_ON_FAILED_RUN,
        default_status=sensor_status(automation),
        description=description_of(__file__, ALERT_ON_FAILED_RUN),
    )
    def failures_are_told(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        span = run_span(dict(run.tags))
        if span is None:
            return
        model = run.tags.get(_MODEL_TAG)
        said = problems_of(context.instance, run.run_id) or [context.failure_event.message or "the run failed"]
        event = failure_event(
            run.job_name,
            span[1],
            run.run_id,
            said[:_MAX_PROBLEMS],
            model=model,
            attempts=_attempt_of(context.instance, run, max_attempts),
        )
        mended_by = _successor(context.instance, run, span[1])
        if mended_by is None:
            dispatcher.tell([event])
            return
        end = recovery_event(run.job_name, span[1], mended_by, model=model, audience=event.audience)
        dispatcher.tell([event, end])

    return failures_are_told


def _on_recovered_run(dispatcher: AlertDispatcher, automation: Automation) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name=ALERT_ON_RECOVERED_RUN,
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=sensor_status(automation),
        description=description_of(__file__, ALERT_ON_RECOVERED_RUN),
    )
    def recoveries_are_told(context: dg.RunStatusSensorContext) -> None:
        run = context.dagster_run
        span = run_span(dict(run.tags))
        if span is None:
            return
        model = run.tags.get(_MODEL_TAG)
        mended = [model] if model else [None, *dispatcher.models]
        standing = {record.event.key: record.event for record in dispatcher.log.open_alerts()}
        for one in mended:
            failed = standing.get(failure_key(run.job_name, span[1], one))
            if failed is not None:
                told = recovery_event(run.job_name, span[1], run.run_id, model=one, audience=failed.audience)
                dispatcher.tell([told])

    return recoveries_are_told


def _successor(instance: dg.DagsterInstance, failed: dg.DagsterRun, month: date) -> str | None:
    """The run created after a failed one that has done its work already; None when there is none.

    A run that never starts is marked as failed long after it was created. The sensor of recoveries has then seen the
    successor, found no alert to close, and does not look again.
    """
    (record,) = instance.get_run_records(dg.RunsFilter(run_ids=[failed.run_id]))
    done = instance.get_run_records(dg.RunsFilter(job_name=failed.job_name, statuses=[dg.DagsterRunStatus.SUCCESS]))
    for other in done:
        run = other.dagster_run
        span = run_span(dict(run.tags))
        is_for_it = run.tags.get(_MODEL_TAG) in {None, failed.tags.get(_MODEL_TAG)}
        if other.storage_id > record.storage_id and span is not None and span[1] == month and is_for_it:
            return run.run_id
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
