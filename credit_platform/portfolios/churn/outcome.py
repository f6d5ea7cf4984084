"""The outcome of a customer's month: whether anything was bought in the days after it.

A label is there from the first month on whose data reach the end of the window, and not before: in data that end
earlier everybody would seem to have left.
"""

import dataframely as dy
import polars as pl

from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.churn.config import ChurnLabelPolicy, churn_label

NOT_REACHED = "sales_end_before_the_window"


class ChurnStore(dy.Schema):
    """One row per customer and month whose window after the month has ended."""

    customer_month = dy.String(primary_key=True, min_length=1, description="Customer and month, as `123@2024-03`")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")
    label = dy.Int8(is_in=(0, 1), description="1 when nothing was bought in the window after the month, else 0")
    label_def = dy.String(min_length=1, description="Name of the definition, as churn_30d")
    cohort = dy.Date(resolution="1mo", description="Month the customer belongs to, first day")
    window_end = dy.Date(description="Last day of the window")
    next_purchase_date = dy.Date(nullable=True, description="Day of the first purchase in the window; null of churned")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the window's last day")

    @dy.rule()
    def label_is_read_in_the_month_of_the_windows_end(cls) -> pl.Expr:
        """No label is known before its window has ended."""
        return cls.snapshot_month.col == cls.window_end.col.dt.month_start()

    @dy.rule()
    def churned_are_those_without_a_purchase(cls) -> pl.Expr:
        """The label says what the next purchase says."""
        return (cls.label.col == 1) == cls.next_purchase_date.col.is_null()


def churned(cases: pl.LazyFrame, label: LabelPolicy) -> pl.LazyFrame:
    """The labels of all windows that have ended in the data.

    Args:
        cases: silver/customer_months rows of the months up to the last wanted one, from the cohorts on.
        label: the definition.

    Returns:
        gold/label_store rows, sorted by snapshot_month and customer_month.
    """
    policy = churn_label(label)
    bought = cases.drop_nulls("first_purchase_date").select("customer_id", next="first_purchase_date")
    return (
        cases.select("customer_month", "customer_id", "snapshot_date", cohort="snapshot_month")
        .with_columns(window_end=pl.col("snapshot_date").dt.offset_by(f"{policy.window_days}d"))
        .with_columns(snapshot_month=pl.col("window_end").dt.month_start())
        .join(_reached(cases, policy), on=["cohort", "snapshot_month"], how="semi")
        .sort("snapshot_date")
        .join_asof(
            bought.sort("next"),
            left_on="snapshot_date",
            right_on="next",
            by="customer_id",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .with_columns(next_purchase_date=pl.when(pl.col("next") <= pl.col("window_end")).then("next"))
        .with_columns(label=pl.col("next_purchase_date").is_null().cast(pl.Int8), label_def=pl.lit(policy.label_def))
        .select(ChurnStore.column_names())
        .sort("snapshot_month", "customer_month")
    )


def _reached(cases: pl.LazyFrame, policy: ChurnLabelPolicy) -> pl.LazyFrame:
    """`cohort, snapshot_month` of the windows through which sales are known, each month of them to its end."""
    known = cases.group_by("snapshot_month").agg(pl.col("snapshot_date").first(), pl.col("sales_until").first())
    ends = known.select(
        cohort="snapshot_month", window_end=pl.col("snapshot_date").dt.offset_by(f"{policy.window_days}d")
    )
    due = ends.with_columns(
        snapshot_month=pl.col("window_end").dt.month_start(),
        month=pl.date_ranges(pl.col("cohort").dt.offset_by("1mo"), pl.col("window_end").dt.month_start(), "1mo"),
    ).explode("month")
    needed = pl.min_horizontal(pl.col("month").dt.month_end(), "window_end")
    quiet = pl.duration(days=policy.quiet_days)
    is_there = (pl.col("sales_until") >= needed - quiet).fill_null(value=False)
    return (
        due.join(known.select("sales_until", month="snapshot_month"), on="month", how="left")
        .group_by("cohort", "snapshot_month")
        .agg(is_there.all().alias("is_reached"))
        .filter("is_reached")
    )
