"""How an order turns out: the label, and the month in which it becomes known.

After how many months that is belongs to `config` and policy.
"""

import dataframely as dy
import polars as pl

from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.portfolio import Outcome


class OrderLabels(dy.Schema):
    """One row per order whose outcome is known in this month. Every book has these columns, with its own case key."""

    order_id = dy.String(primary_key=True, min_length=1, description="Identifier of the order")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")
    label = dy.Int8(is_in=(0, 1), description="1 when the order is unpaid, else 0")
    label_def = dy.String(min_length=1, description="Name of the definition")
    cohort = dy.Date(resolution="1mo", description="Month of the order, first day")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month in which the outcome is known")


def labels(cases: pl.LazyFrame, label: LabelPolicy) -> pl.LazyFrame:
    """The outcome of the orders that are as old as the label, read in the month in which they are.

    Args:
        cases: rows of silver/orders of any months.
        label: the definition from policy.
    """
    return (
        cases.filter(pl.col("age_months") == label.lag_months)
        .with_columns(
            label=pl.col("is_unpaid").cast(pl.Int8),
            label_def=pl.lit(label.label_def),
            cohort=pl.col("snapshot_month").dt.offset_by(f"-{label.lag_months}mo"),
        )
        .select(OrderLabels.column_names())
        .sort("snapshot_month", "order_id")
    )


OUTCOME = Outcome(schema=OrderLabels, build=labels)
