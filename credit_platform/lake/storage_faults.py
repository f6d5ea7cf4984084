"""What an error of the operating system or a database library means for the person at the keyboard.

One sentence per kind: the file, what is wrong with it, and what to do. The libraries are told apart by the module of
the error's class, so that none is loaded for it. Where errors are caught belongs to the callers.
"""

import errno
import os
import re
from pathlib import Path

from credit_platform.errors import CreditPlatformError, StorageError

_UNCHANGED = "What was there before is unchanged;"
_ROOM = f"{_UNCHANGED} make room, or name another data folder in CREDIT_DATA_DIR, and run the same again."
_RIGHTS = "Give this account the right to use it (chown, chmod), or name another data folder in CREDIT_DATA_DIR."
_WRITABLE = "Mount it for writing, or name another data folder in CREDIT_DATA_DIR, and run the same again."
_DEVICE = "Look at the disk and the system log; restore the file from a backup if it stays."
_PLACE = "Move away what is in its place, or name another data folder in CREDIT_DATA_DIR."
_HANDLES = "Close programs that hold many files, or raise the limit (ulimit -n), and run the same again."
_SHORTER = "Name a shorter data folder in CREDIT_DATA_DIR."
_FIXES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EROFS: _WRITABLE,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EIO: _DEVICE,
    errno.ENXIO: _DEVICE,
    errno.ENODEV: _DEVICE,
    errno.ESTALE: _DEVICE,
    errno.ENOTDIR: _PLACE,
    errno.EISDIR: _PLACE,
    errno.EEXIST: _PLACE,
    errno.ELOOP: _PLACE,
    errno.EMFILE: _HANDLES,
    errno.ENFILE: _HANDLES,
    errno.ENAMETOOLONG: _SHORTER,
}
_WHO = "Another process uses it: wait until it is done or end it (fuser names it), and run the same again."
# What SQLite and DuckDB say, in their own words.
_DATABASE_FIXES = (
    (re.compile(r"database (?:table )?is locked|could not set lock|conflicting lock", re.IGNORECASE), _WHO),
    (re.compile(r"disk is full|no space left", re.IGNORECASE), _ROOM),
    (re.compile(r"readonly database|read-only", re.IGNORECASE), f"{_RIGHTS} Is it on a disk mounted read-only?"),
    (
        re.compile(r"unable to open|permission denied|cannot open file", re.IGNORECASE),
        f"Is there a folder? {_RIGHTS}",
    ),
    (re.compile(r"disk i/o error", re.IGNORECASE), f"Is the disk full (df, df -i)? {_DEVICE}"),
    (
        re.compile(r"malformed|not a database|corrupt|not a valid duckdb", re.IGNORECASE),
        "Restore it from a backup; `credit-platform doctor` says what else is damaged.",
    ),
)
# Whoever failed for want of inodes has given a few back by the time it is told.
_FEW_INODES = 8
_DATABASES = {"sqlite3", "sqlalchemy", "duckdb", "_duckdb"}
_OS_ERROR = re.compile(r"\(os error (\d+)\)|\[Errno (\d+)\]")
_QUOTED_PATH = re.compile(r"[\"'`]?(/[^\"'`:]+)")


def storage_error(error: BaseException, *, file: Path | None = None) -> StorageError | None:
    """The sentence for an error, or for one that caused it; None where storage has nothing to do with it.

    Args:
        error: what was raised.
        file: what was being used, for errors that do not say it themselves.
    """
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, CreditPlatformError):
        found = _of_system(seen, file) or _of_database(seen, file)
        if found is not None:
            return found
        seen = seen.__cause__ or seen.__context__
    return seen if isinstance(seen, StorageError) else None


def _of_system(error: BaseException, file: Path | None) -> StorageError | None:
    """For errors of the operating system, which Polars writes into its messages."""
    if not isinstance(error, OSError):
        return explained_text(str(error), file=file)
    named = error.filename
    place = Path(os.fsdecode(named)) if isinstance(named, (str, bytes)) else file
    if place is None or error.errno is None or error.errno not in _FIXES:
        return None
    return explained(place, error.errno, done=_done(error.errno))


def explained_text(said: str, *, file: Path | None = None) -> StorageError | None:
    """The sentence for the words of an error that have the number of the operating system in them, and the file."""
    told, path = _OS_ERROR.search(said), _QUOTED_PATH.search(said)
    number, place = int(told[1] or told[2]) if told else 0, Path(path[1].strip()) if path else file
    return explained(place, number, done=_done(number)) if place is not None and number in _FIXES else None


def explained(file: Path, number: int, *, done: str = "written") -> StorageError:
    """The sentence for one file and the number of an operating system error; `done` is what could not be."""
    reason, fix = os.strerror(number), _FIXES.get(number, _DEVICE)
    if number == errno.ENOSPC and not _has_inodes(file):
        reason = "the disk has room but no inode left for another file"
        fix = f"{_UNCHANGED} delete small files there (df -i counts them), or name another folder in CREDIT_DATA_DIR."
    return StorageError(file=file, reason=reason, fix=fix, done=done, number=number)


def _done(number: int) -> str:
    """What could not be done, as far as the error alone says it."""
    return "written" if _FIXES[number] in {_ROOM, _WRITABLE} else "used"


def _has_inodes(file: Path) -> bool:
    place = next((folder for folder in file.absolute().parents if folder.is_dir()), Path("/"))
    try:
        about = os.statvfs(place)
    except OSError:
        return True
    return about.f_files == 0 or about.f_favail > _FEW_INODES


def _of_database(error: BaseException, file: Path | None) -> StorageError | None:
    if type(error).__module__.partition(".")[0] not in _DATABASES:
        return None
    said = str(error).strip()
    fix = next((fix for pattern, fix in _DATABASE_FIXES if pattern.search(said)), None)
    if fix is None:
        return None
    path = None if file is not None or "sqlite" in said else _QUOTED_PATH.search(said)
    place = Path(path[1].strip()) if path else file
    if place is not None and not _has_inodes(place):
        return explained(place, errno.ENOSPC)
    reason = re.sub(r"^\([\w.]+\)\s*", "", said.splitlines()[0])
    return None if place is None else StorageError(file=place, reason=reason, fix=fix, done="used")
