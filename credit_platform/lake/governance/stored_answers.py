"""Which requests with an idempotency key were answered, and where in the log of decisions their answers are.

The log is the truth: what a process that died did not write down here is found in its segments. Keys are kept as
hashes. What an answer looks like belongs to `serving`.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from credit_platform.lake.governance.online_decisions import LoggedRequest, LogPlace
from credit_platform.lake.layout import Layout

_TABLE = """
create table if not exists answers (
    owner text, key_sha256 text, body_sha256 text not null, time real not null,
    segment text not null, sequence integer, offset integer, length integer,
    primary key (owner, key_sha256)
) without rowid
"""


@dataclass(frozen=True)
class IdempotentRequest:
    """A request by its owner's key: whoever sends the same key with the same body wants the same answer."""

    owner: str
    key_sha256: str
    body_sha256: str


@dataclass(frozen=True)
class Taken:
    """That a key was used before: with the same body or another, and where its answer is, None while there is none."""

    is_same: bool
    place: LogPlace | None


class StoredAnswers:
    """The keys of one data folder, shared by all processes. One thread at a time."""

    def __init__(self, connection: sqlite3.Connection, *, seconds: float, clock: Callable[[], float]) -> None:
        self._connection, self._seconds, self._clock = connection, seconds, clock

    @classmethod
    def open(cls, layout: Layout, *, seconds: float, clock: Callable[[], float] = time.time) -> Self:
        """The keys of a data folder.

        Args:
            layout: of the data folder.
            seconds: how long an answer is kept by its key.
            clock: seconds since the epoch.
        """
        file = layout.stored_answers()
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, isolation_level=None, timeout=5)
        connection.execute("pragma journal_mode = wal")
        # What a loss of power takes is found again in the log.
        connection.execute("pragma synchronous = off")
        connection.execute(_TABLE)
        return cls(connection, seconds=seconds, clock=clock)

    def recover(self, left: Mapping[str, Iterable[LoggedRequest]]) -> None:
        """Write down the answers in the segments of processes that died, and let go of what they were at.

        Args:
            left: these segments, each with its records.
        """
        for name, records in left.items():
            for logged in records:
                stored = logged.content.get("idempotency")
                if stored is not None:
                    request = IdempotentRequest(logged.content["owner"], stored["key_sha256"], stored["body_sha256"])
                    self._store(request, logged.place)
            self._connection.execute("delete from answers where sequence is null and segment = ?", (name,))

    def claim(self, request: IdempotentRequest, segment: str) -> Taken | None:
        """Take a key before deciding; None where nobody had it."""
        now = self._clock()
        key = (request.owner, request.key_sha256)
        self._connection.execute(
            "delete from answers where owner = ? and key_sha256 = ? and time < ?", (*key, now - self._seconds)
        )
        done = self._connection.execute(
            "insert or ignore into answers (owner, key_sha256, body_sha256, time, segment) values (?, ?, ?, ?, ?)",
            (*key, request.body_sha256, now, segment),
        )
        if done.rowcount:
            return None
        found: tuple[str, str, int | None, int, int] | None = self._connection.execute(
            "select body_sha256, segment, sequence, offset, length from answers where owner = ? and key_sha256 = ?", key
        ).fetchone()
        if found is None:
            # Another process gave it back just now.
            return Taken(is_same=True, place=None)
        body, place, sequence, offset, length = found
        is_same = body == request.body_sha256
        return Taken(is_same, None if sequence is None else LogPlace(place, sequence, offset, length))

    def answered(self, answers: Iterable[tuple[IdempotentRequest, LogPlace]]) -> None:
        """Say where the answers of keys taken are."""
        self._connection.execute("begin immediate")
        for request, place in answers:
            self._store(request, place)
        self._connection.execute("commit")

    def release(self, request: IdempotentRequest) -> None:
        """Give a key back with which nothing was decided."""
        self._connection.execute(
            "delete from answers where owner = ? and key_sha256 = ? and sequence is null",
            (request.owner, request.key_sha256),
        )

    def forget_old(self) -> None:
        """Forget what is kept longer than it has to be."""
        self._connection.execute("delete from answers where time < ?", (self._clock() - self._seconds,))

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _store(self, request: IdempotentRequest, place: LogPlace) -> None:
        self._connection.execute(
            "insert or replace into answers values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                request.owner,
                request.key_sha256,
                request.body_sha256,
                self._clock(),
                place.segment,
                place.sequence,
                place.offset,
                place.length,
            ),
        )
