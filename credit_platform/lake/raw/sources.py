"""The raw sources: which files they are, and their rows as text with the month, file and line they came from.

How one file is read stands in `readers`, how its rows are dated in `dating`, what is remembered in `delivery_log`.
Cleaning does not belong here: a cell leaves this module as the file wrote it.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.column_map import CONTRACT, ColumnMap
from credit_platform.lake.raw.dating import DatedByColumn, Dating, month_in_name
from credit_platform.lake.raw.delivery_log import (
    file_rows,
    known_rows,
    read_known_files,
    reading_sha256,
    write_known_files,
)
from credit_platform.lake.raw.readers import FORMATS, RawTable, file_content, format_of, read_table
from credit_platform.months import is_of_a_book
from credit_platform.schemas.source_cells import SourceCells


@dataclass(frozen=True)
class RawSource:
    """One raw source: its name, columns and cells, whether a month may be empty, and how its files are read.

    Attributes:
        optional: columns that a file may lack.
        own_stems: what the names of its files begin with; empty for the source's name.
        foreign_stems: longer beginnings, by which a file is another source's.
        dating: how its rows get their months.
    """

    name: str
    columns: tuple[str, ...]
    cells: SourceCells
    required: bool
    read_by: ColumnMap = field(default=CONTRACT, compare=False)
    optional: tuple[str, ...] = ()
    own_stems: tuple[str, ...] = ()
    foreign_stems: tuple[str, ...] = ()
    dating: Dating = field(default_factory=DatedByColumn, compare=False)

    @property
    def stems(self) -> tuple[str, ...]:
        """What the names of its files begin with."""
        if self.read_by.files is not None:
            return (re.split(r"[*?\[]", self.read_by.files)[0],)
        return self.own_stems or (self.name,)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of its files' names."""
        return (self.read_by.files,) if self.read_by.files is not None else tuple(f"{stem}*" for stem in self.stems)

    def month_in_name(self, file: Path) -> date | None:
        """The month one of its files is named for; None for other names."""
        return next(filter(None, (month_in_name(stem, file) for stem in self.stems)), None)

    def owns(self, file: Path) -> bool:
        """Whether a file that fits a pattern is this source's, and of a form that is read."""
        if self.read_by.files is None and (format_of(file) is None or file.name.startswith(self.foreign_stems)):
            return False
        return not file.name.startswith(".")

    def fingerprint(self, layout: Layout) -> str:
        """What else than its bytes decides how a file is read; empty for the contract's own form and dates."""
        return self.read_by.fingerprint + self.dating.fingerprint(layout)


@dataclass
class Delivery:
    """What the files of a source hold.

    Attributes:
        rows: the rows of the wanted months: the source's columns as text, `snapshot_month`, `source_file`,
            `source_line`.
        ledger: one row per file and month of all files that can be read.
        unreadable: for files named for one month, that month and why the file cannot be read.
        ignored: name of a file to the number of its columns that the map of the source leaves out.
    """

    rows: pl.DataFrame
    ledger: pl.DataFrame
    unreadable: dict[date, SourceError] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)

    def rows_by_month(self) -> dict[date, int]:
        """Rows of every month in all files together."""
        return dict(self.ledger.group_by("snapshot_month").agg(pl.col("month_rows").sum()).iter_rows())


def source_files(layout: Layout, source: RawSource) -> list[Path]:
    """The files of a source, by name; of a pattern in policy all files, whatever their ending.

    Raises:
        SourceError: there is none.
    """
    found = sorted({file for pattern in source.patterns for file in layout.raw_dir.glob(pattern) if source.owns(file)})
    if not found:
        usual = (f"{pattern}{ending}" for pattern in source.patterns for ending in FORMATS)
        raise SourceError(
            source=source.name,
            culprit=str(layout.raw_dir),
            reason=f"no file {source.read_by.files or ' or '.join(usual)}",
            fix="Put the file there, or name the right folder in CREDIT_RAW_DIR; `credit-platform demo` makes a book.",
        )
    return found


def dated_rows(layout: Layout, source: RawSource, file: Path, content: bytes) -> RawTable:
    """The rows of one file under the contract's columns, each with its month, whatever the lender calls the columns.

    Raises:
        SourceError: the file cannot be read for sure, or a row has no snapshot date.
    """
    with layout.tables.disclosing(f"bronze/{source.name}"):
        table = read_table(source.name, source.columns, file, content, source.read_by, optional=source.optional)
        rows = source.dating.attach(layout, source.name, file, table.rows, source.read_by)
        return RawTable(rows, table.n_ignored)


