"""Late corrections: deliveries that took the place of others after a month had been made of them.

What a table says differently since is found in `replay`; taking a corrected delivery is decided in lake.deliveries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.cli.book import Book
from credit_platform.cli.replay.replay import Replay, distinct, row_names
from credit_platform.cli.run.restatement import stale_tables
from credit_platform.lake.raw.delivery_log import DeliveryRecord
from credit_platform.lake.tables.table_versions import TableVersion, version_file
from credit_platform.monitoring.data_quality.version_difference import Difference, difference


@dataclass(frozen=True)
class LateCorrection:
    """A delivery that arrived after the replayed month had been made of the one before.

    Attributes:
        source: the source.
        month: the month the delivery is of; the replayed one, or one it looks back on.
        time: when bronze took it, UTC.
        change: what it says differently; None where the former delivery is not kept any more.
        not_made_again: tables of the replayed month that rest on it and were not made again since.
    """

    source: str
    month: date
    time: str
    change: Difference | None
    not_made_again: tuple[str, ...]


def late_corrections(book: Book, replay: Replay, repository: dg.RepositoryDefinition) -> list[LateCorrection]:
    """The corrections of the replayed month and of those before it that came after its tables were first made."""
    bronze = [e for e in distinct(replay.editions) if e.table.startswith("bronze/") and e.month <= replay.month]
    found = []
    for place, later in enumerate(bronze):
        former = [e for e in bronze[:place] if (e.table, e.month) == (later.table, later.month)]
        if former and later.sequence > replay.first_made:
            touched = _touched(book, replay, repository, later)
            if touched or later.month == replay.month:
                change, waiting = _change(book, former[-1], later), _waiting(replay, touched, later)
                found.append(LateCorrection(_source(later), later.month, later.time, change, waiting))
    return found


def _source(edition: TableVersion) -> str:
    return edition.table.removeprefix("bronze/")


def _change(book: Book, former: TableVersion, later: TableVersion) -> Difference | None:
    files = [version_file(book.lake.layout, e.table, e.month, e.sha256) for e in (former, later)]
    frames = [pl.read_parquet(file, glob=False) for file in files if file is not None]
    return (
        difference(frames[0], frames[1], row_names(book.lake.layout, later.table))
        if len(frames) == len(files)
        else None
    )


def _touched(book: Book, replay: Replay, repository: dg.RepositoryDefinition, later: TableVersion) -> list[str]:
    """The tables of the replayed month that rest on a delivery."""
    delivered = DeliveryRecord(_source(later), later.month, "", None, 0, (), "")
    tables = stale_tables(repository, book.lake, [delivered], [])
    mine = {table.table for table in replay.tables}
    return [table for table, months in tables.items() if replay.month in months and table in mine]


def _waiting(replay: Replay, touched: Sequence[str], later: TableVersion) -> tuple[str, ...]:
    """Of some tables of the month, those that were not written since a delivery, not even as they were."""
    written = {e.table: e.sequence for e in replay.editions if e.month == replay.month}
    return tuple(table for table in touched if written.get(table, 0) < later.sequence)
