"""A small sound delivery of all four sources, and ways to spoil one of its files.

Which spoilt file is expected to end how stands in the catalogues.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.lake.raw.deliveries import Reception
from credit_platform.lake.raw.sources import RawSource
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.data_quality import SourceGatePolicy
from credit_platform.portfolios.loans.portfolio import LOANS as LOAN_BOOK
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.source_rows import SOUND_CELLS

MONTHS = (date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1), date(2023, 4, 1))
ROWS_A_MONTH = 5  # line 1 is the header, lines 2-6 are January, 7-11 February, 12-16 March, 17-21 April
LOANS, ATTRIBUTES, FINANCIALS = "lms_loan_daily", "features_attributes", "features_financials"
CLICKS = "feature_clickstream"

Spoil = Callable[[Path], object]
How = Literal["refused", "held back", "quarantined", "repaired", "accepted"]
_CLEANERS = {
    LOANS: clean_loan_snapshots,
    ATTRIBUTES: clean_attributes,
    FINANCIALS: clean_financials,
    CLICKS: clean_clickstream,
}


@dataclass(frozen=True)
class BadInput:
    """One entry of a catalogue: a sound file of a source, spoilt, and how that must end.

    `says` is what the message must hold (refused, held back: in this order) or the rule that did it (quarantined,
    repaired); `rows` how many rows are left in silver.
    """

    name: str
    source: str
    spoil: Spoil
    how: How
    says: tuple[str, ...] = ()
    rows: int = ROWS_A_MONTH * len(MONTHS)


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery."""

    refusal: str
    held_back: dict[date, str]
    silver: pl.DataFrame
    quarantined: pl.DataFrame


def source_of(name: str) -> RawSource:
    known = LOAN_BOOK.source(name)
    return RawSource(name, known.columns, known.cells, required=name != CLICKS)


def sound_rows(source: str) -> list[list[str]]:
    """Header and rows as raw cells, quoted where they must be."""
    rows = [list(LOAN_BOOK.source(source).columns)]
    for month in MONTHS:
        for number in range(ROWS_A_MONTH):
            customer = f"CUS_0x{month.month}{number}"
            cells = {
                **SOUND_CELLS[source],
                "Customer_ID": customer,
                "loan_id": f"{customer}_{month:%Y_%m_%d}",
                "loan_start_date": month.isoformat(),
                "snapshot_date": month.isoformat(),
            }
            rows.append([_quoted(str(cells[column])) for column in rows[0]])
    return rows


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell


def write_rows(file: Path, rows: Sequence[Sequence[str]], *, end: str = "\n", separator: str = ",") -> None:
    file.write_bytes("".join(separator.join(row) + end for row in rows).encode())


def read_rows(file: Path) -> list[list[str]]:
    """The raw cells of a sound file, quotes kept."""
    found = csv.reader(io.StringIO(file.read_text(encoding="utf-8")))
    return [[_quoted(cell) for cell in row] for row in found]


def deliver(raw: Path, source: str) -> Path:
    """Write the sound file of a source."""
    raw.mkdir(parents=True, exist_ok=True)
    file = raw / f"{source}.csv"
    write_rows(file, sound_rows(source))
    return file


def reception(lake: Lake, source: str, *, is_replacing: bool = False) -> Reception:
    return Reception(
        lake=lake,
        source=source_of(source),
        gates=SourceGatePolicy(),
        first_month=MONTHS[0],
        last_month=MONTHS[-1],
        is_replacing=is_replacing,
        run_id="test",
    )


def outcome_of(lake: Lake, source: str) -> Outcome:
    """Take what is delivered all the way to silver and quarantine, as the assets do."""
    empty = pl.DataFrame()
    try:
        received = reception(lake, source).receive(MONTHS)
    except SourceError as error:
        return Outcome(str(error), {}, empty, empty)
    lake.write(f"bronze/{source}", received.rows, MONTHS)
    held_back = {r.month: " ".join(r.failures.values()) for r in received.receipts if r.failures}
    sound = [month for month in MONTHS if month not in held_back]
    if not sound:
        return Outcome("", held_back, empty, empty)
    cleaned = _CLEANERS[source](lake.scan(f"bronze/{source}", sound))
    silver, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
    return Outcome("", held_back, silver, quarantined)


def by_bytes(change: Callable[[bytes], bytes]) -> Spoil:
    """Spoil the bytes of a file."""
    return lambda file: file.write_bytes(change(file.read_bytes()))


def by_rows(
    change: Callable[[list[list[str]]], Sequence[Sequence[str]]], *, end: str = "\n", separator: str = ","
) -> Spoil:
    """Spoil the raw cells of a file."""
    return lambda file: write_rows(file, change(read_rows(file)), end=end, separator=separator)


def cell(line: int, column: str, text: str) -> Spoil:
    """Put raw text into one cell."""
    return cells((line,), column, text)


def cells(lines: Sequence[int], column: str, text: str) -> Spoil:
    """Put raw text into the cells of one column on some lines."""

    def change(rows: list[list[str]]) -> list[list[str]]:
        at = rows[0].index(column)
        for line in lines:
            rows[line - 1][at] = text
        return rows

    return by_rows(change)


def column_as(column: str, change: Callable[[str], str]) -> Spoil:
    """Change every cell of a column."""

    def changed(rows: list[list[str]]) -> list[list[str]]:
        at = rows[0].index(column)
        return [rows[0], *([*row[:at], change(row[at]), *row[at + 1 :]] for row in rows[1:])]

    return by_rows(changed)


def as_parquet(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Spoil:
    """Deliver a Parquet file in the place of the CSV file."""

    def spoil(file: Path) -> None:
        change(pl.read_csv(file, infer_schema=False)).write_parquet(file.with_suffix(".parquet"))
        file.unlink()

    return spoil