def read_delivery(layout: Layout, source: RawSource, months: Collection[date]) -> Delivery:
    """Read all rows of some months and write the source's ledger.

    A file whose bytes are in the ledger and hold no wanted month is not read again. A file named for one month that
    cannot be read spoils that month alone.

    Raises:
        SourceError: there is no file, or one that may hold any month cannot be read for sure.
    """
    before = read_known_files(layout, source.name)
    wanted, ledger = [_no_rows(source)], [_no_files()]
    unreadable: dict[date, SourceError] = {}
    ignored: dict[str, int] = {}
    for file in _delivered_files(layout, source):
        try:
            content = file_content(source.name, file)
            sha256 = reading_sha256(content, source.fingerprint(layout))
            known = known_rows(before, file, sha256)
            if known is not None and not set(known["snapshot_month"]) & set(months):
                ledger.append(known)
                continue
            table = dated_rows(layout, source, file, content)
            frame, ignored[file.name] = table.rows, table.n_ignored
        except SourceError as error:
            month = source.month_in_name(file)
            if month is None:
                raise
            unreadable[month] = error
            continue
        ledger.append(file_rows(file, sha256, frame))
        wanted.append(frame.filter(pl.col("snapshot_month").is_in(list(months))))
    delivery = Delivery(pl.concat(wanted), pl.concat(ledger), unreadable, ignored)
    write_known_files(layout, source.name, ledger)
    return delivery


def _delivered_files(layout: Layout, source: RawSource) -> list[Path]:
    """The files of a source; none of a source that policy lets leave months out, where nothing was ever delivered."""
    try:
        return source_files(layout, source)
    except SourceError:
        if source.required or not layout.raw_dir.is_dir():
            raise
        return []


def _no_rows(source: RawSource) -> pl.DataFrame:
    texts = dict.fromkeys((*source.columns,), pl.String())
    return pl.DataFrame(
        schema={**texts, "snapshot_month": pl.Date(), "source_file": pl.String(), "source_line": pl.Int64()}
    )


def _no_files() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "path": pl.String(),
            "sha256": pl.String(),
            "rows": pl.Int64(),
            "snapshot_month": pl.Date(),
            "month_rows": pl.Int64(),
        }
    )


def read_source(layout: Layout, source: RawSource, months: Sequence[date]) -> pl.DataFrame:
    """Read all rows of some months, and write the source's ledger.

    Returns:
        The source's columns as text, then `snapshot_month`, `source_file`, `source_line`; in file and line order.

    Raises:
        SourceError: a file is missing, unreadable, lacks a column or holds an undated row; or a required source has no
            row for one of the months.
    """
    delivery = read_delivery(layout, source, months)
    for month in sorted(set(delivery.unreadable) & set(months)):
        raise delivery.unreadable[month]
    absent = sorted(set(months) - set(delivery.rows["snapshot_month"].unique()))
    if absent and source.required:
        files = ", ".join(file.name for file in source_files(layout, source))
        raise SourceError(
            source=source.name,
            culprit=", ".join(f"{month:%Y-%m}" for month in absent[:6]) + (" ..." if len(absent) > 6 else ""),
            reason=f"no row has a snapshot date in this month (files: {files})",
            fix="Add the month's file to the raw folder, or materialize only months the source holds.",
        )
    return delivery.rows


def source_months(layout: Layout, source: RawSource) -> list[date]:
    """The months a source has rows for, in order; a file named for one month that cannot be read counts as that month.

    Rows of years no book has are left out: one of them would be the first or the last month. A file whose bytes are in
    the ledger is not read again.

    Raises:
        SourceError: there is no file, or one that may hold any month cannot be read for sure.
    """
    months: set[date] = set()
    before = read_known_files(layout, source.name)
    for file in source_files(layout, source):
        try:
            content = file_content(source.name, file)
            known = known_rows(before, file, reading_sha256(content, source.fingerprint(layout)))
            rows = dated_rows(layout, source, file, content).rows if known is None else known
            months.update(rows["snapshot_month"].unique())
        except SourceError:
            month = source.month_in_name(file)
            if month is None:
                raise
            months.add(month)
    return sorted(filter(is_of_a_book, months))
