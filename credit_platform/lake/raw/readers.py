"""One raw file as a frame of text: CSV or Parquet, read whole, each row with the line it starts on.

Nothing is repaired: a file that cannot be read for sure is refused with its line and what to do. Which months its rows
belong to is told in `dating`, the shape of CSV text in `csv_text`.
"""

import errno
import io
import stat
from datetime import time
from pathlib import Path

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.lake.raw.csv_text import (
    CsvFault,
    find_fault,
    header_of,
    is_blank_line,
    may_have_loose_quotes,
    require_text,
)

FORMATS = {".csv": "CSV", ".parquet": "Parquet"}
_CSV_FIX = "Deliver the file again: comma-separated, one header line, UTF-8."
_OS_REASONS = {
    errno.ELOOP: "it is a link that leads back to itself",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOENT: "it is a link to a file that is not there",
    errno.EACCES: "this account may not read it",
}


def file_content(source: str, file: Path) -> bytes:
    """All bytes of a file at one moment.

    Raises:
        SourceError: it cannot be read, or was being written meanwhile.
    """
    try:
        before = file.stat()
        _require_regular(source, file, before.st_mode)
        content = file.read_bytes()
        after = file.stat()
    except OSError as error:
        raise SourceError(
            source=source,
            culprit=file.name,
            reason=f"not a readable file ({_OS_REASONS.get(error.errno or 0, error.strerror or 'unknown error')})",
            fix=f"Put the file itself there, readable for the account the platform runs under ({file}).",
        ) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        raise SourceError(
            source=source,
            culprit=file.name,
            reason="the file changed while it was read",
            fix="Wait until it is written completely; deliver under another name and rename when done.",
        )
    return content


def _require_regular(source: str, file: Path, mode: int) -> None:
    """Refuse what would be waited for for ever, or never ends; a folder is refused by reading it."""
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}
    kind = kinds.get(stat.S_IFMT(mode))
    if kind is not None:
        raise SourceError(
            source=source,
            culprit=file.name,
            reason=f"not a file but {kind}",
            fix=f"Put the file itself there, as a whole ({file}).",
        )


def parse_file(source: str, columns: tuple[str, ...], file: Path, content: bytes) -> pl.DataFrame:
    """Read a file's bytes and hold its header against the columns it must have.

    Returns:
        `columns` in their order as text, and `source_line`, counted from 1 with the header of a CSV file as line 1;
        in a Parquet file the number of the row.

    Raises:
        SourceError: the file cannot be read for sure, or its columns are not the source's.
    """
    read = _csv_rows if file.suffix.lower() == ".csv" else _parquet_rows
    return read(source, columns, file, content).select(*columns, "source_line")


def _csv_rows(source: str, columns: tuple[str, ...], file: Path, content: bytes) -> pl.DataFrame:
    try:
        text = require_text(content)
        header = header_of(text)
        _require_columns(source, columns, file, header)
        frame = pl.read_csv(text, infer_schema=False, has_header=True)
        return _numbered(text, frame)
    except CsvFault as fault:
        raise _csv_error(source, file, fault) from fault
    except pl.exceptions.PolarsError:
        # The library quotes the cell it stopped at, which may be personal data: its words are not passed on.
        fault = find_fault(content) or CsvFault(reason="not a readable CSV file (its quotes and cells do not add up)")
        raise _csv_error(source, file, fault) from None


def _csv_error(source: str, file: Path, fault: CsvFault) -> SourceError:
    culprit = file.name if fault.line is None else f"{file.name}, line {fault.line}"
    return SourceError(source=source, culprit=culprit, reason=fault.reason, fix=fault.fix or _CSV_FIX)


