"""Builders of bronze rows: sound by default, so that a test writes only the cells it is about.

Random or large books do not belong here; synthetic makes those.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.portfolios.loans.sources.bronze import (
    FeatureClickstream,
    FeaturesAttributes,
    FeaturesFinancials,
    LmsLoanDaily,
)
from credit_platform.schemas.cleaning.table_cleaning import source_columns

if TYPE_CHECKING:
    from pathlib import Path

Cells = Mapping[str, str | None]
SOURCES = {
    "lms_loan_daily": LmsLoanDaily,
    "features_attributes": FeaturesAttributes,
    "features_financials": FeaturesFinancials,
    "feature_clickstream": FeatureClickstream,
}
SOUND_CELLS: Mapping[str, Cells] = {
    "lms_loan_daily": {
        "loan_id": "CUS_0x1_2023_01_01",
        "Customer_ID": "CUS_0x1",
        "loan_start_date": "2023-01-01",
        "tenure": "10",
        "installment_num": "0",
        "loan_amt": "10000",
        "due_amt": "0.0",
        "paid_amt": "0.0",
        "overdue_amt": "0.0",
        "balance": "10000.0",
        "snapshot_date": "2023-01-01",
    },
    "features_attributes": {
        "Customer_ID": "CUS_0x1",
        "Name": "Ada",
        "Age": "40",
        "SSN": "913-74-1218",
        "Occupation": "Lawyer",
        "snapshot_date": "2023-01-01",
    },
    "features_financials": {
        "Customer_ID": "CUS_0x1",
        "Annual_Income": "36000.0",
        "Monthly_Inhand_Salary": "3000.0",
        "Num_Bank_Accounts": "3",
        "Num_Credit_Card": "4",
        "Interest_Rate": "12",
        "Num_of_Loan": "2",
        "Type_of_Loan": "Auto Loan, and Payday Loan",
        "Delay_from_due_date": "5",
        "Num_of_Delayed_Payment": "6",
        "Changed_Credit_Limit": "7.5",
        "Num_Credit_Inquiries": "2.0",
        "Credit_Mix": "Good",
        "Outstanding_Debt": "1500.0",
        "Credit_Utilization_Ratio": "30.0",
        "Credit_History_Age": "10 Years and 9 Months",
        "Payment_of_Min_Amount": "No",
        "Total_EMI_per_month": "60.0",
        "Amount_invested_monthly": "90.0",
        "Payment_Behaviour": "High_spent_Small_value_payments",
        "Monthly_Balance": "400.0",
        "snapshot_date": "2023-01-01",
    },
    "feature_clickstream": {
        **{f"fe_{number}": str(number * 10) for number in range(1, 21)},
        "Customer_ID": "CUS_0x1",
        "snapshot_date": "2023-01-01",
    },
}


def bronze_rows(source: str, *changes: Cells, month: date = date(2023, 1, 1)) -> pl.LazyFrame:
    """One bronze row per mapping of changed cells, all of one month and one file."""
    columns = source_columns(SOURCES[source])
    rows = [{**SOUND_CELLS[source], **cells} for cells in changes]
    texts = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()))
    return texts.with_columns(
        snapshot_month=pl.lit(month),
        source_file=pl.lit(f"{source}.csv"),
        source_line=pl.int_range(2, pl.len() + 2, dtype=pl.Int64),
    ).lazy()


def read_bronze(book: Path, source: str) -> pl.DataFrame:
    """A source file of a real book as bronze would hold it."""
    texts = pl.read_csv(book / f"{source}.csv", infer_schema=False)
    return texts.with_columns(
        snapshot_month=pl.col("snapshot_date").str.to_date("%Y-%m-%d").dt.truncate("1mo"),
        source_file=pl.lit(f"{source}.csv"),
        source_line=pl.int_range(2, pl.len() + 2, dtype=pl.Int64),
    )
