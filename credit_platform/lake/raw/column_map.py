"""A lender's own columns and forms as the contract's: what `sources.<name>` of model_config.yaml means for reading.

Everything is worked out once, when a source is declared; `readers` only follows it. Finding a map for a file belongs to
`map_proposal`.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.policy.source_policy import FileForm, date_directives, has_day
from credit_platform.schemas.source_cells import SNAPSHOT_DATE, SourceCells

_BETWEEN = {" ": "[ \u00a0\u202f]", "'": "['\u2019]", ".": r"\.", ",": ","}
_EARLIEST_YEAR = 1000  # fewer digits are a year written by two of them, not one of the first millennium


@dataclass(frozen=True)
class ColumnMap:
    """How the files of a source are read.

    Attributes:
        names: the contract's column to the file's, None where the file has none; empty: exactly the contract's.
        cells: the contract's column to its text in the contract's form, over the file's text under the contract's name.
        shown: how messages name a column where it is not by the contract's name alone.
        dates: how messages say snapshot dates are written; None: as the contract says.
        has_header: whether the first line of CSV text is the header.
        encoding: of CSV text.
        delimiter: of CSV text.
        files: pattern of the files' names; None: names that begin with the source's.
        fingerprint: of all this; empty for the contract's own form.
        has_personal_data: whether the names in a header may be quoted.
    """

    names: Mapping[str, str | None] = field(default_factory=dict)
    cells: Mapping[str, pl.Expr] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    dates: str | None = None
    has_header: bool = True
    encoding: str = "utf-8"
    delimiter: str = ","
    files: str | None = None
    fingerprint: str = ""
    has_personal_data: bool = False


CONTRACT = ColumnMap()


def column_map(
    columns: Sequence[str],
    cells: SourceCells,
    form: FileForm,
    *,
    has_personal_data: bool = False,
    date: str | None = SNAPSHOT_DATE,
) -> ColumnMap:
    """What a form of files means for a source with these columns; any source's, also one that is only scored.

    `date` is the column that says the day of a row.
    """
    theirs = {column: form.columns.get(column, column) for column in columns} if form.columns else {}
    names = {column: f"column {name}" if isinstance(name, int) else name for column, name in theirs.items()}
    values = {name: value for name, value in form.model_dump(mode="json").items() if name in FileForm.model_fields}
    formats = {column: _date_format(form, column) for column in ((date, *cells.dates) if date else cells.dates)}
    is_foreign = (form.decimal, form.thousands, form.units) != (".", None, ())
    return ColumnMap(
        names=names,
        cells={
            **{column: _iso_date(column, written) for column, written in formats.items() if written is not None},
            **{column: _plain_number(column, form) for column in (cells.numbers if is_foreign else ())},
        },
        shown={column: f"{name} ({column})" for column, name in names.items() if name not in {None, column}},
        dates=formats[date] if date else None,
        has_header=form.has_header,
        encoding=form.encoding,
        delimiter=form.delimiter,
        files=form.files,
        fingerprint=json.dumps(values, sort_keys=True) if values else "",
        has_personal_data=has_personal_data,
    )


def _date_format(form: FileForm, column: str) -> str | None:
    written = form.date_format
    return written.get(column) if isinstance(written, Mapping) else written


def date_of(text: pl.Expr, written: str) -> pl.Expr:
    """The date that text in a form is, the first of the month where the form has no day; null for any other text."""
    whole, form = (text, written) if has_day(written) else ("1 " + text, f"%d {written}")
    day = whole.str.to_date(form, strict=False)
    return pl.when(day.dt.year() >= _EARLIEST_YEAR).then(day)


def _shape_of(written: str) -> str:
    """What text in a form of digits looks like, with a group per part; of a form with names of months, nothing does."""
    parts = {"%Y": r"(\d{4})", "%m": r"(\d{1,2})", "%d": r"(\d{1,2})"}
    pattern = re.sub(r"%.", lambda part: parts.get(part[0], r"[^\s\S]"), re.escape(written).replace(r"\%", "%"))
    return f"^{pattern}$"


def _iso_shape(text: pl.Expr, written: str) -> pl.Expr:
    """Digits in the lender's form in ISO's order: a date that no calendar has (30 February) remains one."""
    letters, none = date_directives(written), pl.lit(None, pl.String)
    parts = {letter: text.str.extract(_shape_of(written), n) for n, letter in enumerate(letters, start=1)}
    month, day = parts.get("m", none).str.zfill(2), parts.get("d", pl.lit("01")).str.zfill(2)
    return pl.concat_str(parts.get("Y", none), month, day, separator="-")


def _iso_date(column: str, written: str) -> pl.Expr:
    """A date in the lender's form as ISO text. Another form is never guessed: the cell says what it is not."""
    text = pl.col(column).str.strip_chars()
    day = date_of(text, written)
    return (
        pl.when(day.is_not_null())
        .then(day.dt.to_string("%Y-%m-%d"))
        .when(text.str.contains(_shape_of(written)))
        .then(_iso_shape(text, written))
        .when(text.str.contains(r"\d"))
        .then(text + f" (not {written})")
        .otherwise(text)
        .alias(column)
    )


