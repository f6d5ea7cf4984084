"""Retrainings that were asked for: who is at one, and which is done; so that each is carried out once.

A key names the model, the month and the version the action was about. Asking, and what Dagster knows of runs, belongs
to wiring.
"""

from __future__ import annotations

import fcntl
import json
from contextlib import AbstractContextManager
from dataclasses import dataclass

from credit_platform.lake.files import lock_of, one_at_a_time, write_text
from credit_platform.lake.layout import Layout


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

    def is_under_way(self) -> bool:
        """Whether a living process is at it."""
        lock = lock_of(self.layout.retraining(self.key))
        if not lock.is_file():
            return False
        with lock.open("r") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def done(self) -> Done | None:
        """What it came to; None while no run has finished it."""
        file = self.layout.retraining(self.key)
        return Done(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def finish(self, done: Done) -> None:
        """Write down what it came to; within one's turn."""
        content = {"model_version": done.model_version, "run_id": done.run_id}
        write_text(self.layout.retraining(self.key), json.dumps(content, indent=1, sort_keys=True) + "\n")
