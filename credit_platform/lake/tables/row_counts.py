"""How many rows the months of a table have, by their files alone, and the newest month with cases.

What a number of rows means belongs to those who ask; reading the rows, to `monthly`.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.lake.layout import Layout, month_files

# Cells of all tables together that a step holds in memory at once, months permitting.
CELLS_AT_ONCE = 16_000_000


def row_counts(layout: Layout, table: str) -> dict[date, int]:
    """The rows of every month of a table; 0 of a file that cannot be read."""
    return {month: _n_rows(file) for month, file in month_files(layout.table(table)).items()}


def row_count(layout: Layout, table: str, month: date) -> int:
    """The rows of one month; 0 of a month that is not there, or cannot be read."""
    return _n_rows(layout.month_file(table, month))


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


def newest_with_cases(layout: Layout) -> date | None:
    """The newest month with a row in the bronze table of the cases; None where there is none."""
    files = month_files(layout.table(f"bronze/{layout.portfolio.case_source.name}"))
    return next((month for month, file in reversed(files.items()) if _n_rows(file)), None)


def _n_rows(file: Path) -> int:
    try:
        return pl.scan_parquet(file, glob=False).select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError):
        return 0
