"""A log that one process keeps open: lines written in groups, each group synced before anything rests on it.

Logs that many processes write to, a record at a time, are in `files`; chaining records is `hash_chain`.
"""

import errno
import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from credit_platform.errors import StorageError
from credit_platform.lake.storage_faults import explained


@dataclass
class OpenLog:
    """A new log and its one writer, who holds it locked until it is closed or the process ends.

    Attributes:
        file: the log.
        size: bytes of its whole lines.
        is_spoiled: whether part of a line is in it that could not be taken back; nothing is written behind it.
    """

    file: Path
    stream: IO[bytes]
    size: int = 0
    is_spoiled: bool = False

    @classmethod
    def begin(cls, file: Path) -> "OpenLog":
        """Make the log and hold it.

        Raises:
            StorageError: it is there already, or the disk does not take it.
        """
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            stream = file.open("xb", buffering=0)
            fcntl.flock(stream, fcntl.LOCK_EX)
            _sync_folder(file.parent)
        except OSError as error:
            raise explained(file, error.errno or errno.EIO) from error
        return cls(file, stream)

    def append(self, content: bytes) -> None:
        """Write whole lines, ends included, behind all others and sync them.

        Raises:
            StorageError: the disk does not take them; nothing of them is in the log then.
        """
        if self.is_spoiled:
            fix = "Restart the service once the disk takes what is written; it begins a new file."
            raise StorageError(file=self.file, reason="an earlier write failed half way", fix=fix)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[self.stream.write(rest) :]
            os.fsync(self.stream.fileno())
        except OSError as error:
            self.is_spoiled = True
            with suppress(OSError):
                os.ftruncate(self.stream.fileno(), self.size)
                self.stream.seek(self.size)
                self.is_spoiled = False
            raise explained(self.file, error.errno or errno.EIO) from error
        self.size += len(content)

    def close(self) -> None:
        """Let go of the log."""
        self.stream.close()


def is_held(file: Path) -> bool:
    """Whether a living process keeps the log open."""
    with file.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _sync_folder(folder: Path) -> None:
    # A new file is in its folder for good only once the folder is synced.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
