"""A generated book from which loans leave in every way, and its portfolio tables."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from credit_platform.months import add_months
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform_tests.field_faults.tapes import (
    START,
)

N, LAG = 123, 6


REPAID, WRITTEN_OFF, VANISHED, MANY_VANISHED = (add_months(START, n) for n in range(4))


SPEC = BookSpec(first_month=START, n_months=10, cases_per_month=160, history_months=1, seed=7)


def sound(rows: pl.DataFrame, cohort: date) -> list[str]:
    """The loans of a cohort that never had anything overdue up to the label's month, in order."""
    started = pl.col("loan_start_date").str.starts_with(f"{cohort:%Y-%m}")
    due = rows.filter(started, pl.col("installment_num").cast(pl.Float64) <= LAG)
    by_loan = due.group_by("loan_id").agg(pl.col("overdue_amt").cast(pl.Float64).max(), pl.len())
    return by_loan.filter(pl.col("overdue_amt") == 0, pl.col("len") == LAG + 1)["loan_id"].sort().to_list()


def leave(
    rows: pl.DataFrame, *, cohort: date, n: int, after: int, overdue: str, balance: str | None = None
) -> pl.DataFrame:
    """Let `n` sound loans of a cohort leave after a month on book, with these amounts in their last row."""
    is_gone, mob = pl.col("loan_id").is_in(sound(rows, cohort)[:n]), pl.col("installment_num").cast(pl.Float64)
    is_last = is_gone & (mob == after)
    kept = rows.filter(~(is_gone & (mob > after)))
    return kept.with_columns(
        overdue_amt=pl.when(is_last).then(pl.lit(overdue)).otherwise("overdue_amt"),
        balance=pl.when(is_last & pl.lit(balance is not None)).then(pl.lit(balance)).otherwise("balance"),
    )


def portfolio(sql: str, rows: pl.DataFrame, month: date) -> pl.DataFrame:
    with duckdb.connect() as connection:
        connection.register("loan_snapshots", rows.drop("repairs").to_arrow())
        connection.register("as_of", pl.DataFrame({"snapshot_month": [month]}).to_arrow())
        return connection.sql(sql).pl()
