"""A proposal which column of a lender's file is which of the contract's, and how its cells are written.

Names decide, the shape of the cells rules out; a person confirms. How a file is cut into cells belongs to
`file_sample`, reading by a map to `column_map`.
"""

import glob
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import polars as pl

from credit_platform.lake.raw.column_map import date_of, is_number, without_units
from credit_platform.lake.raw.file_sample import FileSample
from credit_platform.lake.raw.raw_file import format_of
from credit_platform.policy.source_policy import Decimal, FileForm, Thousands, has_day
from credit_platform.portfolios.source import Source
from credit_platform.schemas.source_cells import SNAPSHOT_DATE

_ABBREVIATIONS: Mapping[str, str] = {
    **dict.fromkeys(("no", "nbr", "nr", "num"), "number"),
    **dict.fromkeys(("amt", "amnt"), "amount"),
    **dict.fromkeys(("dt", "d"), "date"),
    **dict.fromkeys(("orig", "origination", "originated"), "original"),
    **dict.fromkeys(("curr", "cur"), "current"),
    **dict.fromkeys(("pmt", "pymnt", "pymt"), "payment"),
    **dict.fromkeys(("prin", "prncp"), "principal"),
    **dict.fromkeys(("mth", "mths", "month"), "months"),
    **dict.fromkeys(("reporting", "rpt"), "report"),
    **dict.fromkeys(("identifier", "ident"), "id"),
    **dict.fromkeys(("instalment", "instalments", "installments"), "installment"),
    "bal": "balance", "cust": "customer", "int": "interest", "inc": "income", "acct": "account", "acc": "account",
    "inq": "inquiries", "util": "utilization", "utilisation": "utilization", "emp": "employment", "revol": "revolving",
}  # fmt: skip
_DATE_FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m", "%Y/%m", "%Y%m"),
    *("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y", "%d-%m-%y", "%d%m%Y", "%d/%m/%Y %H:%M:%S"),
    *("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y", "%m%d%Y", "%m/%d/%Y %H:%M:%S", "%m/%Y", "%m-%Y", "%m%Y"),
    *("%d-%b-%Y", "%d %b %Y", "%d%b%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%b-%Y", "%b %Y", "%B %Y"),
    *("%b-%y", "%b %y"),
)
_SIGNS: tuple[tuple[Decimal, Thousands | None], ...] = (
    (".", None),
    (".", ","),
    (",", None),
    (",", "."),
    (",", " "),
    (".", " "),
    (".", "'"),
)
_LOOKS_LIKE_A_NUMBER = r"^[^\d]{0,4}\d[\d.,' \u00a0\u202f]*(?:[eE][+-]?\d+)?_*[^\d]{0,10}$"
_NEARLY_ALL, _LIKE_ENOUGH, _UNIT_SHARE = 0.95, 0.62, 0.05
_PLAUSIBLE_YEARS = (1930, 2100)


@dataclass(frozen=True)
class MapProposal:
    """A form for a file of a source.

    Attributes:
        source: its name.
        form: the form; columns that were not found and are not needed are null in it.
        missing: needed columns that were not found, or whose cells cannot be read.
        empty: other columns that were not found.
        remarks: what a person should look at.
        found_share: share of the source's columns that were found.
    """

    source: str
    form: FileForm
    missing: tuple[str, ...]
    empty: tuple[str, ...]
    remarks: tuple[str, ...]
    found_share: float


