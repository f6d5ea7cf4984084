"""What is known of an order when it is placed: the features, each declared once.

A feature is a column of `OrderFeatures` with `metadata={"feature": Feature(...)}`: a code, the reason in the words of
your own people, the reason that a customer is told, and in which direction more of it is riskier (+1) or safer (-1).
With a `formula` it is computed from the other columns of the row; without one it comes from silver under its name.
Numbers and texts (categories) are told apart by their type. Nothing fitted to data belongs here.
"""

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.feature_set import Feature, FeatureInput, FeatureSet, Levels, declared_features

_RATIO = pl.col("order_amount") / pl.when(pl.col("monthly_income") > 0).then(pl.col("monthly_income"))


class OrderFeatures(dy.Schema):
    """One row per order in its own month. The first three columns and the last are needed in every book."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the order (the cohort)")
    order_id = dy.String(primary_key=True, min_length=1, description="Identifier of the order")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")
    order_amount = dy.Float64(
        nullable=True,
        min=0,
        description="Value of the order, currency units",
        metadata={"feature": Feature("ORD01", "Value of the order", "The value of your order", direction=1)},
    )
    monthly_income = dy.Float64(
        nullable=True,
        min=0,
        description="Income per month, currency units",
        metadata={"feature": Feature("CUS01", "Income per month", "Your monthly income", direction=-1)},
    )
    order_to_income = dy.Float64(
        nullable=True,
        min=0,
        description="Value of the order over the income per month, ratio",
        metadata={
            "feature": Feature(
                "ORD02",
                "Value of the order over income",
                "The value of your order compared with your income",
                direction=1,
                formula=_RATIO,
            )
        },
    )
    residence = dy.String(
        nullable=True,
        min_length=1,
        description="How the customer lives: owner, tenant",
        metadata={
            "feature": Feature(
                "CUS02",
                "Owner or tenant",
                "How you live",
                levels=Levels(("owner", "tenant")),
                # A reason that is never given says why not; an empty text (the default) is given.
                never_given="What a customer cannot be expected to change is not told as a reason.",
            )
        },
    )
    # One flag per source that may know nothing of a customer, and the names of those that do.
    has_customers = dy.Bool(description="Whether silver/customers has a row of the customer")
    sources_present = dy.String(description="Names of the sources present, joined by +; empty without any")


def build_features(silver: Mapping[str, pl.LazyFrame], _config: ModelConfig) -> pl.LazyFrame:
    """The feature store: every new order of the months, with what was known of it then.

    Args:
        silver: the tables that `FEATURES.inputs` names, by name. Never join a row of a later month: it would not be
            known when the order is scored.
        _config: the policy, for books whose features depend on it.
    """
    known = silver["silver/customers"].select("snapshot_month", "customer_id", "monthly_income", "residence")
    formulas = {name: one.formula for name, one in declared_features(OrderFeatures).items() if one.formula is not None}
    has_customers = pl.col("has_customers").fill_null(value=False)
    return (
        silver["silver/orders"]
        .filter(pl.col("age_months") == 0)
        .join(known.with_columns(has_customers=True), on=["snapshot_month", "customer_id"], how="left")
        .with_columns(has_customers, **formulas)
        .with_columns(sources_present=pl.when("has_customers").then(pl.lit("customers")).otherwise(pl.lit("")))
        .select(OrderFeatures.column_names())
        .sort("snapshot_month", "order_id")
    )


FEATURES = FeatureSet(
    schema=OrderFeatures,
    # The first is the cases table. `month`: only rows of the order's own month; `history`: also those before.
    inputs=(FeatureInput("silver/orders", "month"), FeatureInput("silver/customers", "month")),
    build=build_features,
    source_flags={"customers": "has_customers"},
).with_declared()
