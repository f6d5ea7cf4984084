"""The feature store: what was known about each loan when it was applied for, joined point in time.

Nothing here is fitted to data; the feature names stand in catalogue.
"""

from collections.abc import Mapping

import polars as pl

from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM_SUMS, LOAN_KINDS, SOURCE_FLAGS
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.sources.attributes import occupation_group
from credit_platform.portfolios.loans.sources.clickstream import sum_clickstream
from credit_platform.portfolios.loans.sources.silver import LARGEST_AMOUNT

# Ratio to the two columns it is made of.
RATIOS: Mapping[str, tuple[str, str]] = {
    "debt_to_salary": ("outstanding_debt_amount", "monthly_inhand_salary_amount"),
    "emi_to_salary": ("emi_amount", "monthly_inhand_salary_amount"),
}
# The largest amount over a cent. Beyond it a divisor is no amount, and squares of the ratio fit no float: the spread of
# the whole feature would be infinite, and a model that divides by it would see nothing of any loan.
LARGEST_RATIO = LARGEST_AMOUNT * 100
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
    """Features that are computed from the joined columns of the loan's row."""
    return {
        "has_clickstream": pl.col("n_clickstream_months") > 0,
        "occupation_group": occupation_group(),
        **_loan_kind_counts(),
        **_ratios(),
    }


def _loan_kind_counts() -> dict[str, pl.Expr]:
    return {feature: pl.col("loan_types").list.count_matches(kind) for feature, kind in LOAN_KINDS.items()}


def _ratios() -> dict[str, pl.Expr]:
    """Features made of two or more columns; null where a part is unknown or a divisor is not positive.

    Counts are multiplied and added in a type that holds every result, and a ratio beyond `LARGEST_RATIO` is null.
    """
    n_banks, n_cards, n_loans, delay = (
        pl.col(name).cast(pl.Int64) for name in ("n_bank_accounts", "n_credit_cards", "n_loans", "delay_from_due_days")
    )
    n_credit_items = n_banks + n_cards
    return {
        "n_financial_products": n_credit_items + n_loans,
        "loans_per_credit_item": n_loans / _positive(n_credit_items),
        **{name: _ratio(part, whole) for name, (part, whole) in RATIOS.items()},
        "repayment_ability_amount": pl.col("monthly_inhand_salary_amount") - pl.col("emi_amount"),
        "loan_extent": delay * n_loans,
    }


def _ratio(part: str, whole: str) -> pl.Expr:
    ratio = pl.col(part) / _positive(pl.col(whole))
    return pl.when(ratio <= LARGEST_RATIO).then(ratio)


def _positive(value: pl.Expr) -> pl.Expr:
    return pl.when(value > 0).then(value)


def _sources_present() -> pl.Expr:
    """The names of the sources that know the customer, sorted and joined by +."""
    names = [pl.when(flag).then(pl.lit(source)) for source, flag in sorted(SOURCE_FLAGS.items())]
    return pl.concat_str(names, separator="+", ignore_nulls=True)


def _typed_columns() -> list[pl.Expr]:
    return [pl.col(name).cast(column.dtype) for name, column in FeatureStore.columns().items()]