def propose_map(source: Source, file: Path, sample: FileSample, synonyms: Mapping[str, Sequence[str]]) -> MapProposal:
    """Find the columns of a source in a file."""
    places = _places(source, sample, synonyms)
    dates = _dates(source, sample, places)
    units, decimal, thousands, doubt = _numbers(
        [sample.cells(places[c]) for c in source.cells.numbers if c in places and places[c] not in sample.typed]
    )
    remarks = [*([doubt] if doubt else []), *(f"{c}: its dates read in no one form" for c, f in dates.items() if not f)]
    twice = sorted({name for name in sample.header if name.strip() and sample.header.count(name) > 1})
    remarks += [f"names that are in the header more than once are not read ({len(twice)})"] if twice else []
    unread = {column for column, formats in dates.items() if len(formats) != 1}
    remarks += [f"{c}: its dates read as {' and as '.join(f)}; say which" for c, f in dates.items() if len(f) > 1]
    for column in unread:
        places.pop(column)
    header = sample.header
    usual = format_of(file) is not None and file.name.startswith(source.stems or source.name)
    is_contract = sorted(header) == sorted(source.columns)
    needed = source.needed_columns
    form = FileForm(
        files=None if usual else re.sub(r"\d[\d._-]*", "*", glob.escape(file.stem)) + file.suffix,
        columns={}
        if is_contract
        else {
            column: header[places[column]] if column in places else None
            for column in source.columns
            if column in places or column not in needed
        },
        date_format=_one_format({column: formats[0] for column, formats in dates.items() if len(formats) == 1}),
        decimal=decimal,
        thousands=thousands,
        units=units,
        encoding=sample.encoding,
        delimiter=sample.delimiter,
    )
    return MapProposal(
        source=source.name,
        form=form,
        missing=tuple(column for column in needed if column not in places),
        empty=tuple(column for column in source.columns if column not in places and column not in needed),
        remarks=tuple(remarks),
        found_share=len(places) / len(source.columns),
    )


def words_of(name: str) -> tuple[str, ...]:
    """The words of a column's name, in lower case, usual abbreviations written out."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(_ABBREVIATIONS.get(word, word) for word in re.findall(r"[^\W_]+", spaced.lower()))


def likeness(name: str, known: str) -> float:
    """How much a column's name is one that is known, 0 to 1."""
    mine, theirs = words_of(name), words_of(known)
    if not mine or not theirs:
        return 0.0
    if "".join(mine) == "".join(theirs):
        return 1.0
    if sorted(mine) == sorted(theirs):
        return 0.95
    ratio = SequenceMatcher(None, " ".join(mine), " ".join(theirs)).ratio()
    # All words of a name of several words, among others: `loan_original_upb`.
    if len(theirs) > 1 and set(theirs) <= set(mine):
        return 0.7 + 0.2 * ratio
    return ratio * 0.75 if ratio >= 0.85 else 0.0


