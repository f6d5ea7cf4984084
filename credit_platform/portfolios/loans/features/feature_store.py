"""The feature store: what was known about each loan when it was applied for, joined point in time.

Nothing here is fitted to data; the features and their formulas are declared in feature_columns.
"""

import polars as pl

from credit_platform.portfolios.feature_set import declared_features
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM_SUMS, SOURCE_FLAGS
from credit_platform.portfolios.loans.features.feature_columns import FeatureColumns
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.sources.clickstream import sum_clickstream

_COUNTS_WITHOUT_HISTORY = ("n_clickstream_months", *CLICKSTREAM_SUMS)


def build_feature_store(
    loans: pl.LazyFrame,
    attributes: pl.LazyFrame,
    financials: pl.LazyFrame,
    clickstream: pl.LazyFrame,
    *,
    clickstream_months: int,
) -> pl.LazyFrame:
    """Features of every loan at MOB 0, using no row later than the loan's own month.

    Args:
        loans: silver/loan_snapshots rows of the wanted months.
        attributes: silver/customer_attributes of those and all earlier months; the customer's latest row with
            snapshot_date up to the loan's is used.
        financials: silver/customer_financials, likewise.
        clickstream: silver/customer_clickstream of those and all earlier months.
        clickstream_months: months of clickstream used, the month of application included.

    Returns:
        gold/feature_store rows, sorted by snapshot_month and loan_id.
    """
    applications = loans.filter(pl.col("mob") == 0).select("snapshot_month", "snapshot_date", "loan_id", "customer_id")
    sums = sum_clickstream(applications, clickstream, n_months=clickstream_months)
    joined = _attach_as_of(applications, attributes.drop("age"), flag="has_attributes")
    joined = _attach_as_of(joined, financials, flag="has_financials")
    return (
        joined.join(sums, on=["snapshot_month", "loan_id"], how="left")
        .with_columns(pl.col(_COUNTS_WITHOUT_HISTORY).fill_null(0))
        .with_columns(**formulas())
        .with_columns(sources_present=_sources_present())
        .select(_typed_columns())
        .sort("snapshot_month", "loan_id")
    )


def _attach_as_of(applications: pl.LazyFrame, known: pl.LazyFrame, *, flag: str) -> pl.LazyFrame:
    """Attach the customer's latest row dated no later than the application; `flag` says whether there is one."""
    facts = known.drop("snapshot_month", "repairs").with_columns(pl.lit(value=True).alias(flag)).sort("snapshot_date")
    return (
        applications.sort("snapshot_date")
        .join_asof(facts, on="snapshot_date", by="customer_id", strategy="backward", check_sortedness=False)
        .with_columns(pl.col(flag).fill_null(value=False))
    )


def formulas() -> dict[str, pl.Expr]:
    """Columns that are computed from the joined columns of the loan's row."""
    declared = declared_features(FeatureColumns).items()
    computed = {name: feature.formula for name, feature in declared if feature.formula is not None}
    return {"has_clickstream": pl.col("n_clickstream_months") > 0, **computed}


def _sources_present() -> pl.Expr:
    """The names of the sources that know the customer, sorted and joined by +."""
    names = [pl.when(flag).then(pl.lit(source)) for source, flag in sorted(SOURCE_FLAGS.items())]
    return pl.concat_str(names, separator="+", ignore_nulls=True)


def _typed_columns() -> list[pl.Expr]:
    return [pl.col(name).cast(column.dtype) for name, column in FeatureStore.columns().items()]
