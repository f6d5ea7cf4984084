"""The feature store: what was known of each customer on the last day of a month, and nothing after it.

Nothing here is fitted to data; the features and their ratios are declared in feature_columns.
"""

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from credit_platform.months import months_between_expr
from credit_platform.portfolios.churn.config import LONGEST_ACTIVE_DAYS, MONTHS_BACK
from credit_platform.portfolios.churn.features.feature_columns import FEEDBACK_MONTHS, MONTHS, CustomerFeatureColumns
from credit_platform.portfolios.churn.sources.sales import is_purchase
from credit_platform.portfolios.feature_set import FeatureInput, declared_features

CASES, SALES, FEEDBACK, CUSTOMERS = "silver/customer_months", "silver/sales", "silver/feedback", "silver/customers"
INPUTS = (
    FeatureInput(CASES, "month"),
    FeatureInput(SALES, MONTHS_BACK),
    FeatureInput(FEEDBACK, MONTHS_BACK),
    FeatureInput(CUSTOMERS, "history"),
)
# Short name of a source to the column that says whether it knows the customer.
FLAGS = {"customers": "has_profile", "feedback_raw": "has_feedback", "sales": "has_sales"}
_CASE = ("snapshot_month", "customer_month")
_PROFILE = ("income_group", "home_ownership", "household_size", "kids_count")
_COUNTS = ("n_orders_7d", *(f"n_orders_{n}m" for n in MONTHS), "n_feedback_4m")
# Amounts are added up as whole ten-thousandths: the sum of floats depends on their order.
_UNIT = 10_000


class _Case(dy.Schema):
    """Whom the row is about."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month (the cohort)")
    customer_month = dy.String(primary_key=True, min_length=1, description="Customer and month, as `123@2024-03`")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")


class CustomerFeatures(_Case, CustomerFeatureColumns):
    """One row per customer and month, with what was known on the month's last day."""

    has_profile = dy.Bool(description="Whether the customer's standing facts are known")
    has_feedback = dy.Bool(description="Whether the customer has commented in four months")
    has_sales = dy.Bool(description="Whether the customer has bought in three months: always")
    sources_present = dy.String(description="Names of the sources present, joined by +, sorted")


