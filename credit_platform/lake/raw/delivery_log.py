"""What was delivered: files last read, what was delivered for a month last, and the append-only log of months accepted.

The ledger says which months each file holds, so that a file without a wanted month need not be read again. A receipt
says what the gates made of a month; no time stands in it. The log says which rows every month was built from. Judging a
delivery belongs to `deliveries` and monitoring.source_gates.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from pydantic import TypeAdapter

from credit_platform.lake.files import locked_for_writing, to_line, whole_file, whole_lines, write_bytes
from credit_platform.lake.layout import Layout
from credit_platform.months import month_key, parse_month

_CELL, _ROW = "\x1f", "\x1e"


def file_rows(file: Path, sha256: str, dated: pl.DataFrame) -> pl.DataFrame:
    """One row per month of a file: path, sha256, rows, snapshot_month, month_rows."""
    return (
        dated.group_by("snapshot_month")
        .agg(month_rows=pl.len().cast(pl.Int64))
        .select(
            pl.lit(str(file)).alias("path"),
            pl.lit(sha256).alias("sha256"),
            pl.lit(dated.height).cast(pl.Int64).alias("rows"),
            "snapshot_month",
            "month_rows",
        )
    )


def read_known_files(layout: Layout, source: str) -> pl.DataFrame | None:
    """What was last read from a source; None before the first time."""
    file = layout.known_files(source)
    return pl.read_parquet(file, glob=False) if file.is_file() else None


def known_rows(ledger: pl.DataFrame | None, file: Path, sha256: str) -> pl.DataFrame | None:
    """What the ledger says of a file with these very bytes; None when they were never read."""
    if ledger is None:
        return None
    known = ledger.filter((pl.col("path") == str(file)) & (pl.col("sha256") == sha256))
    return known if known.height else None


def write_known_files(layout: Layout, source: str, parts: Sequence[pl.DataFrame]) -> None:
    """Write down what was read from each file of a source."""
    with whole_file(layout.known_files(source)) as part:
        pl.concat(parts).sort("path", "snapshot_month").write_parquet(part)


@dataclass(frozen=True)
class MonthContent:
    """The rows of a month as a set: a hash that neither order nor repeated rows change, and their number."""

    sha256: str
    distinct_rows: int


def content_by_month(rows: pl.DataFrame, columns: Sequence[str]) -> dict[date, MonthContent]:
    """Hash the source cells of every month; an empty cell and a missing one count as the same."""
    text = pl.concat_str([pl.col(column).fill_null("") for column in columns], separator=_CELL).alias("row")
    months = rows.select("snapshot_month", text).partition_by("snapshot_month", as_dict=True)
    return {month: _content(part["row"].sort()) for (month,), part in months.items() if isinstance(month, date)}


def _content(rising: pl.Series) -> MonthContent:
    # Sorting the texts of one month and then leaving out repeated ones takes a fourth of what `unique` takes.
    is_new = rising.ne_missing(rising.shift(1))
    distinct = rising if is_new.all() else rising.filter(is_new)
    return MonthContent(hashlib.sha256(distinct.str.join(_ROW).item().encode()).hexdigest(), distinct.len())


NOTHING = MonthContent(hashlib.sha256(b"").hexdigest(), 0)


@dataclass(frozen=True)
class DeliveryRecord:
    """One accepted delivery: the rows a month of a source is built from, and what they took the place of."""

    source: str
    month: date
    content_sha256: str
    replaced_sha256: str | None
    rows: int
    files: tuple[str, ...]
    run_id: str


@dataclass(frozen=True)
class DeliveryLog:
    """The log of one data folder, one JSON record a line."""

    layout: Layout

    def records(self) -> list[DeliveryRecord]:
        """Every record in the order it was written; a last line cut off by a crash is left out."""
        return [_record(json.loads(line)) for line in whole_lines(self.layout.deliveries()) if line]

    def accepted(self, source: str) -> dict[date, DeliveryRecord]:
        """The latest accepted delivery of every month of a source."""
        return {record.month: record for record in self.records() if record.source == source}

    def append(self, records: Sequence[DeliveryRecord]) -> None:
        """Write records behind all others, safely beside other processes."""
        if not records:
            return
        now = datetime.now(tz=UTC).isoformat(timespec="seconds")
        lines = [to_line({"time": now, **asdict(record), "month": month_key(record.month)}) for record in records]
        with locked_for_writing(self.layout.deliveries()) as log:
            log.append(*lines)


def _record(line: Mapping[str, object]) -> DeliveryRecord:
    files, rows, replaced = line["files"], line["rows"], line["replaced_sha256"]
    return DeliveryRecord(
        source=str(line["source"]),
        month=parse_month(str(line["month"])),
        content_sha256=str(line["content_sha256"]),
        replaced_sha256=None if replaced is None else str(replaced),
        rows=rows if isinstance(rows, int) else 0,
        files=tuple(str(name) for name in files) if isinstance(files, list) else (),
        run_id=str(line["run_id"]),
    )


@dataclass(frozen=True)
class Receipt:
    """What was delivered for one month of a source, and what became of it.

    Attributes:
        source: the source.
        month: the month.
        files: the files its rows came from.
        rows: rows delivered.
        delivered_sha256: hash of the rows that were delivered.
        content_sha256: hash of the rows the month's bronze table holds; another one when the delivery was not taken.
        replaced_sha256: hash of the rows whose place these took in this run.
        failures: what keeps the month from being built on, by gate.
        numbers: what was measured, for the plots over the months.
    """

    source: str
    month: date
    files: tuple[str, ...]
    rows: int
    delivered_sha256: str
    content_sha256: str
    replaced_sha256: str | None
    failures: Mapping[str, str]
    numbers: Mapping[str, int | float | str]

    @property
    def is_taken(self) -> bool:
        """Whether bronze holds the rows that were delivered."""
        return self.content_sha256 == self.delivered_sha256


_JSON = TypeAdapter(Receipt)


def write_receipts(layout: Layout, receipts: Sequence[Receipt]) -> None:
    """Write one file per month."""
    for receipt in receipts:
        write_bytes(layout.delivery_report(receipt.source, receipt.month), _JSON.dump_json(receipt, indent=1))


def read_receipts(layout: Layout, source: str, months: Sequence[date]) -> dict[date, Receipt]:
    """The receipts of some months; a month that was never received has none."""
    files = {month: layout.delivery_report(source, month) for month in months}
    return {month: _JSON.validate_json(file.read_bytes()) for month, file in files.items() if file.is_file()}
