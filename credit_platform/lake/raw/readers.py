"""One raw file as frames of text, CSV (packed by gzip too) or Parquet, whole or in parts; each row has its line.

Nothing is repaired: a file that cannot be read for sure is refused with its line and what to do. A part is believed
only where nothing about it depends on the rest of the file: its lines are whole, every quote opens or closes a cell.
Any fault is left to reading the whole. The months of rows are told in `dating`, the shape of CSV text in `csv_text`.
"""

import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import time
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.lake.raw.column_map import CONTRACT, ColumnMap, header_error
from credit_platform.lake.raw.csv_text import (
    CsvFault,
    find_fault,
    has_plain_quotes,
    header_by_position,
    header_fault,
    header_of,
    is_blank_line,
    may_have_loose_quotes,
    require_text,
    unpacked,
)
from credit_platform.lake.raw.raw_file import RawFile, ReadWhole, format_of
from credit_platform.schemas.personal_data import may_quote

_FindPlaces = Callable[[Sequence[str]], Mapping[str, int | None]]
_CSV_FIX = "Deliver the file again: comma-separated, one header line, UTF-8."
_Kept = TypeVar("_Kept")


class RawTable(NamedTuple):
    """The rows of one file under the contract's columns, and how many other columns the file has."""

    rows: pl.DataFrame
    n_ignored: int


def parse_file(source: str, columns: tuple[str, ...], file: Path, content: bytes) -> pl.DataFrame:
    """The rows of a file in the contract's own form. Returns and raises as `read_table` does."""
    return read_table(source, columns, file, content, CONTRACT).rows


def read_table(
    source: str,
    columns: tuple[str, ...],
    file: Path,
    content: bytes,
    by: ColumnMap,
    *,
    optional: Collection[str] = (),
) -> RawTable:
    """Read a file's bytes and hold its header against the columns it must have, all but the `optional` ones.

    Returns:
        `columns` in their order as text, and `source_line`, counted from 1 with the header of a CSV file as line 1;
        in a Parquet file the number of the row.

    Raises:
        SourceError: the file cannot be read for sure, or its columns are not the source's.
    """
    find = partial(_places, source, columns, file, by=by, optional=optional)
    read = _parquet_rows if format_of(file) == ".parquet" else _csv_rows
    return read(source, file, content, by, find)


def _csv_rows(source: str, file: Path, content: bytes, by: ColumnMap, find: _FindPlaces) -> RawTable:
    text, n_made = b"", 0 if by.has_header else 1
    try:
        is_packed = format_of(file) == ".csv.gz"
        text = require_text(unpacked(content) if is_packed else content, by.encoding)
        text = header_by_position(text, by.delimiter) + text if n_made else text
        header = header_of(text, by.delimiter)
        places = find(header)
        frame = pl.read_csv(text, infer_schema=False, has_header=True, separator=by.delimiter)
        # A foreign header may have a name twice, or one of ours for something else.
        frame.columns = [str(place) for place in range(frame.width)]
        rows = _numbered(text, frame, by.delimiter, n_breaks=sum(name.count("\n") for name in header))
    except CsvFault as fault:
        raise _csv_error(source, file, fault, n_made) from fault
    except pl.exceptions.PolarsError:
        # The library quotes the cell it stopped at, which may be personal data: its words are not passed on.
        unknown = CsvFault(reason="not a readable CSV file (its quotes and cells do not add up)")
        raise _csv_error(source, file, find_fault(text, by.delimiter) or unknown, n_made) from None
    named = rows.select(
        *(_placed(None if place is None else str(place)).alias(column) for column, place in places.items()),
        pl.col("source_line") - n_made,
    )
    return RawTable(named.with_columns(**by.cells), _n_ignored(header, places))


def _placed(name: str | None) -> pl.Expr:
    return pl.lit(None, pl.String) if name is None else pl.col(name)


def _n_ignored(header: Sequence[str], places: Mapping[str, int | None]) -> int:
    return len(header) - len(set(places.values()) - {None})


def _csv_error(source: str, file: Path, fault: CsvFault, n_made: int) -> SourceError:
    culprit = file.name if fault.line is None else f"{file.name}, line {max(fault.line - n_made, 1)}"
    return SourceError(source=source, culprit=culprit, reason=fault.reason, fix=fault.fix or _CSV_FIX)


