"""Dagster's own daemon in a hurry: two hundred looks of a sensor fit into minutes. Started as a process of its own.

Only pauses between looks are cut; what a look does is Dagster's. What happens to the daemon stands in the campaign.
"""

from dagster._core.remote_representation.external import RemoteSensor
from dagster._daemon import sensor as sensor_daemon
from dagster._daemon.cli import run_command

_SECONDS = {"retrain_on_action": 0, "alert_on_failed_run": 2}
_own_pause = RemoteSensor.min_interval_seconds.fget


def _pause(sensor: RemoteSensor) -> int:
    seconds = _own_pause(sensor) if _own_pause else 0
    return _SECONDS.get(sensor.name, seconds)


if __name__ == "__main__":
    setattr(sensor_daemon, "MIN_INTERVAL_LOOP_TIME", 0)  # noqa: B010
    setattr(RemoteSensor, "min_interval_seconds", property(_pause))  # noqa: B010
    run_command()
