"""Loan tapes as lenders write them: one loan as its months, many loans as rows of the loan file.

What is right about a tape stands in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from credit_platform.months import add_months
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.source_rows import bronze_rows

START = date(2023, 1, 1)
Row = dict[str, str | None]


@dataclass(frozen=True)
class Month:
    """What the tape says of a loan in one month; amounts in currency units."""

    due: float = 1000.0
    overdue: float = 0.0
    balance: float = 5000.0
    paid: float = 0.0


PAID, GONE = Month(), None


def owing(*overdue: float | None, due: float = 1000.0, balance: float = 5000.0) -> list[Month | None]:
    """Months from the first instalment on, by what is overdue; None leaves a month out."""
    return [None if amount is None else Month(due, amount, balance) for amount in overdue]


def loan(name: str, months: Iterable[Month | None], *, start: date = START, tenure: int = 10) -> list[Row]:
    """The rows of one loan, from the month in which it was written (nothing is due then) through `months`."""
    rows: list[Row] = []
    for mob, month in enumerate([Month(due=0.0, balance=10000.0), *months]):
        if month is not None:
            rows.append(
                {
                    "loan_id": name,
                    "Customer_ID": f"CUS_{name}",
                    "loan_start_date": start.isoformat(),
                    "tenure": str(tenure),
                    "installment_num": str(mob),
                    "due_amt": str(month.due),
                    "paid_amt": str(month.paid),
                    "overdue_amt": str(month.overdue),
                    "balance": str(month.balance),
                    "snapshot_date": add_months(start, mob).isoformat(),
                }
            )
    return rows


def bronze(rows: Iterable[Row]) -> pl.DataFrame:
    """Rows of the loan file as bronze holds them, each in its own month."""
    frame = bronze_rows("lms_loan_daily", *rows).collect()
    month = pl.col("snapshot_date").str.to_date("%Y-%m-%d").dt.truncate("1mo")
    return frame.with_columns(snapshot_month=month).sort("snapshot_month", maintain_order=True)


def config(**label: object) -> ModelConfig:
    """The shipped model configuration with some keys of its label set otherwise."""
    content = LOANS.load_policy().model.model_dump()
    content["label"] |= label
    return LOANS.config.model_validate(content)


def silver(rows: Iterable[Row], **label: object) -> pl.DataFrame:
    """The loan snapshots made of some rows, under the shipped policy or another label."""
    cleaned = LOANS.case_source.clean(bronze(rows).lazy(), config(**label), {})
    return LOANS.case_source.silver.validate(cleaned.rows.collect())


def labels(rows: Iterable[Row], **label: object) -> pl.DataFrame:
    """The labels that become known in the months of some rows."""
    built = LOANS.outcome.build(silver(rows, **label).lazy(), config(**label).label)
    return LOANS.outcome.schema.validate(built.collect())
