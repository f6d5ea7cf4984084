"""The outcome of an application: the delivered TARGET, known in its own month.

What becomes of applications without one is said by `TO_COME`; a row whose TARGET is neither 0 nor 1 is set aside by
cleaning.
"""

import dataframely as dy
import polars as pl

from credit_platform.policy.model_config import LabelPolicy

TO_COME = pl.col("target").is_null()


class TargetStore(dy.Schema):
    """One row per application whose outcome was delivered with it."""

    application_id = dy.String(primary_key=True, min_length=1, description="Identifier of the application")
    customer_id = dy.String(min_length=1, description="Identifier of the applicant; the same as the application's")
    label = dy.Int8(is_in=(0, 1), description="1 when the applicant had payment difficulties early on, else 0")
    label_def = dy.String(min_length=1, description="Name of the delivered column, TARGET")
    cohort = dy.Date(resolution="1mo", description="Month the application was given, first day")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="The same month: the label has no lag")

    @dy.rule()
    def label_is_of_its_own_month(cls) -> pl.Expr:
        """The label is delivered with the application."""
        return cls.cohort.col == cls.snapshot_month.col


def delivered_targets(cases: pl.LazyFrame, label: LabelPolicy) -> pl.LazyFrame:
    """The delivered labels.

    Args:
        cases: silver/applications rows of any months.
        label: the definition, for its name.

    Returns:
        gold/label_store rows, sorted by snapshot_month and application_id.
    """
    return (
        cases.filter(~TO_COME)
        .select(
            "application_id",
            "customer_id",
            label=pl.col("target").cast(pl.Int8),
            label_def=pl.lit(label.label_def),
            cohort="snapshot_month",
            snapshot_month="snapshot_month",
        )
        .select(TargetStore.column_names())
        .sort("snapshot_month", "application_id")
    )
