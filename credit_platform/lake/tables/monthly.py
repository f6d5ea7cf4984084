"""Monthly tables as Parquet: one file per table and month, written whole, read lazily.

Every file says under which version of its schema class it was written, so that a folder may hold months of two versions
while it is rebuilt; months of another are refused. Raw sources, models and the DuckDB catalog have modules of their
own. What a table means is in `schemas`.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache
from pathlib import Path

import dataframely as dy
import polars as pl

from credit_platform.errors import MissingMonthsError, StorageError, TableError
from credit_platform.lake.files import whole_file
from credit_platform.lake.layout import Layout, month_files, stray_files
from credit_platform.lake.models.stored_version import Versions
from credit_platform.lake.tables.month_parts import MONTH_COLUMN, by_month
from credit_platform.lake.tables.table_versions import TableVersionLog, file_sha256, keep_former
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import Tables, begins_with

_SEEN_FILES = 20_000
# Month, file and version of what this process wrote: it need not be read to know which month it contains.
_WRITTEN_HERE: set[tuple[date, Path, int, int, int]] = set()
SCHEMA_KEY = "credit_platform.schema"


class StrayFileWarning(UserWarning):
    """A file lies in a table's folder that is no month of it."""


@dataclass(frozen=True)
class Lake:
    """The tables of one data folder.

    Attributes:
        layout: the paths.
        policy_sha256: the policy under which tables are written; empty for readers.
        git_commit: the code that writes them; likewise.
    """

    layout: Layout
    policy_sha256: str = ""
    git_commit: str = ""

    @cached_property
    def versions(self) -> Versions:
        """The versions of its models, each read and verified once."""
        return Versions(self.layout)

    @classmethod
    def at(
        cls,
        data_dir: Path | str,
        raw_dir: Path | str | None = None,
        *,
        portfolio: Portfolio,
        policy_sha256: str = "",
        git_commit: str = "",
    ) -> Lake:
        """The lake of a data folder; raw files lie in its `raw` unless said otherwise."""
        root = Path(data_dir)
        layout = Layout.of(root, Path(raw_dir) if raw_dir is not None else root / "raw", portfolio)
        return cls(layout, policy_sha256, git_commit)

    def months(self, table: str) -> list[date]:
        """The months a table has, in order."""
        folder = self.layout.table(table)
        for file in stray_files(folder):
            said = f"{table}: {file} is no month of the table and is not read; move it elsewhere"
            warnings.warn(said, StrayFileWarning, stacklevel=2)
        return list(month_files(folder))

    def has(self, table: str, month: date) -> bool:
        """Whether a table has a month."""
        return self.layout.month_file(table, month).is_file()

    def scan(self, table: str, months: Sequence[date]) -> pl.LazyFrame:
        """Read some months of a table lazily, in the order given.

        Raises:
            MissingMonthsError: one of the months has no file.
            TableError: one of the files was stored by a release with other columns, is not whole, or contains another
                month.
        """
        files = [self.layout.month_file(table, month) for month in months]
        missing = [month for month, file in zip(months, files, strict=True) if not file.is_file()]
        if missing or not files:
            raise MissingMonthsError(table=table, months=missing or list(months))
        require_readable(self.layout.tables, table, months, files)
        return pl.scan_parquet(files, glob=False)

    def scan_known(self, table: str, months: Sequence[date], *, required: Sequence[date]) -> pl.LazyFrame:
        """Read those of `months` that a table has; only `required` ones must be there.

        For histories that look back as far as there is one; that a history has a gap is for a check to say.

        Raises:
            MissingMonthsError: a required month has no file.
        """
        return self.scan(table, [month for month in months if month in required or self.has(table, month)])

    def write(self, table: str, frame: pl.DataFrame, months: Sequence[date]) -> dict[date, int]:
        """Write every month of `months`, each as a whole file, empty where the frame has no row of it.

        Returns:
            Rows per month.

        Raises:
            TableError: the frame holds rows of a month that was not asked for; nothing is written then.
        """
        return self.write_months(table, by_month(table, frame, months))

    def write_months(self, table: str, parts: Iterable[tuple[date, pl.DataFrame]]) -> dict[date, int]:
        """Write months one after the other, each as a whole file.

        A file whose place other bytes take is kept in the archive; the log of editions learns of every month.

        Returns:
            Rows per month.
        """
        is_private = bool(self.layout.tables.personal_columns(table))
        written: dict[date, str] = {}
        rows: dict[date, int] = {}
        try:
            for month, frame in parts:
                with whole_file(self.layout.month_file(table, month), is_private=is_private) as part:
                    frame.write_parquet(
                        part,
                        compression="zstd",
                        statistics=True,
                        metadata=file_metadata(self.layout.tables.schema(table)),
                    )
                    sha256 = file_sha256(part)
                    _WRITTEN_HERE.add((month, self.layout.month_file(table, month), *_version_of(part)))
                    keep_former(self.layout, table, month, sha256)
                written[month], rows[month] = sha256, frame.height
        finally:
            # Also what was written before a month failed.
            TableVersionLog(self.layout).append(
                table, written, policy_sha256=self.policy_sha256, git_commit=self.git_commit
            )
        return rows


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """A small frame as the bytes of a Parquet file, for artifacts that are stored as a set."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


@cache
def schema_fingerprint(schema: type[dy.Schema] | None) -> str | None:
    """A hash of the names and types of a table's columns, in order; None for a table without a schema class."""
    if schema is None:
        return None
    columns = "\n".join(f"{name} {column.dtype}" for name, column in schema.columns().items())
    return hashlib.sha256(columns.encode()).hexdigest()[:16]


