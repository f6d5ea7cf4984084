"""The calendar of cohorts: when each was written, is scored and matures, and how far it is as of a month.

Which cohorts a training uses is said by scoring.windows; here it is only written beside them.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.months import month_range
from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.cases import Cases
from credit_platform.schemas.evidence import CohortCalendar


def build_cohort_calendar(
    *,
    months: Sequence[date],
    first_cohort: date,
    label: LabelPolicy,
    cases: Cases,
    written: pl.LazyFrame,
    labels: pl.LazyFrame,
    label_months: Sequence[date],
    roles: Mapping[date, Mapping[date, str]],
) -> pl.LazyFrame:
    """One row per month and cohort from the book's first to the month itself.

    Args:
        months: the months the calendar is as of.
        first_cohort: the book's first month.
        label: the definition, which says when the labels of a cohort are known.
        cases: which rows are new cases, and their key.
        written: cases table rows of the months that are built.
        labels: gold/label_store rows of the months that are built.
        label_months: the months of gold/label_store that are built, with or without rows.
        roles: sample role by month and cohort, for the months a training is possible in; cohorts left out are `none`.

    Returns:
        gold/cohort_calendar rows, sorted by month and cohort. Counts are null for a cohort whose month is not built,
        and those of labels before maturity.
    """
    calendar = _cohorts_by_month(months, first_cohort, label, roles).with_columns(score_month=pl.col("cohort"))
    is_mature = pl.col("maturity_month") <= pl.col("snapshot_month")
    state = (
        pl.when(is_mature)
        .then(pl.lit("mature"))
        .when(pl.col("cohort") == pl.col("snapshot_month"))
        .then(pl.lit("open"))
        .otherwise(pl.lit("maturing"))
    )
    is_labelled = is_mature & pl.col("maturity_month").is_in(list(label_months))
    attrition = 1 - pl.col("n_written_and_labelled").fill_null(0) / pl.col("n_loans")
    return (
        calendar.join(_counts_by_cohort(written, labels, cases), on="cohort", how="left")
        .with_columns(state=state)
        .with_columns(
            n_labelled=pl.when(is_labelled).then(pl.col("n_labelled").fill_null(0)),
            attrition=pl.when(is_labelled & (pl.col("n_loans") > 0)).then(attrition),
        )
        .select(CohortCalendar.column_names())
        .sort("snapshot_month", "cohort")
    )


def _cohorts_by_month(
    months: Sequence[date], first_cohort: date, label: LabelPolicy, roles: Mapping[date, Mapping[date, str]]
) -> pl.LazyFrame:
    rows = [
        (month, cohort, label.known_in(cohort), roles.get(month, {}).get(cohort, "none"))
        for month in months
        for cohort in month_range(first_cohort, month)
    ]
    schema = {"snapshot_month": pl.Date, "cohort": pl.Date, "maturity_month": pl.Date, "sample_role": pl.String}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def _counts_by_cohort(written: pl.LazyFrame, labels: pl.LazyFrame, cases: Cases) -> pl.LazyFrame:
    """Loans written and labelled per cohort; a month that is built and holds no new loan counts 0."""
    outcomes = labels.select(cases.key, "cohort")
    loans = written.select(cases.key, is_new=cases.is_new, cohort="snapshot_month")
    is_new = pl.col("is_new")
    with_outcome = loans.filter(is_new).join(outcomes, on=[cases.key, "cohort"], how="semi")
    return (
        loans.group_by("cohort")
        .agg(n_loans=is_new.sum().cast(pl.Int64))
        .join(outcomes.group_by("cohort").agg(n_labelled=pl.len().cast(pl.Int64)), on="cohort", how="left")
        .join(with_outcome.group_by("cohort").agg(n_written_and_labelled=pl.len()), on="cohort", how="left")
    )
