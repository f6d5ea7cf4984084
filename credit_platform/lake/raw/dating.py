"""Which month each row of a raw file belongs to, told by its snapshot date and never guessed.

Reading the file belongs to `readers`.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.column_map import CONTRACT, ColumnMap
from credit_platform.lake.raw.raw_file import ReadWhole
from credit_platform.months import of_the_calendar
from credit_platform.schemas.personal_data import shape, shown_cell
from credit_platform.schemas.source_cells import SNAPSHOT_DATE

_ISO = r"^\d{4}-\d{2}-\d{2}$"
_SLASHED = r"^\d{1,2}/\d{1,2}/\d{2}$"
# Of more rows without a month the fault is the file's, not a row's.
_MOST_UNDATED = 0.2
_MONTH_IN_NAME = re.compile(r"[-_.]?((?:19|20)\d{2})[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?")


class Dating(Protocol):
    """How the rows of a source get their months."""

    def fingerprint(self, layout: Layout, /) -> str:
        """What the months depend on beside the file itself; empty for nothing."""
        ...

    def attach(self, layout: Layout, source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, /) -> pl.DataFrame:
        """Attach `snapshot_month` and `source_file` in front of `source_line`. Raises a SourceError where it cannot."""
        ...

    def attach_part(
        self, layout: Layout, source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, /
    ) -> pl.DataFrame:
        """The same for some of a file's rows. Raises ReadWhole where others decide about them."""
        ...


@dataclass(frozen=True)
class DatedByColumn:
    """By the day that every row says."""

    column: str = SNAPSHOT_DATE

    def fingerprint(self, _layout: Layout, /) -> str:
        """Nothing."""
        return ""

    def attach(self, _layout: Layout, source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, /) -> pl.DataFrame:
        """As `attach_month` does."""
        return attach_month(source, file, frame, by, column=self.column)

    def attach_part(
        self, _layout: Layout, source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, /
    ) -> pl.DataFrame:
        """As `attach_month` does where every date is one of the calendar, written as YYYY-MM-DD."""
        text = pl.col(self.column).str.strip_chars()
        month = of_the_calendar(text.str.to_date("%Y-%m-%d", strict=False))
        if not frame.select((text.str.contains(_ISO) & month.is_not_null()).fill_null(value=False).all()).item():
            raise ReadWhole
        return attach_month(source, file, frame, by, column=self.column)


@dataclass(frozen=True)
class DatedByFile:
    """By the month a file is named for; rows of a file that names none hold from the book's first month on."""

    stems: tuple[str, ...]
    first_month: date | None = None

    def fingerprint(self, _layout: Layout, /) -> str:
        """The book's first month."""
        return f"{self.first_month}"

    def attach(self, _layout: Layout, source: str, file: Path, frame: pl.DataFrame, _by: ColumnMap, /) -> pl.DataFrame:
        """The month of the name, or the first.

        Raises:
            SourceError: neither is known.
        """
        known = [*filter(None, (*(month_in_name(stem, file) for stem in self.stems), self.first_month))]
        if not known:
            reason = "neither its name nor the book says from which month on its rows hold"
            fix = f"Name it {source}_YYYY_MM, or run credit-platform init --first-month."
            raise SourceError(source=source, culprit=file.name, reason=reason, fix=fix)
        month = max(known[0], self.first_month or known[0])
        dated = frame.with_columns(snapshot_month=pl.lit(month), source_file=pl.lit(file.name))
        return dated.select(pl.exclude("source_line"), "source_line")

    def attach_part(
        self, layout: Layout, source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, /
    ) -> pl.DataFrame:
        """As `attach`."""
        return self.attach(layout, source, file, frame, by)


def month_in_name(stem: str, file: Path) -> date | None:
    """The month a file is named for (`<stem>_2024_03.csv`, `<stem>_2024-03-01.parquet`); None for other names."""
    name = file.name.removesuffix(".gz").rpartition(".")[0] or file.name
    match = _MONTH_IN_NAME.fullmatch(name.removeprefix(stem))
    return date(int(match[1]), int(match[2]), 1) if match else None


