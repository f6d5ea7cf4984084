"""Append-only logs: one JSON record a line, written whole and synced, by one process at a time.

A crash leaves at most half a last line. Readers leave it out, and the next writer cuts it off. What the records of a
log say belongs to the log's own module, chaining them to `hash_chain`.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from credit_platform.errors import StorageError


def to_line(record: Mapping[str, object]) -> bytes:
    """A record as the one line it is stored as, without its line end."""
    return json.dumps(record, ensure_ascii=False).encode()


def whole_lines(file: Path) -> list[bytes]:
    """The lines of a log that were written to their end; none before the first."""
    return _lines(file.read_bytes()) if file.is_file() else []


def _lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1]


@contextmanager
def locked_for_reading(file: Path) -> Iterator[list[bytes]]:
    """The whole lines of a log, to which nobody writes meanwhile."""
    if not file.is_file():
        yield []
        return
    with file.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        yield _lines(stream.read())


@dataclass(frozen=True)
class LockedLog:
    """A log to which only its holder writes."""

    file: Path
    stream: IO[bytes]

    def lines(self) -> list[bytes]:
        """The whole lines, oldest first."""
        self.stream.seek(0)
        return _lines(self.stream.read())

    def append(self, *lines: bytes) -> None:
        """Write lines behind all others and sync them.

        Raises:
            StorageError: the disk does not take them.
        """
        with _explained(self.file):
            _cut_off_torn_line(self.stream)
            content = memoryview(b"".join(line + b"\n" for line in lines))
            while content:
                content = content[self.stream.write(content) :]
            os.fsync(self.stream.fileno())


@contextmanager
def locked_for_writing(file: Path) -> Iterator[LockedLog]:
    """Hold a log while others that want to write wait; reading what is there and writing on are one step.

    Raises:
        StorageError: the file cannot be opened.
    """
    with _explained(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        # Without a buffer, since closing the file would try once more to write what the disk did not take.
        stream = file.open("ab+", buffering=0)
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield LockedLog(file, stream)


def cut_off_torn_line(file: Path) -> bool:
    """Remove what a crash left of the last line of a log; says whether there was anything."""
    with file.open("rb+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        return _cut_off_torn_line(stream)


def _cut_off_torn_line(stream: IO[bytes]) -> bool:
    descriptor = stream.fileno()
    size = os.fstat(descriptor).st_size
    whole = os.pread(descriptor, size, 0).rfind(b"\n") + 1
    if whole != size:
        os.ftruncate(descriptor, whole)
    return whole != size


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(file=file, reason=os.strerror(error.errno or errno.EIO)) from error
