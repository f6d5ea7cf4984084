"""Dagster's daemon or its command line under a moved clock: `python -m ... daemon -w workspace.yaml`.

What they do is Dagster's. Only two things are changed. Limits of gRPC calls, which are moments of the machine's clock,
are computed from that clock. The daemon looks every second, where it would sleep until the next full minute of a clock
that may be moved meanwhile.
"""

import sys
import time
from types import SimpleNamespace

import grpc._channel
import grpc._common
import grpc._server
import grpc._utilities
from time_machine import escape_hatch

_MACHINE_CLOCK = SimpleNamespace(**vars(time) | {"time": escape_hatch.time.time})
_LOOK_SECONDS = 1


def _keep_grpc_on_the_machine_clock() -> None:
    for module in (grpc._channel, grpc._common, grpc._server, grpc._utilities):
        setattr(module, "time", _MACHINE_CLOCK)  # noqa: B010


def _next_look(start: float) -> float:
    return start + _LOOK_SECONDS


def _look_every_second() -> None:
    from dagster._daemon import sensor
    from dagster._scheduler import scheduler

    setattr(sensor, "MIN_INTERVAL_LOOP_TIME", _LOOK_SECONDS)  # noqa: B010
    setattr(scheduler, "_get_next_scheduler_iteration_time", _next_look)  # noqa: B010


_keep_grpc_on_the_machine_clock()

if __name__ == "__main__":
    if sys.argv[1] == "daemon":
        from dagster._daemon.cli import run_command

        _look_every_second()
        run_command(sys.argv[2:])
    else:
        from dagster._cli import main

        main()
