"""A reader that never stops: every view and every table, through DuckDB and through Polars, while others write."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl
from typing_extensions import override

from credit_platform.lake.tables.catalog import monthly_tables
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key

MonthRows = tuple[str, str, int]  # table or view, month, rows


def rows_through_views(datamart: Path) -> set[MonthRows]:
    """Rows of every month of every view of the datamart."""
    with closing(duckdb.connect(str(datamart), read_only=True)) as connection:
        views = connection.execute("select schema_name, view_name from duckdb_views() where not internal").fetchall()
        return {
            (f"{schema}.{view}", str(month), rows)
            for schema, view in views
            for month, rows in connection.sql(
                f'select snapshot_month, count(*) from "{schema}"."{view}" group by 1'  # noqa: S608 - names of our views
            ).fetchall()
        }


def rows_of_tables(lake: Lake) -> set[MonthRows]:
    """Rows of every month of every table, every cell read."""
    return {
        (table, month_key(month), pl.read_parquet(lake.layout.month_file(table, month)).height)
        for table in monthly_tables(lake.layout)
        for month in lake.months(table)
    }


@dataclass
class RestlessReader(threading.Thread):
    """Reads a data folder again and again until it is told to stop; keeps all it saw and every failure."""

    lake: Lake
    seen: set[MonthRows] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    rounds: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._enough = threading.Event()

    __hash__ = threading.Thread.__hash__

    @override
    def run(self) -> None:
        while not self._enough.is_set():
            try:
                if self.lake.layout.datamart.is_file():
                    self.seen |= rows_through_views(self.lake.layout.datamart)
                self.seen |= rows_of_tables(self.lake)
                self.rounds += 1
            except (duckdb.Error, pl.exceptions.PolarsError, OSError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")

    def finish(self) -> None:
        self._enough.set()
        self.join(timeout=60)
