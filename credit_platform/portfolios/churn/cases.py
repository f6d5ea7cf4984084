"""Whom a month is about: the customers who bought something lately.

Whether they came back is said by `outcome`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.cases import AppliedCases, MadeCases
from credit_platform.portfolios.churn.config import MONTHS_BACK, churn_label
from credit_platform.portfolios.churn.sources.sales import is_purchase
from credit_platform.portfolios.churn.sources.silver import CustomerMonths
from credit_platform.portfolios.feature_set import FeatureInput

SALES = "silver/sales"


def customers_of_months(
    silver: Mapping[str, pl.LazyFrame], months: Sequence[date], config: ModelConfig
) -> pl.LazyFrame:
    """The customers of some months.

    Args:
        silver: `silver/sales` of the months, and of the three before the first of them.
        months: the wanted months.
        config: `label.active_days` says how long ago the last purchase may be.

    Returns:
        silver/customer_months rows, sorted by month and case.
    """
    days = churn_label(config.label).active_days
    sales = silver[SALES]
    by_month = (
        sales.filter(is_purchase())
        .group_by("customer_id", bought_in="snapshot_month")
        .agg(first=pl.col("transaction_date").min(), last=pl.col("transaction_date").max())
    )
    reach = sales.group_by("snapshot_month").agg(sales_until=pl.col("transaction_date").max())
    wanted = pl.LazyFrame({"snapshot_month": months}, schema={"snapshot_month": pl.Date}).with_columns(
        snapshot_date=pl.col("snapshot_month").dt.month_end()
    )
    is_own = pl.col("bought_in") == pl.col("snapshot_month")
    return (
        wanted.join_where(
            by_month,
            pl.col("bought_in") <= pl.col("snapshot_month"),
            pl.col("last") > pl.col("snapshot_date").dt.offset_by(f"-{days}d"),
        )
        .group_by("snapshot_month", "snapshot_date", "customer_id")
        .agg(
            last_purchase_date=pl.col("last").max(),
            first_purchase_date=pl.when(is_own).then("first").min(),
        )
        .join(reach, on="snapshot_month")
        .with_columns(customer_month=case_key("snapshot_month"))
        .select(CustomerMonths.column_names())
        .sort("snapshot_month", "customer_month")
    )


def customers_handed_in(cases: pl.LazyFrame, silver: Mapping[str, pl.LazyFrame], config: ModelConfig) -> pl.LazyFrame:
    """Of some customers, each as of a day of its own, those who were active then.

    Args:
        cases: `snapshot_month, snapshot_date, customer_month, customer_id`.
        silver: `silver/sales` with at least the rows of these customers, four months back.
        config: as `customers_of_months` has it.

    Returns:
        Those columns and `last_purchase_date`.
    """
    bought = silver[SALES].filter(is_purchase()).select("customer_id", last_purchase_date="transaction_date")
    day = pl.col("snapshot_date")
    return (
        cases.join(bought, on="customer_id")
        .filter(
            pl.col("last_purchase_date") <= day,
            pl.col("last_purchase_date") > day.dt.offset_by(f"-{churn_label(config.label).active_days}d"),
        )
        .group_by("snapshot_month", "snapshot_date", "customer_month", "customer_id")
        .agg(pl.col("last_purchase_date").max())
    )


def case_key(month: str) -> pl.Expr:
    """Key of a customer's case in a month, over the column of a day of the month."""
    return pl.concat_str("customer_id", pl.col(month).dt.to_string("%Y-%m"), separator="@")


HANDED_IN = AppliedCases(
    key=case_key("snapshot_date"),
    build=customers_handed_in,
    is_of_a_month=True,
    otherwise="has bought nothing in the days before that make one a customer",
)

MADE_OF_SALES = MadeCases(
    source="sales",
    schema=CustomerMonths,
    inputs=(FeatureInput(SALES, MONTHS_BACK),),
    build=customers_of_months,
    remedy="The check names the month whose sales end too early or lack customers: look at its file of sales, have it "
    "delivered whole, then build the month and the three after it again.",
)