def file_metadata(schema: type[dy.Schema] | None) -> dict[str, str]:
    """What is written into every Parquet file of a table."""
    version = schema_fingerprint(schema)
    return {} if version is None else {SCHEMA_KEY: version}


def require_readable(tables: Tables, table: str, months: Sequence[date], files: Sequence[Path]) -> None:
    """Refuse stored months that are not whole, contain another month, or were written under another schema.

    Raises:
        TableError: there are some; says how to build them again.
        StorageError: this account may not read one.
    """
    require_current_schema(tables, table, months, files)
    require_own_month(table, months, files)


def require_current_schema(tables: Tables, table: str, months: Sequence[date], files: Sequence[Path]) -> None:
    """Refuse stored months that were written under another version of their schema.

    Raises:
        TableError: there are some, or one is not whole; says how to build them again.
        StorageError: this account may not read one.
    """
    schema = tables.schema(table)
    current = schema_fingerprint(schema)
    if schema is None or current is None:
        return
    old: list[date] = []
    for month, file in zip(months, files, strict=True):
        try:
            is_current = _is_current(schema, current, file)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise unreadable(table, month, file, error) from error
        old += [] if is_current else [month]
    old.sort()
    if old:
        raise TableError(
            table=table,
            months=old,
            reason="stored by a release with other columns",
            fix=(
                f"Build them again: credit-platform backfill --from {old[0]:%Y-%m} --to {old[-1]:%Y-%m}"
                f" --job {_job(table)}."
            ),
        )


def _is_current(schema: type[dy.Schema], current: str, file: Path) -> bool:
    stored = pl.read_parquet_metadata(file).get(SCHEMA_KEY)
    if stored is not None:
        return stored == current
    # Written before files carried a fingerprint: the columns themselves tell.
    found = pl.scan_parquet(file, glob=False).collect_schema()
    return dict(found) == {name: column.dtype for name, column in schema.columns().items()}


def _job(table: str) -> str:
    return {"snapshot": "build_month", "scoring": "score_month", "outcome": "monitor_month"}[begins_with(table)]


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
    version = _version_of(file)
    if (month, file, *version) in _WRITTEN_HERE:
        return True
    try:
        return _months_in(file, *version) in {(month, month), (None, None)}
    except pl.exceptions.PolarsError as error:
        if _version_of(file) != version:
            # Replaced while it was read.
            return _is_of(table, month, file)
        raise unreadable(table, month, file, error) from error


def _version_of(file: Path) -> tuple[int, int, int]:
    about = file.stat()
    return about.st_ino, about.st_mtime_ns, about.st_size


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
