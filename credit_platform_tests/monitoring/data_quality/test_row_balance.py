from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from credit_platform.monitoring.data_quality.score import row_balance_sql
from credit_platform.schemas.monitoring import RowBalance

MONTH, QUIET_MONTH = date(2025, 1, 1), date(2025, 2, 1)


def _balance(bronze: pl.DataFrame, silver: pl.DataFrame, quarantine: pl.DataFrame) -> pl.DataFrame:
    with duckdb.connect() as connection:
        for name, frame in (("bronze", bronze), ("silver", silver), ("quarantine", quarantine)):
            connection.register(name, frame.to_arrow())
        connection.execute("create table as_of (snapshot_month date)")
        connection.executemany("insert into as_of values (?)", [[MONTH], [QUIET_MONTH]])
        return connection.sql(row_balance_sql("loan_snapshots", ["Loan id", 'odd"name'])).pl()


def _source(cells: list[tuple[str | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "snapshot_month": [MONTH] * len(cells),
            "Loan id": [first for first, _ in cells],
            'odd"name': [second for _, second in cells],
            "source_file": ["a.csv"] * len(cells),
            "source_line": list(range(2, len(cells) + 2)),
        }
    )


def _kept(repairs: list[list[str]]) -> pl.DataFrame:
    months = [MONTH] * len(repairs)
    return pl.DataFrame(
        {"snapshot_month": months, "repairs": repairs},
        schema={"snapshot_month": pl.Date, "repairs": pl.List(pl.String)},
    )


def test_repetitions_are_counted_in_the_source_nulls_included() -> None:
    bronze = _source([("1", "x"), ("1", "x"), (None, None), (None, None), ("2", None)])
    row = RowBalance.validate(_balance(bronze, _kept([["fixed"], []]), bronze.head(1))).row(0, named=True)
    assert row == {
        "snapshot_month": MONTH,
        "table": "loan_snapshots",
        "rows_in": 5,
        "rows_out": 2,
        "quarantined": 1,
        "duplicates_dropped": 2,
        "rows_repaired": 1,
    }


def test_a_month_without_rows_has_a_balance_of_nothing() -> None:
    bronze = _source([("1", "x")])
    row = _balance(bronze, _kept([[]]), bronze.clear()).row(1)
    assert row == (QUIET_MONTH, "loan_snapshots", 0, 0, 0, 0, 0)


def test_a_lost_row_breaks_the_rule() -> None:
    bronze = _source([("1", "x"), ("2", "y")])
    balance = _balance(bronze, _kept([[]]), bronze.clear())
    _, failures = RowBalance.filter(balance)
    assert failures.counts() == {"rows_in_equal_rows_out_plus_quarantined_plus_duplicates": 1}
