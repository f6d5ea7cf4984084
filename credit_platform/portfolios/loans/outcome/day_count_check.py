"""The check whether one missed instalment counts as past due in every month, which by the calendar it does not.

How days past due are counted stands in `delinquency`, how a check becomes one of Dagster's in `checks.judgements`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.loans.config import LoanLabelPolicy, loan_label
from credit_platform.portfolios.portfolio import BookCheck, MonthResult


def _evaluate(loans: pl.LazyFrame, months: Sequence[date], label: LabelPolicy) -> dict[date, MonthResult]:
    policy = loan_label(label)
    is_short = pl.col("dpd") < policy.dpd_threshold
    counted = (
        loans.filter(pl.col("n_installments_missed") == 1)
        .group_by("snapshot_month")
        .agg(
            n_one_missed=pl.len(),
            n_not_counted=is_short.sum(),
            n_not_counted_as_bad=(is_short & (pl.col("mob") == policy.mob)).sum(),
        )
        .collect()
    )
    found = {row.pop("snapshot_month"): row for row in counted.iter_rows(named=True)}
    return {month: _result(month, found.get(month), policy) for month in months}


def _description(label: LabelPolicy) -> str:
    return (
        f"A loan with one missed instalment is {loan_label(label).dpd_threshold} or more days past due in every month. "
        "By calendar days it is 28 or 29 days past due on 1 March, so that March counts fewer loans as past due than "
        "its neighbours. When it is yellow, do not read a fall in March as a recovery; label.day_count 30_360 in "
        "model_config.yaml counts every month as 30 days."
    )


def _result(month: date, found: Mapping[str, int] | None, label: LoanLabelPolicy) -> MonthResult:
    n_one, n_short, n_bad = (found[name] for name in found) if found else (0, 0, 0)
    if n_short:
        said = (
            f"{n_short:,} of {n_one:,} loans with one missed instalment are fewer than {label.dpd_threshold} days past "
            f"due and not counted, {n_bad:,} of them at the label's {label.mob} months on book"
        )
    else:
        said = f"all {n_one:,} loans with one missed instalment count as {label.dpd_threshold} or more days past due"
    return MonthResult(
        passed=not n_short,
        description=f"{month:%Y-%m}: {said}.",
        metadata={
            "loans_with_one_missed_instalment": n_one,
            "share_not_counted": n_short / n_one if n_one else 0.0,
            "labels_affected": n_bad,
        },
    )


DAY_COUNT_CHECK = BookCheck(
    name="one_missed_instalment_counts_in_every_month",
    table="silver/loan_snapshots",
    description=_description,
    evaluate=_evaluate,
)
