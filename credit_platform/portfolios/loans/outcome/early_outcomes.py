"""Early outcomes: how loans begin to pay in the months before their label is known.

Labels at maturity stand in `labels`; holding a cohort against earlier ones belongs to `monitoring.early_warning`.
"""

from collections.abc import Mapping

import polars as pl

from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.loans.config import loan_label
from credit_platform.portfolios.loans.outcome.delinquency import days_past_due


def early_outcomes(cases: pl.LazyFrame, days: Mapping[str, tuple[int, int]], label: LabelPolicy) -> pl.LazyFrame:
    """Every loan's early outcomes, with the label it turned out to have.

    Days past due count 30 to the month: on the calendar one missed instalment is 28 days old on 1 March and 30 or 31 in
    other months, and the rates of those months would not compare.

    Args:
        cases: silver/loan_snapshots of any months.
        days: Read to its month on book and the days past due from which it is bad.
        label: Days and month on book of the label.

    Returns:
        One row per loan and read that has been reached: `cohort, read, mob, loan_id, is_bad`, and `is_label_bad`, null
        while the label is not known.
    """
    loans = loan_label(label)
    sought = pl.LazyFrame(
        [(name, mob, least) for name, (mob, least) in days.items()],
        schema={"read": pl.String, "mob": pl.Int32, "days": pl.Int32},
        orient="row",
    )
    cohort = pl.col("loan_start_date").dt.truncate("1mo")
    outcome = cases.filter(pl.col("mob") == loans.mob).select(
        "loan_id", cohort=cohort, is_label_bad=pl.col("dpd") >= loans.dpd_threshold
    )
    return (
        cases.filter(pl.col("mob").is_in(sorted({mob for mob, _ in days.values()})))
        .select(
            "loan_id",
            "mob",
            cohort=cohort,
            days_past_due=days_past_due(day_count="30_360"),
        )
        .join(sought, on="mob")
        .join(outcome, on=["loan_id", "cohort"], how="left")
        .with_columns(is_bad=pl.col("days_past_due") >= pl.col("days"))
        .select("cohort", "read", "mob", "loan_id", "is_bad", "is_label_bad")
        .sort("cohort", "mob", "read", "loan_id")
    )
