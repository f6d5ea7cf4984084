"""The feature store of a Home Credit book by plain DuckDB SQL: `scale_duckdb RAW_DIR FILE.parquet`.

Started as a process of its own, so that its cost includes its imports. It reads the files as they are: nothing is kept
on the way, looked at for faults, or given a month.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

SQL = Path(__file__).with_name("scale_features.sql").read_text(encoding="utf-8")
_CHILDREN = (
    "bureau",
    "bureau_balance",
    "previous_application",
    "installments_payments",
    "POS_CASH_balance",
    "credit_card_balance",
)
FILES = {"application": "application_*.csv"} | {name: f"{name}.csv" for name in _CHILDREN}


def build(raw_dir: Path, parquet: Path) -> None:
    """Read the files, aggregate and join, write one Parquet file."""
    with duckdb.connect() as connection:
        for name, pattern in FILES.items():
            connection.execute(f"create view {name} as from read_csv('{raw_dir / pattern}', union_by_name = true)")
        connection.execute(SQL.replace("{parquet}", str(parquet)))


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
