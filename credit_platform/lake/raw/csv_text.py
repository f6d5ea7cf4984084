"""The shape of CSV text: encoding, header, and where it first goes wrong.

The slow, exact reading here is for files that something is wrong with; sound ones are read in `readers`.
"""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Sequence

import numpy as np

from credit_platform.schemas.personal_data import shown_names

_LONGEST_HEADER = 100_000
_BOM = b"\xef\xbb\xbf"
# First bytes that tell another kind of file.
_DISGUISES = {
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"(\xb5/\xfd": "a zstd archive",
    b"BZh": "a bzip2 archive",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}


class CsvFault(Exception):  # noqa: N818 - a finding about a file, always reported as a SourceError
    """What is wrong with a CSV text, on which line, and what to do about it."""

    def __init__(self, *, reason: str, line: int | None = None, fix: str = "") -> None:
        self.reason, self.line, self.fix = reason, line, fix
        super().__init__(reason)


def _line_of(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def require_text(content: bytes, encoding: str = "utf-8") -> bytes:
    """The text of a file as UTF-8 bytes without a byte order mark.

    Raises:
        CsvFault: it is empty, another kind of file, holds NUL bytes or is not written in the encoding.
    """
    encoding = codecs.lookup(encoding).name
    is_disguised = any(content.startswith(magic) for magic, kind in _DISGUISES.items() if kind != "UTF-16 text")
    if encoding not in {"utf-8", "utf-8-sig"} and not is_disguised:
        content = _in_utf8(content, encoding)
    if not content.strip():
        raise CsvFault(reason="not a readable CSV file (it is empty)", fix="Deliver the file again.")
    for magic, kind in _DISGUISES.items():
        if content.startswith(magic):
            fix = "Deliver the unpacked table as CSV in UTF-8, or a Parquet file under the name *.parquet."
            raise CsvFault(reason=f"not a readable CSV file (it is {kind})", fix=fix)
    nul = content.find(b"\0")
    if nul >= 0:
        fix = "Export the file again; NUL bytes are what an interrupted copy leaves."
        raise CsvFault(reason="a NUL byte", line=_line_of(content, nul), fix=fix)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        fix = (
            "Save the file as UTF-8; bytes such as this come from Latin-1 or Windows-1252 (or say so: the source's "
            "`encoding` in model_config.yaml)."
        )
        reason = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise CsvFault(reason=reason, line=_line_of(content, error.start), fix=fix) from error
    if b"\r" in content and b"\n" not in content:
        raise CsvFault(
            reason="lines end with a carriage return alone", line=1, fix="Save the file with LF or CRLF line ends."
        )
    return content.removeprefix(_BOM)


def _in_utf8(content: bytes, encoding: str) -> bytes:
    try:
        return content.decode(encoding).encode()
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        fix = "Correct the source's `encoding` in model_config.yaml, or save the file in it."
        raise CsvFault(reason=f"a byte that is not {encoding}", line=_line_of(content, start), fix=fix) from error


def header_by_position(text: bytes, delimiter: str) -> bytes:
    """A header line for a text that has none: `column 1`, `column 2`."""
    names = (f"column {n}" for n in range(1, len(header_of(text, delimiter)) + 1))
    return delimiter.join(names).encode() + b"\n"


def header_of(text: bytes, delimiter: str = ",") -> list[str]:
    """The names in the first line, and in the next ones where a quoted name has line breaks in it.

    Raises:
        CsvFault: there are none.
    """
    try:
        beginning = io.StringIO(text[:_LONGEST_HEADER].decode(errors="ignore"), newline="")
        names = next(csv.reader(beginning, delimiter=delimiter, strict=True), list[str]())
    except csv.Error:
        # A quote that is never closed is a fault of the first line, not a name of many lines.
        first_line = text.split(b"\n", 1)[0].decode().rstrip("\r")
        names = next(csv.reader([first_line], delimiter=delimiter), list[str]())
    if not names:
        raise CsvFault(reason="the first line is empty", line=1, fix="The first line must be the header.")
    return names


def is_blank_line(text: bytes, line: int) -> bool:
    """Whether nothing at all stands on a line (counted from 1)."""
    start = 0
    for _ in range(line - 1):
        start = text.find(b"\n", start) + 1
        if start == 0:
            return True
    end = text.find(b"\n", start)
    return not text[start : end if end >= 0 else len(text)].strip(b"\r")


def find_fault(content: bytes, delimiter: str = ",") -> CsvFault | None:
    """The first line that keeps a text from being a table, None when every line can be read.

    Lines with nothing on them are no fault.
    """
    lines = io.StringIO(content.removeprefix(_BOM).decode(), newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width, line = 0, 1
    try:
        for cells in reader:
            width = width or len(cells)
            if cells and len(cells) != width:
                return CsvFault(reason=f"{_cells(len(cells))} where the header has {width}", line=line, fix=_RAGGED)
            if any('"' in cell for cell in cells) and _has_stray_quote(content, line, reader.line_num, delimiter):
                return CsvFault(reason="a quote inside a cell that is not quoted", line=line, fix=_QUOTE)
            line = reader.line_num + 1
    except csv.Error as error:
        return CsvFault(reason=f"not readable as CSV from here on ({error})", line=line, fix=_QUOTE)
    return None


_RAGGED = "Complete the line, or quote cells that hold commas; a short last line means the file was cut off."
_QUOTE_SIGN, _NEWLINE = 34, 10
# Quote, line feed, carriage return; the delimiter is another.
_EDGES = (_QUOTE_SIGN, _NEWLINE, 13)
_QUOTE = 'Put cells that hold quotes or commas into quotes and write a quote inside them twice ("").'


def _cells(n: int) -> str:
    return "1 cell" if n == 1 else f"{n} cells"


def _has_stray_quote(content: bytes, first: int, last: int, delimiter: str) -> bool:
    lines = b"\n".join(content.split(b"\n", last)[first - 1 : last]).decode()
    state = "start"
    for sign in lines:
        if state == "quoted":
            state = "closed" if sign == '"' else "quoted"
        elif state == "closed":
            state = "quoted" if sign == '"' else "start"
        elif sign == '"':
            if state == "plain":
                return True
            state = "quoted"
        else:
            state = "start" if sign == delimiter else "plain"
    return False


def may_have_loose_quotes(text: bytes, delimiter: str = ",") -> bool:
    """Whether a quote is neither beside another nor at the edge of a cell, or escaped by a backslash.

    Readers in a hurry drop such quotes; whether something is wrong with the text, `find_fault` knows.
    """
    if b'\\"' in text:
        return True
    signs = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(signs == _QUOTE_SIGN)
    before = np.where(quotes > 0, signs[quotes - 1], _NEWLINE)
    after = np.where(quotes < len(signs) - 1, signs[np.minimum(quotes + 1, len(signs) - 1)], _NEWLINE)
    edges = (*_EDGES, ord(delimiter))
    is_edge = np.isin(before, edges) | np.isin(after, edges)
    return not bool(is_edge.all())


def has_plain_quotes(text: bytes, delimiter: str = ",") -> bool:
    """Whether every quote opens a cell, closes it, or is one of two that stand for one."""
    if b'"' not in text:
        return True
    signs = np.frombuffer(text, np.uint8)
    places = np.flatnonzero(signs == _QUOTE_SIGN)
    if len(places) % 2:
        return False
    edges = (ord(delimiter), _NEWLINE)
    opening, closing = places[0::2], places[1::2]
    before = np.where(opening > 0, signs[opening - 1], _NEWLINE)
    after = np.where(closing < len(signs) - 1, signs[np.minimum(closing + 1, len(signs) - 1)], _NEWLINE)
    opens = np.isin(before, edges)
    opens[1:] |= opening[1:] - closing[:-1] == 1
    closes = np.isin(after, (*edges, ord("\r")))
    closes[:-1] |= opening[1:] - closing[:-1] == 1
    return bool(opens.all() and closes.all())


def unpacked(content: bytes) -> bytes:
    """The text of a file that is packed by gzip.

    Raises:
        CsvFault: it is no whole gzip file.
    """
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        fix = "Deliver the file again, whole; one that is not packed must not end in .gz."
        raise CsvFault(reason=f"not a readable gzip file ({error})", fix=fix) from error


def header_fault(columns: Sequence[str], header: Sequence[str]) -> str:
    """How a header differs from the columns it must have."""
    missing = [column for column in columns if column not in header]
    extra = shown_names(header, columns)
    repeated = sorted({column for column in header if header.count(column) > 1 and column in columns})
    said = [f"column {', '.join(missing)} is missing"] if missing else []
    said += [f"unknown column {', '.join(extra)}"] if extra else []
    said += [f"column {', '.join(repeated)} appears more than once"] if repeated else []
    return " and ".join(said)