def _numbered(text: bytes, frame: pl.DataFrame, delimiter: str, *, n_breaks: int) -> pl.DataFrame:
    """Attach the line each row starts on, after making sure that every row has all its cells.

    `n_breaks` are the line breaks within names of the header.
    """
    has_quotes = b'"' in text
    if has_quotes and may_have_loose_quotes(text, delimiter) and (fault := find_fault(text, delimiter)) is not None:
        raise fault
    quoted = _count_in_cells(frame, delimiter) if has_quotes else 0
    if text.count(delimiter.encode()) != quoted + (frame.width - 1) * (frame.height + 1):
        # Polars fills a short row with nulls and reads an empty line as a row of them.
        fault = find_fault(text, delimiter)
        if fault is not None:
            raise fault
    numbered = frame.with_columns(_source_line(text, frame, n_breaks))
    is_empty = pl.all_horizontal(pl.col(frame.columns).is_null())
    empty = numbered.filter(is_empty)["source_line"].to_list()
    blank = [line for line in empty if is_blank_line(text, line)] if empty else []
    if has_quotes:
        _require_closed_quotes(numbered, delimiter)
    return numbered.filter(~pl.col("source_line").is_in(blank)) if blank else numbered


def _count_in_cells(frame: pl.DataFrame, text: str) -> int:
    counts = frame.select(pl.all().str.count_matches(text, literal=True).sum().cast(pl.Int64))
    return int(counts.sum_horizontal().sum())


def _source_line(text: bytes, frame: pl.DataFrame, n_breaks: int) -> pl.Expr:
    """The line each row starts on; a quoted cell with line breaks moves all rows after it."""
    row = pl.int_range(2 + n_breaks, pl.len() + 2 + n_breaks, dtype=pl.Int64).alias("source_line")
    n_lines = text.count(b"\n") + (not text.endswith(b"\n"))
    if n_lines == frame.height + 1 + n_breaks:
        return row
    breaks = pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0)).cast(pl.Int64)
    return (row + breaks.cum_sum().shift(1, fill_value=0)).alias("source_line")


def _require_closed_quotes(numbered: pl.DataFrame, delimiter: str) -> None:
    """Refuse a cell that swallowed a whole row: its opening quote was never meant to run that far."""
    cells = pl.col(pl.String)
    n_delimiters = numbered.width - 2
    swallowed = pl.any_horizontal(
        cells.str.contains("\n", literal=True) & (cells.str.count_matches(delimiter, literal=True) >= n_delimiters)
    )
    found = numbered.filter(swallowed)
    if found.height:
        raise CsvFault(reason="a quote opens a cell here that swallows the rows after it", line=found["source_line"][0])


def _places(
    source: str,
    columns: tuple[str, ...],
    file: Path,
    header: Sequence[str],
    *,
    by: ColumnMap,
    optional: Collection[str],
) -> dict[str, int | None]:
    """Where each of the contract's columns is in a header; None for one that the file may lack and has not.

    Raises:
        SourceError: a column is missing, or there twice; without a map also where another one is there.
    """
    lacking = {column for column in optional if by.names.get(column, column) not in header}
    if not by.names:
        _require_columns(source, tuple(column for column in columns if column not in lacking), file, header)
    names = {column: None if column in lacking else by.names.get(column, column) for column in columns}
    there = {column: header.count(name) for column, name in names.items() if name is not None}
    absent = [column for column, n in there.items() if n == 0]
    repeated = [column for column, n in there.items() if n > 1]
    if absent or repeated:
        raise header_error(source, file, header, by, absent=absent, repeated=repeated)
    return {column: None if name is None else header.index(name) for column, name in names.items()}


def _require_columns(source: str, columns: tuple[str, ...], file: Path, header: Sequence[str]) -> None:
    if sorted(header) == sorted(columns):
        return
    separators = [name for name in (";", "\t", "|") if len(header) == 1 and name in header[0]]
    hint = f"The header is separated by {separators[0]!r}, not by commas. " if separators else ""
    raise SourceError(
        source=source,
        culprit=file.name,
        reason=header_fault(columns, header),
        fix=f"{hint}The header must hold exactly: {', '.join(columns)}.",
    )


