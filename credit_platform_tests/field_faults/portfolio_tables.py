"""The portfolio tables of a few loans."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from credit_platform.lake.tables.catalog import create_as_of
from credit_platform.portfolios.loans.portfolio import LOANS as LOAN_BOOK


def portfolio_tables(silver: pl.DataFrame, months: list[date]) -> dict[str, pl.DataFrame]:
    """The book's SQL tables over some loan snapshots."""
    made = {}
    with duckdb.connect() as connection:
        connection.register("loan_snapshots", silver.to_arrow())
        create_as_of(connection, months)
        for table in LOAN_BOOK.tables:
            made[table.name] = connection.sql(
                table.sql if isinstance(table.sql, str) else table.sql(LOAN_BOOK.load_policy().model.label)
            ).pl()
    return made
