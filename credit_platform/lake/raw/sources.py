"""The raw sources: which files they are, and their rows as text with the month, file and line they came from.

How one file is read stands in `readers`, how its rows are dated in `dating`, what is remembered in `delivery_log`.
Cleaning does not belong here: a cell leaves this module as the file wrote it.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.column_map import CONTRACT, ColumnMap
from credit_platform.lake.raw.dating import DatedByColumn, Dating, month_in_name
from credit_platform.lake.raw.delivery_log import (
    file_rows,
    known_rows,
    read_known_files,
    write_known_files,
)
from credit_platform.lake.raw.raw_file import FORMATS, RawFile, format_of
from credit_platform.lake.raw.readers import RawTable, kept_of_parts, read_parts, read_table
from credit_platform.months import is_of_a_book
from credit_platform.schemas.source_cells import SourceCells

_Kept = TypeVar("_Kept")


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
        parts: the rows of every wanted month there are any of, in file and line order: the source's columns as text,
            `snapshot_month`, `source_file`, `source_line`.
        no_rows: the same columns, empty.
        ledger: one row per file and month of all files that can be read.
        unreadable: for files named for one month, that month and why the file cannot be read.
        ignored: name of a file to the number of its columns that the map of the source leaves out.
    """

    parts: dict[date, list[pl.DataFrame]]
    no_rows: pl.DataFrame
    ledger: pl.DataFrame
    unreadable: dict[date, SourceError] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)

    def of_month(self, month: date) -> pl.DataFrame:
        """The rows of a month."""
        return pl.concat(self.parts.get(month, [self.no_rows]))

    def take(self, month: date) -> pl.DataFrame:
        """The rows of a month, which the delivery does not hold any longer then."""
        rows = self.of_month(month)
        self.parts.pop(month, None)
        return rows

    @property
    def rows(self) -> pl.DataFrame:
        """The rows of all months together, in file and line order."""
        parts = [part for parts in self.parts.values() for part in parts]
        return pl.concat([self.no_rows, *parts]).sort("source_file", "source_line", maintain_order=True)

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


def kept_rows(layout: Layout, source: RawSource, raw: RawFile, keep: Callable[[RawTable], _Kept]) -> list[_Kept]:
    """What `keep` makes of the rows of a file, of some at a time where it is large. Raises as `dated_rows` does."""

    def whole() -> RawTable:
        return dated_rows(layout, source, raw.path, raw.content())

    def parts() -> Iterator[RawTable]:
        for rows, n_ignored in read_parts(raw, source.columns, source.read_by, optional=source.optional):
            yield RawTable(source.dating.attach_part(layout, source.name, raw.path, rows, source.read_by), n_ignored)

    if raw.is_small:
        return [keep(whole())]
    with layout.tables.disclosing(f"bronze/{source.name}"):
        return kept_of_parts(parts(), whole, keep)


def read_delivery(layout: Layout, source: RawSource, months: Collection[date]) -> Delivery:
    """Read all rows of some months and write the source's ledger.

    A file whose bytes are in the ledger and hold no wanted month is not read again. A file named for one month that
    cannot be read spoils that month alone.

    Raises:
        SourceError: there is no file, or one that may hold any month cannot be read for sure.
    """
    before, fingerprint = read_known_files(layout, source.name), ""
    delivery, ledger = Delivery({}, _no_rows(source), _no_files()), [_no_files()]

    def keep(table: RawTable) -> tuple[pl.DataFrame, dict[tuple[object, ...], pl.DataFrame], int]:
        wanted = table.rows.filter(pl.col("snapshot_month").is_in(list(months)))
        parts = wanted.partition_by("snapshot_month", as_dict=True, maintain_order=True)
        return table.rows.select("snapshot_month"), parts, table.n_ignored

    for file in _delivered_files(layout, source):
        raw = RawFile(source.name, file)
        try:
            fingerprint = fingerprint or source.fingerprint(layout)
            sha256 = raw.sha256(fingerprint)
            known = known_rows(before, file, sha256)
            if known is not None and not set(known["snapshot_month"]) & set(months):
                ledger.append(known)
                continue
            read = kept_rows(layout, source, raw, keep)
        except SourceError as error:
            month = source.month_in_name(file)
            if month is None:
                raise
            delivery.unreadable[month] = error
            continue
        ledger.append(file_rows(file, sha256, pl.concat(found for found, _, _ in read)))
        delivery.ignored[file.name] = read[0][2]
        for _, parts, _ in read:
            for (month,), part in parts.items():
                if isinstance(month, date):
                    delivery.parts.setdefault(month, []).append(part)
    delivery.ledger = pl.concat(ledger)
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

    def keep(table: RawTable) -> pl.DataFrame:
        return table.rows.select(pl.col("snapshot_month").unique())

    for file in source_files(layout, source):
        raw = RawFile(source.name, file)
        try:
            known = known_rows(before, file, raw.sha256(source.fingerprint(layout)))
            for rows in kept_rows(layout, source, raw, keep) if known is None else [known]:
                months.update(rows["snapshot_month"].unique())
        except SourceError:
            month = source.month_in_name(file)
            if month is None:
                raise
            months.add(month)
    return sorted(filter(is_of_a_book, months))