def build_feature_store(silver: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Features of the customers of some months.

    Args:
        silver: `silver/customer_months` of the months; `silver/sales` and `silver/feedback` of them and of the three
            before; `silver/customers` of them and of all before.

    Returns:
        gold/feature_store rows, sorted by month and case.
    """
    cases = silver[CASES].select(*_CASE, "customer_id", "snapshot_date", "last_purchase_date")
    flags = [pl.when(flag).then(pl.lit(source)) for source, flag in FLAGS.items()]
    typed = (pl.col(name).cast(column.dtype) for name, column in CustomerFeatures.columns().items())
    return (
        cases.with_columns(
            days_since_purchase=(pl.col("snapshot_date") - pl.col("last_purchase_date")).dt.total_days(),
            has_sales=pl.lit(value=True),
        )
        .join(_purchases(_seen(cases, silver[SALES], "transaction_date")), on=_CASE, how="left")
        .join(_gaps(_seen(cases, silver[SALES].filter(is_purchase()), "transaction_date")), on=_CASE, how="left")
        .join(_comments(_seen(cases, silver[FEEDBACK], "feedback_date")), on=_CASE, how="left")
        .join(_profiles(cases, silver[CUSTOMERS]), on=_CASE, how="left")
        .with_columns(pl.col(_COUNTS).fill_null(0), pl.col("has_profile", "has_feedback").fill_null(value=False))
        .with_columns(**_ratios("mean_order_amount_3m", "amount_trend", "orders_trend", "recency_over_gap"))
        .with_columns(sources_present=pl.concat_str(flags, separator="+", ignore_nulls=True))
        .select(typed)
        .sort(_CASE)
    )


def _ratios(*names: str) -> dict[str, pl.Expr]:
    declared = declared_features(CustomerFeatureColumns)
    return {name: formula for name in names if (formula := declared[name].formula) is not None}


def _seen(cases: pl.LazyFrame, rows: pl.LazyFrame, day: str) -> pl.LazyFrame:
    """The rows of each case's customer up to its snapshot, with `age_days` and `age_months` of each."""
    own = cases.select(*_CASE, "customer_id", "snapshot_date")
    return (
        own.join(rows.drop("snapshot_month", "repairs"), on="customer_id")
        .filter(pl.col(day) <= pl.col("snapshot_date"))
        .with_columns(
            age_days=(pl.col("snapshot_date") - pl.col(day)).dt.total_days(),
            age_months=months_between_expr(pl.col(day), pl.col("snapshot_date")),
        )
        .filter(pl.col("age_months") < MONTHS_BACK)
    )


def _purchases(seen: pl.LazyFrame) -> pl.LazyFrame:
    """Amounts, orders and products by window. The month itself is one month, with the one before it two."""
    cents = (pl.col("amount") * _UNIT).round().cast(pl.Int64)
    bought, returned = pl.when(is_purchase()).then(cents), pl.when(~is_purchase()).then(-cents)
    order, product = (pl.when(is_purchase()).then(name) for name in ("order_id", "product_id"))

    def spent(is_in: pl.Expr) -> pl.Expr:
        return cents.filter(is_in).sum().cast(pl.Float64) / _UNIT

    windows = {"7d": pl.col("age_days") < 7, **{f"{n}m": pl.col("age_months") < n for n in MONTHS}}
    last = windows["3m"]
    total = bought.filter(last).sum()
    return seen.group_by(_CASE).agg(
        **{f"amount_{name}": spent(is_in) for name, is_in in windows.items()},
        **{f"n_orders_{name}": order.filter(is_in).drop_nulls().n_unique() for name, is_in in windows.items()},
        n_products_3m=product.filter(last).drop_nulls().n_unique(),
        returned_share_3m=pl.when(total > 0).then(returned.filter(last).sum() / total),
    )


def _gaps(seen: pl.LazyFrame) -> pl.LazyFrame:
    """Days, weeks and gaps between days with a purchase, over the days a customer may be without one."""
    days = (
        seen.filter(pl.col("age_days") < LONGEST_ACTIVE_DAYS)
        .select(*_CASE, "age_days")
        .unique()
        .sort(*_CASE, "age_days")
        .with_columns(gap=pl.col("age_days").diff().over(_CASE))
    )
    return days.group_by(_CASE).agg(
        n_purchase_days_3m=pl.len(),
        n_purchase_weeks_3m=(pl.col("age_days") // 7).n_unique(),
        mean_gap_days=pl.col("gap").mean(),
        largest_gap_days=pl.col("gap").max(),
    )


def _comments(seen: pl.LazyFrame) -> pl.LazyFrame:
    """Number, age and sentiment of the comments."""

    def within(n: int) -> pl.Expr:
        return pl.col("sentiment").filter(pl.col("age_months") < n)

    # Four digits as whole numbers: the mean is the same in any order.
    def mean(n: int) -> pl.Expr:
        known = within(n).drop_nulls()
        return (known * _UNIT).round().cast(pl.Int64).sum() / pl.when(known.len() > 0).then(known.len()) / _UNIT

    last = pl.col("sentiment").sort_by("age_days", "feedback_id").drop_nulls().first()
    return seen.group_by(_CASE).agg(
        n_feedback_4m=pl.len(),
        days_since_feedback=pl.col("age_days").min(),
        sentiment_last=last,
        has_feedback=pl.lit(value=True).first(),
        **{f"sentiment_mean_{n}m": mean(n) for n in FEEDBACK_MONTHS},
        **{f"sentiment_low_{n}m": within(n).min() for n in FEEDBACK_MONTHS},
    )


def _profiles(cases: pl.LazyFrame, customers: pl.LazyFrame) -> pl.LazyFrame:
    """The customer's standing facts as of the month: those of the last delivery up to it."""
    facts = customers.select("customer_id", *_PROFILE, month="snapshot_month", has_profile=pl.lit(value=True))
    return (
        cases.select(*_CASE, "customer_id")
        .sort("snapshot_month")
        .join_asof(
            facts.sort("month"),
            left_on="snapshot_month",
            right_on="month",
            by="customer_id",
            strategy="backward",
            check_sortedness=False,
        )
        .select(*_CASE, *_PROFILE, "has_profile")
    )
