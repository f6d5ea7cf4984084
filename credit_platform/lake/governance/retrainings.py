"""Retrainings that were asked for: whose turn it is, which is done, and which runs live; so that each is done once.

A key names the model, the month and the version the action was about. Asking, and what Dagster knows of runs, belongs
to wiring.
"""

import fcntl
import json
import os
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from credit_platform.lake.files import one_at_a_time, write_text
from credit_platform.lake.layout import Layout

# Whoever looks whether a run lives holds its file for a moment.
_TRIES, _PAUSE_SECONDS = 10, 0.02


@dataclass(frozen=True)
class Done:
    """What a retraining came to: the version, and the run that trained it."""

    model_version: str
    run_id: str


@dataclass(frozen=True)
class Retraining:
    """One retraining of one data folder."""

    layout: Layout
    key: str

    def turn(self) -> AbstractContextManager[None]:
        """Wait until no other process is at it, and keep others waiting; a process that dies leaves its turn."""
        return one_at_a_time(self.layout.retraining(self.key))

    def done(self) -> Done | None:
        """What it came to; None while no run has finished it."""
        file = self.layout.retraining(self.key)
        return Done(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def finish(self, done: Done) -> None:
        """Write down what it came to; within one's turn."""
        content = {"model_version": done.model_version, "run_id": done.run_id}
        write_text(self.layout.retraining(self.key), json.dumps(content, indent=1, sort_keys=True) + "\n")


def show_life(layout: Layout, run_id: str) -> None:
    """Let others see that a run's process lives, from now until it ends."""
    file = layout.sign_of_life(run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    # A bare descriptor stays open until the process ends, however it ends, and then the system lets go of the lock.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_PAUSE_SECONDS)
    # Another process of the same run, or this one a second time, shows it already.
    os.close(descriptor)


def is_alive(layout: Layout, run_id: str) -> bool:
    """Whether a process that showed life for a run lives still."""
    file = layout.sign_of_life(run_id)
    if not file.is_file():
        return False
    with file.open(encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
