"""The rows of a table by month, as they are handed on to be written, and as many months at a time as memory holds.

Reading and writing files belongs to `monthly`; counting every month of a table, to `row_counts`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.errors import TableError
from credit_platform.lake.layout import Layout

MONTH_COLUMN = "snapshot_month"
# Cells of all tables together that a step holds in memory at once, months permitting.
CELLS_AT_ONCE = 16_000_000


@dataclass(frozen=True)
class MonthParts:
    """The rows of several months, of which one is held at a time.

    Attributes:
        parts: every month of a run once, with its rows.
    """

    parts: Iterable[tuple[date, pl.DataFrame]]


def by_month(table: str, frame: pl.DataFrame, months: Sequence[date]) -> list[tuple[date, pl.DataFrame]]:
    """The rows of every month of `months`, none of a month that the frame does not have.

    Raises:
        TableError: the frame holds rows of a month that was not asked for.
    """
    parts = {
        month: part
        for (month,), part in frame.partition_by(MONTH_COLUMN, as_dict=True, maintain_order=True).items()
        if isinstance(month, date)
    }
    strangers = sorted(set(parts) - set(months))
    if strangers or sum(part.height for part in parts.values()) != frame.height:
        raise TableError(
            table=table,
            months=strangers or list(months),
            reason="rows of months that this run does not write",
            fix="This is a defect of the step that made them; report it with the run's log.",
        )
    return [(month, parts.get(month, frame.clear())) for month in months]


def row_count(layout: Layout, table: str, month: date) -> int:
    """The rows of one month; 0 of a month that is not there, or cannot be read."""
    return n_rows(layout.month_file(table, month))


def month_batches(layout: Layout, tables: Sequence[str], months: Sequence[date]) -> list[list[date]]:
    """Months in their order, as many at a time as can be held in memory: of these tables together, some million cells.

    A small book is one batch; a month of any size is one of its own.
    """
    widths = {table: len(layout.tables[table].columns()) for table in tables}
    batches: list[list[date]] = []
    room = 0
    for month in months:
        n_cells = sum(row_count(layout, table, month) * n for table, n in widths.items())
        if batches and n_cells <= room:
            batches[-1].append(month)
        else:
            batches.append([month])
            room = CELLS_AT_ONCE
        room -= n_cells
    return batches


def n_rows(file: Path) -> int:
    """The rows of a month's file; 0 of one that is not there, or cannot be read."""
    try:
        return pl.scan_parquet(file, glob=False).select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError):
        return 0
