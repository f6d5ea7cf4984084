"""Sensors that tell people: of new actions, and of runs that failed.

What is told to whom is written in `alert_delivery`.
"""

import dagster as dg

from credit_platform.automation.alert_delivery import AlertDesk
from credit_platform.automation.follow_on import run_span
from credit_platform.automation.schedules import sensor_status
from credit_platform.monitoring.alerts import failure_event, recovery_event
from credit_platform.settings import Automation

ALERT_ON_ACTION = "alert_on_action"
ALERT_ON_FAILED_RUN = "alert_on_failed_run"
ALERT_ON_RECOVERED_RUN = "alert_on_recovered_run"
_MAX_PROBLEMS = 5


def alert_sensors(desk: AlertDesk, automation: Automation) -> list[dg.SensorDefinition]:
    """One sensor for actions, one for failed runs, one for runs that mend them."""
    return [_on_action(desk, automation), _on_failed_run(desk, automation), _on_recovered_run(desk, automation)]


def _on_action(desk: AlertDesk, automation: Automation) -> dg.SensorDefinition:
    @dg.sensor(
        name=ALERT_ON_ACTION,
        minimum_interval_seconds=60,
        default_status=sensor_status(automation),
        description=(
            "Tells people of actions by the channels policy names, once: one open alert per model and rule, "
            "escalation, reminder, resolution, and a digest per month. Starts no run. Unless CREDIT_ALERT_DRY_RUN is "
            "false it only notes what it would send in alerts/ledger.jsonl; a channel that fails is tried again. "
            "When a tick is red, read its error; nothing is lost, as the next tick tells what was not told yet."
        ),
    )
    def actions_are_told(_context: dg.SensorEvaluationContext) -> dg.SkipReason:
        told = desk.catch_up()
        outcomes = [f"{record.event.title}: {dict(record.deliveries)}" for record in told]
        return dg.SkipReason("; ".join(outcomes) or "nothing new to tell")

    return actions_are_told


def _on_failed_run(desk: AlertDesk, automation: Automation) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name=ALERT_ON_FAILED_RUN,
        default_status=sensor_status(automation),
        description=(
            "Tells people of a run that failed or was stopped by a blocking check, with the month and the reason. When "
            "a tick is red, read its error and look at the failed runs yourself until it is mended."
        ),
    )
    def failures_are_told(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        span = run_span(dict(run.tags))
        if span is None:
            return
        errors = [
            event.step_failure_data.error.message.strip()
            for event in context.get_step_failure_events()
            if event.step_failure_data.error
        ]
        problems = (errors or [context.failure_event.message or "the run failed"])[:_MAX_PROBLEMS]
        desk.tell([failure_event(run.job_name, span[1], run.run_id, problems)])

    return failures_are_told


def _on_recovered_run(desk: AlertDesk, automation: Automation) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name=ALERT_ON_RECOVERED_RUN,
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=sensor_status(automation),
        description=(
            "Closes the alert of a failed run when the same job succeeds for the same month. When a tick is red, read "
            "its error; the alert stays open until a later run of the month succeeds."
        ),
    )
    def recoveries_are_told(context: dg.RunStatusSensorContext) -> None:
        run = context.dagster_run
        span = run_span(dict(run.tags))
        if span is None:
            return
        key = f"{run.job_name} {span[1]:%Y-%m}"
        if any(record.event.key == key for record in desk.ledger.open_alerts()):
            desk.tell([recovery_event(run.job_name, span[1], run.run_id)])

    return recoveries_are_told
