"""What a file of unknown form looks like: encoding, delimiter, header, and some of its rows as text.

A guess for people to confirm, made from the bytes alone; what its columns mean belongs to `map_proposal`. Reading a
delivery never guesses.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.lake.raw.csv_text import CsvFault, find_fault, header_of, require_text, unpacked
from credit_platform.lake.raw.raw_file import format_of
from credit_platform.lake.raw.readers import is_written

_DELIMITERS = (",", ";", "\t", "|")
_LINES, _ROWS = 50, 10_000
_NUMBER_OR_DATE = re.compile(r"[\s$€£%]*[+-]?\d[\d.,'/:\s-]*%?")
# A header may have a few names that are numbers (buckets); a row has more of them.
_MOST_NUMBERS_IN_HEADER = 0.2


@dataclass(frozen=True)
class FileSample:
    """The form of a file, and rows from all over it.

    Attributes:
        header: its column names.
        rows: at most some thousand rows as text; the columns are called by their place, `0` first.
        typed: places of the columns that are no text in the file.
        encoding: of CSV text.
        delimiter: of CSV text.
    """

    header: tuple[str, ...]
    rows: pl.DataFrame
    typed: frozenset[int]
    encoding: str = "utf-8"
    delimiter: str = ","

    def cells(self, place: int) -> pl.Series:
        """The cells of a column that are not blank, without blanks around them."""
        cells = self.rows[str(place)].str.strip_chars()
        return cells.filter(cells != "")


def file_sample(source: str, file: Path, content: bytes) -> FileSample:
    """Look at a file.

    Raises:
        SourceError: it is no table, or has no header line; nothing of its content is quoted.
    """
    if format_of(file) == ".parquet":
        return _of_parquet(source, file, content)
    try:
        is_packed = format_of(file) == ".csv.gz"
        return _of_text(source, file, unpacked(content) if is_packed else content)
    except CsvFault as fault:
        culprit = file.name if fault.line is None else f"{file.name}, line {fault.line}"
        raise SourceError(source=source, culprit=culprit, reason=fault.reason, fix=fault.fix) from None


def _of_parquet(source: str, file: Path, content: bytes) -> FileSample:
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError):
        fix = "Name a CSV or a Parquet file."
        raise SourceError(source=source, culprit=file.name, reason="not a readable Parquet file", fix=fix) from None
    header = tuple(frame.columns)
    usable = [cells if not cells.dtype.is_nested() else cells.is_null().cast(pl.String) for cells in _spread(frame)]
    rows = pl.DataFrame([cells.cast(pl.String).alias(str(place)) for place, cells in enumerate(usable)])
    typed = frozenset(place for place, dtype in enumerate(frame.dtypes) if not is_written(dtype))
    return FileSample(header, rows, typed)


def _of_text(source: str, file: Path, content: bytes) -> FileSample:
    encoding = _encoding(content)
    text = require_text(content, encoding)
    delimiter = _delimiter(text)
    header = header_of(text, delimiter)
    named = [name.strip() for name in header if name.strip()]
    if sum(bool(_NUMBER_OR_DATE.fullmatch(name)) for name in named) > _MOST_NUMBERS_IN_HEADER * len(named):
        raise SourceError(
            source=source,
            culprit=f"{file.name}, line 1",
            reason="it is a row and no header",
            fix=f"Give positions from 1 by hand: sources.{source}.has_header: false and columns: {{OURS: POSITION}}.",
        )
    try:
        frame = pl.read_csv(text, infer_schema=False, has_header=True, separator=delimiter)
    except pl.exceptions.PolarsError:
        raise find_fault(text, delimiter) or CsvFault(reason="it is no table") from None
    frame.columns = [str(place) for place in range(frame.width)]
    return FileSample(tuple(header), _spread(frame), frozenset(), encoding, delimiter)


def _spread(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows from the first to the last, since a tape is sorted by month as a rule."""
    return frame.gather_every(max(frame.height // _ROWS, 1))


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _delimiter(text: bytes) -> str:
    """The sign that cuts most lines into the same number of cells, two at least."""
    lines = [line for line in text.decode().splitlines()[: 4 * _LINES] if line.strip()][:_LINES]

    def quality(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter))
        width, n = widths.most_common(1)[0]
        return (n / len(lines) if width > 1 else 0.0, width)

    return max(_DELIMITERS, key=quality)
