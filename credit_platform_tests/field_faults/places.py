"""A table of two months, and folders of odd names for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS

MONTHS = [date(2023, 1, 1), date(2023, 2, 1)]


TABLE = "gold/label_store"


ODD = "br[1] per%20cent a?b #'ü=x"


def labels(*months: date, label: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "loan_id": f"L{n}",
                "customer_id": f"C{n}",
                "label": label,
                "label_def": "30dpd_6mob",
                "dpd": 0,
                "cohort": date(2022, 1, 1),
                "snapshot_month": month,
            }
            for n, month in enumerate(months)
        ],
        schema={name: column.dtype for name, column in LOANS.outcome.schema.columns().items()},
    )


def lake_at(folder: Path) -> Lake:
    lake = Lake.at(folder, portfolio=LOANS)
    lake.write(TABLE, labels(*MONTHS), MONTHS)
    return lake


def broken_link(file: Path) -> None:
    file.symlink_to("/none")
