"""Customer clickstream: the rules that clean it, and its sums and means up to application.

Centring and scaling are fitted to training months and do not belong here.
"""

import polars as pl

from credit_platform.months import months_between_expr, source_date
from credit_platform.portfolios.loans.features.catalogue import CHANNELS
from credit_platform.portfolios.loans.sources.bronze import FeatureClickstream
from credit_platform.portfolios.loans.sources.due_rows import CUSTOMERS_DUE
from credit_platform.portfolios.loans.sources.silver import CustomerClickstream
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import (
    SOURCE,
    NumberCell,
    date_is_readable,
    identifier_is_readable,
    key_is_unique,
    snapshot_date_lies_in_its_month,
)
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs, plain_identifier
from credit_platform.schemas.cleaning.rule import CleaningRule
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import source_columns

# Negative values are data, so no channel has a range.
_CELLS = tuple(NumberCell.of(CustomerClickstream, channel, channel) for channel in CHANNELS)
_SNAPSHOT_DATE = source_date(f"{SOURCE}snapshot_date")
REPAIRS: tuple[CleaningRule, ...] = (
    *identifier_repairs("Customer_ID"),
    *(rule for cell in _CELLS for rule in cell.rules()),
)
REJECTIONS: tuple[CleaningRule, ...] = (
    identifier_is_readable("Customer_ID", "customer_id"),
    date_is_readable("snapshot_date"),
    snapshot_date_lies_in_its_month(),
    key_is_unique("Customer_ID"),
)


def sum_clickstream(applications: pl.LazyFrame, clickstream: pl.LazyFrame, *, n_months: int) -> pl.LazyFrame:
    """Sums and means of each channel over the `n_months` months that end with the month of application.

    Args:
        applications: snapshot_month, loan_id, customer_id; one row per loan.
        clickstream: silver/customer_clickstream rows of any months; those after an application are not used for it.
        n_months: length of the window in months, the month of application included.

    Returns:
        One row per application with any clickstream: snapshot_month, loan_id, n_clickstream_months, fe_i_sum, fe_i_mean
        (null where no month holds a readable value).
    """
    seen = clickstream.select("customer_id", pl.col("snapshot_month").alias("seen_month"), *CHANNELS)
    age_in_months = months_between_expr(pl.col("seen_month"), pl.col("snapshot_month"))
    totals = (
        applications.select("snapshot_month", "loan_id", "customer_id")
        .join(seen, on="customer_id", how="inner")
        .filter(age_in_months.is_between(0, n_months - 1))
        .group_by("snapshot_month", "loan_id")
        .agg(
            pl.col("seen_month").n_unique().cast(pl.Int32).alias("n_clickstream_months"),
            # Whole numbers add up exactly in any order; floats would not.
            *(pl.col(channel).sum().alias(f"{channel}_sum") for channel in CHANNELS),
            *(pl.col(channel).count().alias(f"{channel}_count") for channel in CHANNELS),
        )
    )
    means = (
        pl.when(pl.col(f"{channel}_count") > 0)
        .then(pl.col(f"{channel}_sum") / pl.col(f"{channel}_count"))
        .alias(f"{channel}_mean")
        for channel in CHANNELS
    )
    return totals.select(
        "snapshot_month",
        "loan_id",
        "n_clickstream_months",
        *(pl.col(f"{channel}_sum").cast(pl.Float64) for channel in CHANNELS),
        *means,
    )


FEATURE_CLICKSTREAM = Source.cleaned_by(
    TableCleaning(
        source_columns=source_columns(FeatureClickstream),
        columns=tuple(CustomerClickstream.column_names()),
        key=("customer_id",),
        cells=tuple(cell.number() for cell in _CELLS),
        values={
            "snapshot_date": _SNAPSHOT_DATE,
            "customer_id": identifier("Customer_ID"),
            **{cell.name: cell.value() for cell in _CELLS},
        },
        repairs=REPAIRS,
        rejections=REJECTIONS,
        plain_values={
            "snapshot_date": _SNAPSHOT_DATE,
            "customer_id": plain_identifier("Customer_ID"),
            **{cell.name: cell.plain_value() for cell in _CELLS},
        },
    ),
    name="feature_clickstream",
    bronze=FeatureClickstream,
    table="customer_clickstream",
    silver=CustomerClickstream,
    due=CUSTOMERS_DUE,
    flag="has_clickstream",
)