def _parquet_rows(source: str, file: Path, content: bytes, by: ColumnMap, find: _FindPlaces) -> RawTable:
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            source=source,
            culprit=file.name,
            reason=f"not a readable Parquet file{f' ({str(error).splitlines()[0]})' if may_quote() else ''}",
            fix="Deliver the file again.",
        ) from None
    header = frame.columns
    places = find(header)
    named = frame.select(
        _placed(None if place is None else header[place]).alias(column) for column, place in places.items()
    )
    # A lender's form is that of text, and of dates as whole numbers; typed dates and decimals need none.
    written = [column for column in by.cells if is_written(named.schema[column])]
    named = named.with_columns(pl.col(written).cast(pl.String)).with_columns(by.cells[column] for column in written)
    texts = [_as_text(source, file, cells) for cells in named]
    rows = pl.DataFrame(texts).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_line"))
    return RawTable(rows, _n_ignored(header, places))


def is_written(dtype: pl.DataType) -> bool:
    """Whether cells of a Parquet column are written in a form of their own: text, or whole numbers for dates."""
    return dtype == pl.String or isinstance(dtype, (pl.Categorical, pl.Enum)) or dtype.is_integer()


def _as_text(source: str, file: Path, cells: pl.Series) -> pl.Series:
    """A typed column as the text a CSV file would hold; midnights are dates."""
    if isinstance(cells.dtype, pl.Datetime) and bool((cells.dt.time() == time(0)).all()):
        cells = cells.dt.date()
    try:
        if cells.dtype.is_nested() or cells.dtype == pl.Object:
            raise pl.exceptions.InvalidOperationError
        return cells.cast(pl.String)
    except pl.exceptions.PolarsError:
        # The names of fields and of categories are part of a type.
        kind = cells.dtype if may_quote() else cells.dtype.base_type()
        raise SourceError(
            source=source,
            culprit=f"{file.name}, column {cells.name}",
            reason=f"cells of type {kind} cannot be read as text",
            fix="Deliver the column as text, numbers or dates.",
        ) from None


def read_parts(
    raw: RawFile, columns: tuple[str, ...], by: ColumnMap, *, optional: Collection[str] = ()
) -> Iterator[RawTable]:
    """The rows of a file as `readers.read_table` gives them, some at a time.

    Raises:
        ReadWhole: something in it must be looked at as a whole; parts that came before count for nothing then.
        SourceError: the file cannot be read, or was written to meanwhile.
    """
    if raw.is_small:
        yield read_table(raw.source, columns, raw.path, raw.content(), by, optional=optional)
        return
    header, n_lines = b"", 0
    # Text is UTF-8 by now, not packed, and has a header line.
    plain, name = replace(by, has_header=True, encoding="utf-8"), raw.path.with_name("part.csv")
    for text in raw.texts(by.encoding):
        if header:
            body = text
        elif by.has_header:
            header, end, body = text.partition(b"\n")
            header, n_lines = header + end, 1
            if header.count(b'"') % 2 or not body:
                raise ReadWhole
        else:
            header, body = _made_header(text, by.delimiter), text
        if not has_plain_quotes(body, by.delimiter):
            raise ReadWhole
        try:
            table = read_table(raw.source, columns, name, header + body, plain, optional=optional)
        except SourceError as error:
            raise ReadWhole from error
        rows = table.rows.with_columns(source_line=table.rows["source_line"] + (n_lines - 1))
        n_lines += body.count(b"\n")
        yield RawTable(rows, table.n_ignored)


def _made_header(text: bytes, delimiter: str) -> bytes:
    try:
        return header_by_position(text, delimiter)
    except CsvFault as fault:
        raise ReadWhole from fault


def kept_of_parts(
    parts: Iterator[RawTable], whole: Callable[[], RawTable], keep: Callable[[RawTable], _Kept]
) -> list[_Kept]:
    """What `keep` makes of every part of a file, or of the whole where parts do not do."""
    try:
        return [keep(part) for part in parts]
    except ReadWhole:
        pass
    return [keep(whole())]
