"""The gate of labels: whether a month's outcomes are mature and of the whole cohort, and what they leave out.

The gate blocks what depends on the month, so that no immature cohort reaches a training window or a performance metric.
Plausibility of the bad rate is judged in `judgements`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.checks.monthly import monthly_check
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.label_maturity import LabelMaturity, label_maturity
from credit_platform.months import add_months
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.portfolio import MonthResult, Portfolio, Words
from credit_platform.texts import description_of

MATURITY_CHECK = "labels_are_mature"
UNLABELLED_CHECK = "nearly_every_case_has_a_label"
_LABELS, _UNLABELLED = "gold/label_store", "gold/unlabelled"
_AWAITED = "not_delivered"


def label_maturity_check(
    portfolio: Portfolio, axis: MonthlyAxis, label: LabelPolicy, policy: CheckPolicy
) -> dg.AssetChecksDefinition:
    """Blocks a month whose labels were not read in the month they are known in, or lack cases of the cohort."""
    lag = label.lag_months
    min_labelled, words = policy.maturity.min_labelled, portfolio.words
    text = MATURITY_CHECK if lag else "labels_are_of_their_month"

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        return maturity_results(lake, months, axis, label, policy)

    return monthly_check(
        _LABELS,
        MATURITY_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=True,
        policy=policy,
        description=description_of(__file__, text, words=words, lag=lag, min_labelled=min_labelled),
    )


def maturity_results(
    lake: Lake, months: Sequence[date], axis: MonthlyAxis, label: LabelPolicy, policy: CheckPolicy
) -> dict[date, MonthResult]:
    """What the gate says of some months of gold/label_store.

    Raises:
        MissingMonthsError: a month has no file.
    """
    portfolio = lake.layout.portfolio
    cases, first = portfolio.cases, add_months(months[0], -label.lag_months)
    wanted = [month for month in lake.months(cases.table) if first <= month <= months[-1]]
    maturity = label_maturity(
        lake.scan(_LABELS, months),
        lake.scan(cases.table, wanted),
        cases,
        months=months,
        label=label,
        is_awaited=portfolio.outcome.is_awaited,
    )
    least, words = policy.maturity.min_labelled, portfolio.words
    return {month: _result(maturity[month], axis.first_snapshot, least, words) for month in months}


def _result(found: LabelMaturity, first_month: date, min_labelled: float, words: Words) -> MonthResult:
    faults = []
    if found.n_immature:
        faults.append(
            f"{found.n_immature:,} of {found.n_labels:,} labels were not read at the month on book they must be"
        )
    if found.labelled_share is not None and found.labelled_share < min_labelled:
        faults.append(
            f"only {found.n_labelled:,} of the {found.n_written:,} {words.cases} {words.written} in "
            f"{_named(found)} have a label ({found.labelled_share:.1%}, at least {min_labelled:.0%} must)"
        )
    counts: dict[str, int | float | str] = {"n_labels": found.n_labels, "n_immature": found.n_immature}
    if found.labelled_share is not None:
        counts |= {"n_written": found.n_written or 0, "attrition": 1 - found.labelled_share}
    if found.n_awaited:
        counts["n_awaited"] = found.n_awaited
    return MonthResult(
        passed=not faults,
        description=f"{found.month:%Y-%m}: {'; '.join(faults) or _in_order(found, first_month, words)}.",
        metadata=counts,
    )


def _in_order(found: LabelMaturity, first_month: date, words: Words) -> str:
    if not found.cohorts:
        return f"the outcome of no cohort becomes known in this month; {found.n_labels:,} labels"
    if found.cohorts[-1] < first_month:
        return f"cohort {_named(found)} lies before the book; {found.n_labels:,} labels"
    if found.n_written is None:
        return f"{found.n_labels:,} labels are mature; {_named(found)} is not built, so attrition is not known"
    if found.n_awaited:
        told = f"; of others {found.n_labels:,} labels are known" if found.n_labels else ""
        return f"{_named(found)}: the outcome of {found.n_awaited:,} {words.cases} has not been delivered yet{told}"
    share = f"no {words.case} was {words.written}"
    if found.labelled_share is not None:
        share = f"{found.labelled_share:.1%} of its {words.cases}"
    return f"{found.n_labels:,} labels of cohort {_named(found)} are mature, {share}"


def _named(found: LabelMaturity) -> str:
    return " and ".join(f"{cohort:%Y-%m}" for cohort in found.cohorts)


def unlabelled_check(portfolio: Portfolio, axis: MonthlyAxis, policy: CheckPolicy) -> dg.AssetChecksDefinition:
    """Warns when more cases of a cohort have no label than policy lets pass; the gate above stops the month."""
    most, cases = policy.maturity.warn_unlabelled, portfolio.words.cases

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        reasons = lake.scan(_UNLABELLED, months).group_by("snapshot_month", "reason").len().sort("reason")
        labelled = lake.scan(_LABELS, [month for month in months if lake.has(_LABELS, month)] or months)
        without, with_label = pl.collect_all([reasons, labelled.group_by("snapshot_month").len()])
        n_labels = dict(with_label.iter_rows())
        counts: dict[date, dict[str, int]] = {month: {} for month in months}
        for month, reason, n in without.iter_rows():
            counts[month][reason] = n
        return {month: _without_label(month, found, n_labels.get(month, 0)) for month, found in counts.items()}

    def _without_label(month: date, found: Mapping[str, int], n_labelled: int) -> MonthResult:
        n = sum(count for reason, count in found.items() if reason != _AWAITED)
        share = n / (n + n_labelled) if n else 0.0
        named = f" ({', '.join(f'{reason} {count:,}' for reason, count in found.items())})" if found else ""
        return MonthResult(
            passed=share < most,
            description=f"{month:%Y-%m}: {n:,} of {n + n_labelled:,} {cases} have no label{named}.",
            metadata={"n_unlabelled": sum(found.values()), "share_unlabelled": share, **found},
        )

    return monthly_check(
        _UNLABELLED,
        UNLABELLED_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=False,
        policy=policy,
        description=(
            f"Fewer than {most:.0%} of the {cases} that should have a label in the month have none. When it is yellow, "
            "the table names each with its reason: left_with_balance asks the source what became of it, quarantined "
            "for a sound row. The bad rate of the month leaves them out."
        ),
    )