def without_units(text: pl.Expr, units: Iterable[str]) -> pl.Expr:
    """Text without some texts around its number, and without blanks."""
    for unit in sorted(units, key=len, reverse=True):
        text = text.str.replace_all(unit, "", literal=True)
    return text.str.strip_chars()


def is_number(text: pl.Expr, decimal: str, thousands: str | None) -> pl.Expr:
    """Whether text is a number by these signs and no others; the contract's underscores behind it are left to it."""
    between = _BETWEEN[thousands] if thousands else None
    whole = rf"(?:\d{{1,3}}(?:{between}\d{{3}})+|\d*)" if between else r"\d*"
    pattern = rf"^[+-]?{whole}(?:{re.escape(decimal)}\d*)?(?:[eE][+-]?\d+)?_*$"
    return text.str.contains(pattern) & text.str.contains(r"\d")


def _plain_number(column: str, form: FileForm) -> pl.Expr:
    """A number in the lender's form as plain text. One in another form would be misread: the cell says so instead."""
    text = without_units(pl.col(column), form.units)
    plain = text.str.replace_all(_BETWEEN[form.thousands], "") if form.thousands else text
    is_other = text.str.strip_chars_end("_").cast(pl.Float64, strict=False).is_finite()
    return (
        pl.when(is_number(text, form.decimal, form.thousands))
        .then(plain.str.replace(form.decimal, ".", literal=True))
        .when(is_other)
        .then(text + f" (decimal sign {form.decimal})")
        .otherwise(pl.col(column))
        .alias(column)
    )


def header_error(
    source: str, file: Path, header: Sequence[str], by: ColumnMap, *, absent: Sequence[str], repeated: Sequence[str]
) -> SourceError:
    """Why a header is not the one that the map is for: the columns by both names, the nearest ones, and the fix."""
    # Where no mapped column is found the first line may be a row: then nothing of it is quoted.
    is_header = len(absent) < sum(name is not None for name in by.names.values())
    said = [f"column {_listed(by, absent)} is missing"] if absent else []
    said += [f"column {_listed(by, repeated)} appears more than once"] if repeated else []
    said += [_nearest(by.names[absent[0]] or "", header, by)] if absent and is_header else []
    said += [] if is_header else [f"none of the mapped columns is in its first line, which has {len(header)} cells"]
    others = [sign for sign in (";", "\t", "|", ",") if len(header) == 1 and sign in header[0] and sign != by.delimiter]
    hint = f"The header is separated by {others[0]!r}, not by {by.delimiter!r}. " if others else ""
    verb = f"`credit-platform map FILE --source {source}`"
    fix = f"{hint}Correct sources.{source} in model_config.yaml; {verb} proposes it."
    return SourceError(source=source, culprit=file.name, reason="; ".join(said), fix=fix)


def _listed(by: ColumnMap, columns: Iterable[str], most: int = 6) -> str:
    names = [by.shown.get(column, column) for column in columns]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _quoted(name: str) -> str:
    """A name of a header; in quotes where blanks around it would not be seen."""
    return name if name == name.strip() else repr(name)


def _nearest(name: str, header: Sequence[str], by: ColumnMap) -> str:
    """The names of a header that are most like one; where it has personal data, only their places."""
    lower = {known.lower(): place for place, known in enumerate(header, start=1)}
    places = [lower[found] for found in get_close_matches(name.lower(), lower, n=3, cutoff=0.5)]
    shown = [f"column {place}" if by.has_personal_data else _quoted(header[place - 1]) for place in places]
    return f"nearest to {name} in the header: {', '.join(shown)}" if shown else f"no name in the header is like {name}"
