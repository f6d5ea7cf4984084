"""What comes in the files of which month: rows delivered late, and what drifts do to files.

How customers live belongs to `lives`, the ordinary dirt of every month to `dirt`.
"""

from datetime import date

import numpy as np
import polars as pl

from credit_platform.months import add_months

SALES_COLUMNS = ("customer_id", "order_id", "product_id", "transaction_date", "quantity", "amount")
FEEDBACK_COLUMNS = ("customer_id", "feedback_id", "feedback_date", "comment")
# Purchases of a month's last days that come in the file of the next month only.
LATE_RATE, LATE_DAYS = 0.06, 6
UNRECORDED_RATE, UNRECORDED_DAYS = 0.20, 5
MISSING_COLUMNS = ("income_group", "home_ownership", "household_size", "kids_count")
NEW_COLUMN = "store_id"
RENAMED_COLUMN, NEW_NAME = "amount", "sales_value"
# Up to which strength a schema change is no more than this; above the last, a column has another name.
ORDER_ONLY, _COMMAS, _ADDED = 0.25, 0.5, 0.75


def as_text(rows: pl.DataFrame, columns: tuple[str, ...], *kept: str) -> pl.DataFrame:
    """These columns of clean rows in the order of the files, and others that are `kept` as they are."""
    return rows.select(pl.col(columns).cast(pl.String), *kept)


def is_among_last(sales: pl.DataFrame, month: date, *, days: int, rate: float, rng: np.random.Generator) -> pl.Series:
    """Which lines are of that share of the purchases of a month's last days."""
    orders = sales["order_id"].unique(maintain_order=True)
    hit = orders.filter(pl.Series(rng.random(orders.len()) < rate))
    end = date.fromordinal(add_months(month, 1).toordinal() - days)
    return sales.select((pl.col("transaction_date") >= end) & pl.col("order_id").is_in(hit.implode())).to_series()


def without_cells(customers: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Empty that share of the cells of `MISSING_COLUMNS`."""
    return customers.with_columns(
        pl.when(pl.Series(rng.random(customers.height) >= share)).then(pl.col(name)).alias(name)
        for name in MISSING_COLUMNS
    )


def changed_schema(sales: pl.DataFrame, strength: float) -> pl.DataFrame:
    """Deliver the same sales in another form: other order, decimal commas, a new column or a renamed one."""
    if strength <= ORDER_ONLY:
        return sales.select(reversed(sales.columns))
    if strength <= _COMMAS:
        return sales.with_columns(pl.col(RENAMED_COLUMN).str.replace(".", ",", literal=True))
    if strength <= _ADDED:
        return sales.with_columns(pl.lit("1").alias(NEW_COLUMN))
    return sales.rename({RENAMED_COLUMN: NEW_NAME})