def _date_format(source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, column: str) -> str:
    """The one date format of a file's dates; a file that mixes or leaves it open is refused, never guessed."""
    text = pl.col(column).str.strip_chars()
    is_iso, is_slashed = text.str.contains(_ISO), text.str.contains(_SLASHED)
    counts = frame.select(iso=is_iso.sum(), slashed=is_slashed.sum()).row(0, named=True)
    day_first = text.str.to_date("%d/%m/%y", strict=False)
    if counts["iso"] == frame.height:
        return "%Y-%m-%d"
    _refuse_repeated_header(source, file, frame, by, column)
    if counts["slashed"] == frame.height:
        day_numbers = frame.select(day_first.dt.day().n_unique().alias("days"), day_first.dt.day().max().alias("last"))
        days, last = day_numbers.row(0)
        # Snapshots are taken on one day of the month. Day 1 throughout, or a day no month has, settles the order;
        # month-first dates read day-first would scatter over days 1 to 12.
        if (days == 1 and last == 1) or (last is not None and last > 12):
            return "%d/%m/%y"
        raise SourceError(
            source=source,
            culprit=file.name,
            reason=f"{column.replace('_', ' ')}s such as 1/2/23 read both as day/month and as month/day",
            fix="Deliver the dates as YYYY-MM-DD, or say which it is: the source's `date_format` in model_config.yaml.",
        )
    named = by.shown.get(column, column)
    line, value = (
        frame.filter(~(is_iso if counts["iso"] else is_slashed).fill_null(value=False))
        .select("source_line", column)
        .row(0)
    )
    raise SourceError(
        source=source,
        culprit=f"{file.name}, line {line}",
        reason=f"{named} {_quoted(value, by)} is not written as the file's other dates",
        fix=f"Write every {named} as {by.dates or 'YYYY-MM-DD (or every one as d/M/yy)'}.",
    )


def _refuse_repeated_header(source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, column: str) -> None:
    headers = frame.filter(pl.col(column).str.strip_chars() == by.names.get(column, column))
    if headers.height:
        raise SourceError(
            source=source,
            culprit=f"{file.name}, line {headers['source_line'][0]}",
            reason="the header is repeated in the middle of the file",
            fix="Remove the line; it is what joining files end to end leaves.",
        )


def _quoted(value: object, by: ColumnMap) -> str:
    """A cell as a message shows it; of a lender's whole tape, which may have anybody's data beside ours, its shape."""
    return f"({shape(value)})" if by.names else shown_cell(value)


def attach_month(
    source: str, file: Path, frame: pl.DataFrame, by: ColumnMap = CONTRACT, *, column: str = SNAPSHOT_DATE
) -> pl.DataFrame:
    """Attach `snapshot_month` and `source_file`, in front of `source_line`.

    A date that no calendar has, such as 30 February or one of year 0, tells no month. Its row is filed with the row
    before it (the first rows with the one after them), where cleaning sets it aside with its line.

    Raises:
        SourceError: so many snapshot dates are no date that another form of dates is likely, or one is not written like
            the others.
    """
    written = _date_format(source, file, frame, by, column)
    snapshot = pl.col(column).str.strip_chars().str.to_date(written, strict=False)
    month = of_the_calendar(snapshot).dt.month_start()
    dated = frame.with_columns(snapshot_month=month, source_file=pl.lit(file.name))
    undated = dated.filter(pl.col("snapshot_month").is_null())
    if 0 < undated.height <= _MOST_UNDATED * frame.height:
        dated = dated.with_columns(pl.col("snapshot_month").forward_fill().backward_fill())
    elif undated.height:
        line, value = undated.select("source_line", column).row(0)
        raise SourceError(
            source=source,
            culprit=f"{file.name}, line {line}",
            reason=f"{by.shown.get(column, column)} {_quoted(value, by)} is no date",
            fix="Correct the date in the source file.",
        )
    return dated.select(pl.exclude("source_line"), "source_line")
