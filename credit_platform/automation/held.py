"""Schedules and sensors that start nothing, while the data folder is to be migrated: they keep their names and say why.

What a switched-on one remembers stays as it is, so that it goes on afterwards from where it was.
"""

import dagster as dg


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