def _numbered(text: bytes, frame: pl.DataFrame) -> pl.DataFrame:
    """Attach the line each row starts on, after making sure that every row has all its cells."""
    has_quotes = b'"' in text
    if has_quotes and may_have_loose_quotes(text) and (fault := find_fault(text)) is not None:
        raise fault
    commas = _count_in_cells(frame, ",") if has_quotes else 0
    if text.count(b",") != commas + (frame.width - 1) * (frame.height + 1):
        # Polars fills a short row with nulls and reads an empty line as a row of them.
        fault = find_fault(text)
        if fault is not None:
            raise fault
    numbered = frame.with_columns(_source_line(text, frame))
    is_empty = pl.all_horizontal(pl.col(frame.columns).is_null())
    empty = numbered.filter(is_empty)["source_line"].to_list()
    blank = [line for line in empty if is_blank_line(text, line)] if empty else []
    if has_quotes:
        _require_closed_quotes(numbered)
    return numbered.filter(~pl.col("source_line").is_in(blank)) if blank else numbered


def _count_in_cells(frame: pl.DataFrame, text: str) -> int:
    counts = frame.select(pl.all().str.count_matches(text, literal=True).sum().cast(pl.Int64))
    return int(counts.sum_horizontal().sum())


def _source_line(text: bytes, frame: pl.DataFrame) -> pl.Expr:
    """The line each row starts on; a quoted cell with line breaks moves all rows after it."""
    row = pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("source_line")
    n_lines = text.count(b"\n") + (not text.endswith(b"\n"))
    if n_lines == frame.height + 1:
        return row
    breaks = pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0)).cast(pl.Int64)
    return (row + breaks.cum_sum().shift(1, fill_value=0)).alias("source_line")


def _require_closed_quotes(numbered: pl.DataFrame) -> None:
    """Refuse a cell that swallowed a whole row: its opening quote was never meant to run that far."""
    cells = pl.col(pl.String)
    n_commas = numbered.width - 2
    swallowed = pl.any_horizontal(
        cells.str.contains("\n", literal=True) & (cells.str.count_matches(",", literal=True) >= n_commas)
    )
    found = numbered.filter(swallowed)
    if found.height:
        raise CsvFault(reason="a quote opens a cell here that swallows the rows after it", line=found["source_line"][0])


def _require_columns(source: str, columns: tuple[str, ...], file: Path, header: list[str]) -> None:
    missing = [column for column in columns if column not in header]
    extra = [column if column == column.strip() and column else repr(column) for column in header]
    extra = [shown for column, shown in zip(header, extra, strict=True) if column not in columns]
    repeated = sorted({column for column in header if header.count(column) > 1})
    said = [f"column {', '.join(missing)} is missing"] if missing else []
    said += [f"unknown column {', '.join(extra)}"] if extra else []
    said += [f"column {', '.join(repeated)} appears more than once"] if repeated else []
    if not said:
        return
    separators = [name for name in (";", "\t", "|") if len(header) == 1 and name in header[0]]
    hint = f"The header is separated by {separators[0]!r}, not by commas. " if separators else ""
    raise SourceError(
        source=source,
        culprit=file.name,
        reason=" and ".join(said),
        fix=f"{hint}The header must hold exactly: {', '.join(columns)}.",
    )


def _parquet_rows(source: str, columns: tuple[str, ...], file: Path, content: bytes) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            source=source,
            culprit=file.name,
            reason=f"not a readable Parquet file ({str(error).splitlines()[0]})",
            fix="Deliver the file again.",
        ) from error
    _require_columns(source, columns, file, frame.columns)
    texts = [_as_text(source, file, frame[column]) for column in columns]
    return pl.DataFrame(texts).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_line"))


def _as_text(source: str, file: Path, cells: pl.Series) -> pl.Series:
    """A typed column as the text a CSV file would hold; midnights are dates."""
    if isinstance(cells.dtype, pl.Datetime) and bool((cells.dt.time() == time(0)).all()):
        cells = cells.dt.date()
    try:
        if cells.dtype.is_nested() or cells.dtype == pl.Object:
            raise pl.exceptions.InvalidOperationError
        return cells.cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise SourceError(
            source=source,
            culprit=f"{file.name}, column {cells.name}",
            reason=f"cells of type {cells.dtype} cannot be read as text",
            fix="Deliver the column as text, numbers or dates.",
        ) from error
