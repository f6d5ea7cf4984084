"""The files in a table's folder: which of them are months of it, and whether each contains the month it is named for.

Files are named in `layout`, read in `monthly`; whether one was altered since it was written belongs to
`table_versions`.
"""

import re
import warnings
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import polars as pl

from credit_platform.errors import StorageError, TableError
from credit_platform.lake.layout import MONTH_FILE
from credit_platform.months import parse_month

MONTH_COLUMN = "snapshot_month"
_NAME = re.compile(r"(?!0000)\d{4}-(?:0[1-9]|1[0-2])-01")
_SEEN_FILES = 20_000


class StrayFileWarning(UserWarning):
    """A file lies in a table's folder that is no month of it."""


def month_files(folder: Path) -> dict[date, Path]:
    """The file of every month in the folder of a table, in order; other Parquet files are left out."""
    return {parse_month(file.stem): file for file in sorted(folder.glob(MONTH_FILE)) if is_month(file)}


def stray_files(folder: Path) -> list[Path]:
    """The Parquet files in the folder of a table that are no months of it; those being written are none of them."""
    return [file for file in sorted(folder.glob("[!.]*.parquet")) if not is_month(file)]


def warn_of_strays(table: str, folder: Path) -> None:
    """Say of every file that is no month that it is not read."""
    for file in stray_files(folder):
        said = f"{table}: {file} is no month of the table and is not read; move it elsewhere"
        warnings.warn(said, StrayFileWarning, stacklevel=2)


def is_month(file: Path) -> bool:
    """Whether a file is named as a month of a table."""
    return _NAME.fullmatch(file.stem) is not None


def require_own_month(table: str, months: Sequence[date], files: Sequence[Path]) -> None:
    """Refuse files with rows of another month than the one they are named for.

    Raises:
        TableError: there are some, or one is no whole Parquet file.
        StorageError: this account may not read one.
    """
    wrong = [month for month, file in zip(months, files, strict=True) if not _is_of(table, month, file)]
    if wrong:
        raise TableError(
            table=table,
            months=wrong,
            reason="the file contains rows of another month than it is named for",
            fix="It was copied or altered: restore it from a backup, or delete it and build the month again "
            "(credit-platform backfill).",
        )


def _is_of(table: str, month: date, file: Path) -> bool:
    about = file.stat()
    try:
        return _months_in(file, about.st_ino, about.st_mtime_ns, about.st_size) in {(month, month), (None, None)}
    except pl.exceptions.PolarsError as error:
        raise unreadable(table, month, file, error) from error


@lru_cache(_SEEN_FILES)
def _months_in(file: Path, *_version: int) -> tuple[date | None, date | None]:
    """First and last month of a file in one of its versions; none in an empty file or one without the column."""
    rows = pl.scan_parquet(file, glob=False)
    month = pl.col(MONTH_COLUMN)
    if MONTH_COLUMN not in rows.collect_schema():
        return (None, None)
    first, last, lost = rows.select(a=month.min(), b=month.max(), lost=month.null_count()).collect().row(0)
    return (None, last) if lost else (first, last)


def unreadable(table: str, month: date, file: Path, error: Exception) -> TableError | StorageError:
    """What to raise for a month whose file cannot be read."""
    if "ermission denied" in str(error):
        fix = "Give this account the right to read it: chown, or chmod."
        return StorageError(file=file, reason="Permission denied", fix=fix, done="read")
    return TableError(
        table=table,
        months=[month],
        reason=f"{file} is not a whole Parquet file",
        fix=f"Delete it and build the month again: credit-platform backfill --from {month:%Y-%m} --to {month:%Y-%m}; "
        "or restore it from a backup.",
    )
