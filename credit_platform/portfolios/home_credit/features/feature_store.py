"""The feature store: what is known about each application, its children aggregated beside it.

Nothing here is fitted to data. The features are declared in the modules of the tables.
"""

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from credit_platform.portfolios.home_credit.features.application_features import OF_ALL, OF_APPLICATION
from credit_platform.portfolios.home_credit.features.bureau_features import BUREAU_FEATURES, BUREAU_MONTH_FEATURES
from credit_platform.portfolios.home_credit.features.declared_feature import CASE, columns_of
from credit_platform.portfolios.home_credit.features.payment_features import (
    CARD_FEATURES,
    INSTALMENT_FEATURES,
    POS_FEATURES,
)
from credit_platform.portfolios.home_credit.features.previous_features import PREVIOUS_FEATURES
from credit_platform.schemas.made_columns import schema_of

APPLICATIONS = "silver/applications"
CHILDREN = (
    BUREAU_FEATURES,
    BUREAU_MONTH_FEATURES,
    PREVIOUS_FEATURES,
    INSTALMENT_FEATURES,
    POS_FEATURES,
    CARD_FEATURES,
)
# Short name of a source to the column that says whether the applicant has any row in it.
SOURCE_FLAGS: dict[str, str] = {flag.removeprefix("has_"): flag for flag in sorted(child.flag for child in CHILDREN)}
_FEATURES = (*OF_APPLICATION, *(feature for child in CHILDREN for feature in child.features), *OF_ALL)
_Known = schema_of(
    columns_of(_FEATURES)
    | {child.flag: dy.Bool(description=f"Whether {child.table} has any row of the applicant") for child in CHILDREN}
)


class _Application(dy.Schema):
    """The application."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the application (the cohort)")
    application_id = dy.String(primary_key=True, min_length=1, description="Identifier of the application")
    customer_id = dy.String(min_length=1, description="Identifier of the customer: the application's own")


class ApplicationFeatures(_Application, _Known):
    """One row per application, with what was known when it was made."""

    sources_present = dy.String(description="Names of the sources present, joined by +, sorted; empty without any")


def build_feature_store(silver: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Features of every application.

    Args:
        silver: the seven silver tables by asset key, of the wanted months: an application's children have its month.

    Returns:
        gold/feature_store rows, sorted by month and application. Every child table is read once and has one row per
        applicant before it is joined; rows whose application is not there are left out.
    """
    known = {**{f.name: f.formula for f in OF_APPLICATION}}
    rows = silver[APPLICATIONS].select(*CASE, "customer_id", **known)
    for child in CHILDREN:
        rows = rows.join(child.aggregate(silver), on=CASE, how="left")
    flags = [pl.col(flag).fill_null(value=False) for flag in SOURCE_FLAGS.values()]
    names = [pl.when(flag).then(pl.lit(source)) for source, flag in SOURCE_FLAGS.items()]
    columns = (pl.col(name).cast(column.dtype) for name, column in ApplicationFeatures.columns().items())
    return (
        rows.with_columns(*flags, **{feature.name: feature.formula for feature in OF_ALL})
        .with_columns(sources_present=pl.concat_str(names, separator="+", ignore_nulls=True))
        .select(columns)
        .sort(CASE)
    )