def _places(source: Source, sample: FileSample, synonyms: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The place of every column that was found; each place is given once, the most alike first."""
    fits = {
        **dict.fromkeys(source.cells.numbers, _share_of_numbers),
        **dict.fromkeys((SNAPSHOT_DATE, *source.cells.dates), _share_of_dates),
    }
    found = []
    for rank, column in enumerate(source.columns):
        names = (column, *synonyms.get(column, ()))
        for place, name in enumerate(sample.header):
            if sample.header.count(name) > 1:
                continue  # nobody can say which of them is meant
            like = max(likeness(name, known) - (n > 0) * 0.01 - n * 0.0001 for n, known in enumerate(names))
            if like >= _LIKE_ENOUGH and _fits(sample.cells(place), fits.get(column)):
                found.append((-like, rank, place, column))
    places: dict[str, int] = {}
    for _, _, place, column in sorted(found):
        if column not in places and place not in places.values():
            places[column] = place
    return places


def _fits(cells: pl.Series, share: Callable[[pl.Series], float] | None) -> bool:
    return share is None or cells.is_empty() or share(cells) >= _NEARLY_ALL - 0.15


def _share(cells: pl.Series, holds: pl.Expr) -> float:
    return float(cells.to_frame("cell").select(holds.fill_null(value=False).mean()).item() or 0.0)


def _share_of_numbers(cells: pl.Series) -> float:
    return _share(cells, pl.col("cell").str.contains(_LOOKS_LIKE_A_NUMBER))


def _share_of_dates(cells: pl.Series) -> float:
    return max(_shares_by_format(cells).values(), default=0.0)


def _shares_by_format(cells: pl.Series) -> dict[str, float]:
    """The formats that read most of the cells as dates of a plausible year, each with its share."""
    frame, (first, last) = cells.to_frame("cell"), _PLAUSIBLE_YEARS
    years = {written: date_of(pl.col("cell"), written).dt.year().is_between(first, last) for written in _DATE_FORMATS}
    shares = frame.select(holds.fill_null(value=False).mean().alias(written) for written, holds in years.items())
    return {written: share for written, share in shares.row(0, named=True).items() if share and share >= 0.5}


def _dates(source: Source, sample: FileSample, places: Mapping[str, int]) -> dict[str, list[str]]:
    """The formats that the dates of each column can be read by: one where all is well, several where they differ."""
    chosen: dict[str, list[str]] = {}
    for column in (SNAPSHOT_DATE, *source.cells.dates):
        if column not in places:
            continue
        cells = sample.cells(places[column])
        if places[column] in sample.typed or cells.is_empty():
            chosen[column] = ["%Y-%m-%d"]
            continue
        shares = _shares_by_format(cells)
        best = [written for written, share in shares.items() if share >= max(_NEARLY_ALL, *shares.values())]
        best = _with_steady_day(cells, best) if column == SNAPSHOT_DATE else best
        known = [formats[0] for formats in chosen.values() if len(formats) == 1]
        chosen[column] = [written for written in best if written in known][:1] or best
    return chosen


def _with_steady_day(cells: pl.Series, formats: list[str]) -> list[str]:
    """Snapshots are taken on one day of the month: of several formats, the one under which the day is the same."""
    if len(formats) < 2:
        return formats
    days = {
        written: cells.to_frame("cell").select(date_of(pl.col("cell"), written).dt.day().n_unique()).item()
        for written in formats
        if has_day(written)
    }
    months = cells.n_unique()
    steady = [written for written, n in days.items() if n == 1 and months > 1]
    return steady if len(steady) == 1 else formats


def _one_format(formats: Mapping[str, str]) -> str | dict[str, str] | None:
    foreign = {column: written for column, written in formats.items() if written != "%Y-%m-%d"}
    if not foreign:
        return None
    return next(iter(foreign.values())) if len(set(formats.values())) == 1 else foreign


def _numbers(columns: Sequence[pl.Series]) -> tuple[tuple[str, ...], Decimal, Thousands | None, str | None]:
    """Units, decimal sign, thousands sign, and what is doubtful about them."""
    units: Counter[str] = Counter()
    # A text without a digit is no number with a unit around it, and may be anybody's name.
    for cells in (column.filter(column.str.contains(r"\d")) for column in columns):
        texts = cells.str.extract_all(r"[^\d\s.,'_+\u00a0\u202f-]+(?:\s*[^\d\s.,'_+-]+)*").list.explode().drop_nulls()
        counts = texts.value_counts().iter_rows() if len(texts) else ()
        units.update({str(unit): n for unit, n in counts if n >= _UNIT_SHARE * len(cells) and unit not in {"e", "E"}})
    if not columns or not sum(map(len, columns)):
        return (), ".", None, None
    cell = pl.concat([cells.alias("cell") for cells in columns])
    text = without_units(pl.col("cell"), units)
    shares = {signs: _share(cell, is_number(text, *signs)) for signs in _SIGNS}
    decimal, thousands = max(shares, key=lambda signs: shares[signs])
    return tuple(units), decimal, thousands, _doubt(cell, decimal)


def _doubt(cell: pl.Series, decimal: str) -> str | None:
    """What to look at where every number with a sign in it would read as decimals and as thousands alike."""
    split = cell.filter(cell.str.contains(r"\d[.,]\d"))
    if split.is_empty() or not split.str.contains(r"^\D*\d{1,3}[.,]\d{3}\D*$").all():
        return None
    sign = "," if "," in split[0] else "."
    kind = "decimals" if sign == decimal else "thousands"
    return f"numbers such as 9{sign}999 are taken for {kind}; if not, correct decimal and thousands"
