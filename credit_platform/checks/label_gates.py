"""The gate of labels: whether a month's outcomes are mature and of the whole cohort.

It blocks what depends on the month, so that no immature cohort reaches a training window or a performance metric.
Plausibility of the bad rate is judged in `judgements`.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from credit_platform.checks.monthly import monthly_check
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.label_maturity import LabelMaturity, label_maturity
from credit_platform.months import add_months
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.portfolio import MonthResult, Portfolio
from credit_platform.texts import description_of

MATURITY_CHECK = "labels_are_mature"
_LABELS = "gold/label_store"


def label_maturity_check(
    portfolio: Portfolio, axis: MonthlyAxis, lag: int, policy: CheckPolicy
) -> dg.AssetChecksDefinition:
    """Blocks a month whose labels were not read at exactly `lag` months on book, or lack loans of the cohort."""
    min_labelled, cases = policy.maturity.min_labelled, portfolio.cases

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        cohorts = [add_months(month, -lag) for month in months]
        wanted = sorted({month for month in (*months, *cohorts) if lake.has(cases.table, month)})
        maturity = label_maturity(
            lake.scan(_LABELS, months), lake.scan(cases.table, wanted), cases, months=months, lag=lag
        )
        return {month: _result(maturity[month], axis.first_snapshot, min_labelled) for month in months}

    return monthly_check(
        _LABELS,
        MATURITY_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=True,
        policy=policy,
        description=description_of(__file__, MATURITY_CHECK, lag=lag, min_labelled=min_labelled),
    )


def _result(found: LabelMaturity, first_month: date, min_labelled: float) -> MonthResult:
    faults = []
    if found.n_immature:
        faults.append(
            f"{found.n_immature:,} of {found.n_labels:,} labels were not read at the month on book they must be"
        )
    if found.labelled_share is not None and found.labelled_share < min_labelled:
        faults.append(
            f"only {found.n_labelled:,} of the {found.n_written:,} loans written in {found.cohort:%Y-%m} have a label "
            f"({found.labelled_share:.1%}, at least {min_labelled:.0%} must)"
        )
    counts: dict[str, int | float | str] = {"n_labels": found.n_labels, "n_immature": found.n_immature}
    if found.labelled_share is not None:
        counts |= {"n_written": found.n_written or 0, "attrition": 1 - found.labelled_share}
    return MonthResult(
        passed=not faults,
        description=f"{found.month:%Y-%m}: {'; '.join(faults) or _in_order(found, first_month)}.",
        metadata=counts,
    )


def _in_order(found: LabelMaturity, first_month: date) -> str:
    if found.cohort < first_month:
        return f"cohort {found.cohort:%Y-%m} lies before the book; {found.n_labels:,} labels"
    if found.n_written is None:
        return f"{found.n_labels:,} labels are mature; {found.cohort:%Y-%m} is not built, so attrition is not known"
    share = "no loan was written" if found.labelled_share is None else f"{found.labelled_share:.1%} of its loans"
    return f"{found.n_labels:,} labels of cohort {found.cohort:%Y-%m} are mature, {share}"
