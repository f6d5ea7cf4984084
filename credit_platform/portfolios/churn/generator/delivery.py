"""What comes in the files of which month: rows delivered late, and what drifts do to files.

How customers live belongs to `lives`, the ordinary dirt of every month to `dirt`.
"""

from datetime import date

import numpy as np
import polars as pl

from credit_platform.months import add_months
from credit_platform.portfolios.drifted_rows import ChangedForm

SALES_COLUMNS = ("customer_id", "order_id", "product_id", "transaction_date", "quantity", "amount")
FEEDBACK_COLUMNS = ("customer_id", "feedback_id", "feedback_date", "comment")
# Purchases of a month's last days that come in the file of the next month only.
LATE_RATE, LATE_DAYS = 0.06, 6
UNRECORDED_RATE, UNRECORDED_DAYS = 0.20, 5
MISSING_COLUMNS = ("income_group", "home_ownership", "household_size", "kids_count")
SALES_FORM = ChangedForm(decimals=("amount",), added=("store_id", "1"), renamed=("amount", "sales_value"))


def as_text(rows: pl.DataFrame, columns: tuple[str, ...], *kept: str) -> pl.DataFrame:
    """These columns of clean rows in the order of the files, and others that are `kept` as they are."""
    return rows.select(pl.col(columns).cast(pl.String), *kept)


def is_among_last(sales: pl.DataFrame, month: date, *, days: int, rate: float, rng: np.random.Generator) -> pl.Series:
    """Which lines are of that share of the purchases of a month's last days."""
    orders = sales["order_id"].unique(maintain_order=True)
    hit = orders.filter(pl.Series(rng.random(orders.len()) < rate))
    end = date.fromordinal(add_months(month, 1).toordinal() - days)
    return sales.select((pl.col("transaction_date") >= end) & pl.col("order_id").is_in(hit.implode())).to_series()
