"""Whole files or no files, and logs that only grow: every write of the platform but of databases goes through here.

Whole files are the seam for object storage, where a put is atomic by itself. A log is one JSON record a line, written
whole and synced, by one process at a time; a crash leaves at most half a last line, which readers leave out and the
next writer cuts off. What files and records say does not belong here, nor chaining records, which is `hash_chain`.
"""

import errno
import fcntl
import filecmp
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from credit_platform.errors import StorageError
from credit_platform.lake.storage_faults import explained, storage_error

_PART_SUFFIX = ".part"
# Also what other libraries put beside a part of ours, such as DuckDB's write-ahead log.
HIDDEN_PART = f".*{_PART_SUFFIX}*"
_OWNER_ONLY = 0o600
_IS_PATTERN = re.compile(r"[*?\[\\]")


@contextmanager
def whole_file(path: Path, *, is_private: bool = False) -> Iterator[Path]:
    """Give a temporary name beside `path`; on leaving, sync it and move it into place at once.

    A process killed on the way leaves a `.part` file that nothing reads, never half of `path`. An error on the way
    removes the temporary file and leaves the old `path` as it was. A private file is readable by its owner alone.

    A `path` that already holds the same bytes stays: readers open a file twice, first for its footer, and are disturbed
    by a replacement in between.

    Raises:
        StorageError: the disk is full, or does not let itself be written.
    """
    part = path.parent / f".{path.name}.{uuid.uuid4().hex}{_PART_SUFFIX}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_private:
            part.touch(mode=_OWNER_ONLY)
        yield part
        if _is_same(part, path):
            part.unlink()
            return
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        fault = storage_error(error, file=part)
        if fault is None or isinstance(error, StorageError):
            raise
        # What was being read meanwhile keeps its own name.
        is_ours = fault.file in {part, path} or Path(fault.file) in path.parents
        raise (explained(path, fault.number) if is_ours and fault.number else fault) from error


def _is_same(part: Path, path: Path) -> bool:
    if not path.is_file() or part.stat().st_mode != path.stat().st_mode:
        return False
    return filecmp.cmp(part, path, shallow=False)


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Let processes that rewrite `path` from everything there is do so by turns, reading included.

    Without it a process that read early may write late, and what another one added in between is lost. Whoever comes
    last has seen what all the others stored before their turn.

    Raises:
        StorageError: there is no place for the file that is locked.
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.with_name(f".{path.name}.lock").open("w")
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def keep_file(path: Path, to: Path) -> None:
    """Let the content of a file that is about to be replaced stay reachable under a second name, mode included.

    Raises:
        StorageError: as `whole_file`.
    """
    with _explained(to):
        to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, to)
    except FileExistsError:
        return
    except OSError:
        # Not every file system has hard links.
        with whole_file(to) as part:
            shutil.copy2(path, part)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file as UTF-8."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole binary file."""
    with whole_file(path) as part:
        part.write_bytes(content)


def sweep_parts(folder: Path, *, older_than_seconds: float, now: float) -> int:
    """Remove temporary files and folders that killed processes left below `folder`; returns how many.

    Only parts older than `older_than_seconds` at `now` (epoch seconds) go: a younger one may be being written.
    """
    swept = 0
    # A walk does not mind that other processes move their parts into place meanwhile.
    for where, folders, files in os.walk(folder):
        parts = [Path(where, name) for name in (*folders, *files) if fnmatch(name, HIDDEN_PART)]
        folders[:] = [name for name in folders if not name.startswith(".")]
        for part in parts:
            with suppress(FileNotFoundError):
                if now - part.stat().st_mtime >= older_than_seconds:
                    _remove(part)
                    swept += 1
    return swept


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink()


def plain_path(folder: Path) -> Path:
    """A path to a folder that nobody can read as a pattern: its own, or that of a link to it among temporary files.

    Dagster looks for its configuration by a pattern that the folder's name is part of, and a DuckDB pattern cannot have
    a backslash.

    Raises:
        StorageError: the folder of such links belongs to another account.
    """
    if not _IS_PATTERN.search(str(folder)):
        return folder
    links = Path(tempfile.gettempdir()) / f"credit-platform-{os.getuid()}"
    with _explained(links):
        links.mkdir(mode=0o700, exist_ok=True)
        about = links.lstat()
        if about.st_uid != os.getuid() or not stat.S_ISDIR(about.st_mode):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(links))
        link = links / hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]
        with suppress(FileExistsError):
            link.symlink_to(folder.absolute(), target_is_directory=True)
    return link


def to_line(record: Mapping[str, object]) -> bytes:
    """A record as the one line it is stored as, without its line end."""
    return json.dumps(record, ensure_ascii=False).encode()


def record_of(content: bytes) -> dict[str, object] | None:
    """The record that a line, or a whole file, holds; None where it is no JSON object."""
    try:
        record = json.loads(content)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


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
        raise explained(file, error.errno or errno.EIO) from error
