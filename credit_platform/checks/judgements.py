"""Judgement checks: what a person should look at although every row meets its contract; here, gaps and the book's own.

They warn and never block. What a book's own check looks at, and what is said of it, is written in the book's folder.
The other checks are in `judgements_*` by what they look at, contracts of rows in `contracts`.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from credit_platform.checks.judgements_features import lost_source_check, null_share_check
from credit_platform.checks.judgements_labels import bad_rate_check
from credit_platform.checks.judgements_sources import contiguous_check, freshness_check, volume_check
from credit_platform.checks.monthly import SHIPPED, monthly_check
from credit_platform.checks.reporting import MonthResult
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.check_policy import CheckPolicy
from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.portfolios.portfolio import BookCheck, Portfolio
from credit_platform.texts import description_of

HISTORY_CHECK = "history_is_complete"


def judgement_checks(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy
) -> list[dg.AssetChecksDefinition]:
    """Every judgement there is."""
    return [
        *history_check(portfolio, axis, config, policy),
        null_share_check(portfolio, axis, list(config.models), policy),
        lost_source_check(portfolio, axis, policy),
        bad_rate_check(axis, policy),
        volume_check(portfolio, axis, policy),
        contiguous_check(portfolio, axis, policy),
        freshness_check(axis, policy),
    ]


def history_check(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy = SHIPPED
) -> list[dg.AssetChecksDefinition]:
    """Warns when a month's features were built while a month they look back on was missing; none without histories.

    The month's own rows are right then, but histories are shorter than they could be; a month is not held back for the
    fault of another.
    """
    groups = portfolio.features.evidence
    if not groups:
        return []
    longest = {group: config.features.history_months(group.name) for group in groups}
    back, names = max(longest.values()) - 1, " and ".join(group.name for group in groups)

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        known = [(set(lake.months(group.table)), n - 1) for group, n in longest.items()]
        return {month: _history_result(month, axis.first_snapshot, known) for month in months}

    check = monthly_check(
        "gold/feature_store",
        HISTORY_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=False,
        policy=policy,
        description=description_of(__file__, HISTORY_CHECK, names=names, n_months=back + 1),
    )
    return [check]


def _history_result(month: date, first: date, known: Sequence[tuple[set[date], int]]) -> MonthResult:
    reach = max(back for _, back in known)
    wanted = month_range(max(first, add_months(month, -reach)), month)
    missing = [
        f"{earlier:%Y-%m}"
        for earlier in wanted
        if any(earlier not in months and earlier >= add_months(month, -back) for months, back in known)
    ]
    said = f"lacks {', '.join(missing)} of" if missing else "has all"
    return MonthResult(
        passed=not missing,
        description=f"{month:%Y-%m}: the history {said} {len(wanted)} months.",
        metadata={"months_wanted": len(wanted), "months_missing": len(missing)},
    )


def book_checks(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy
) -> list[dg.AssetChecksDefinition]:
    """One check per month for every check the book declares; they warn and never block."""
    return [_book_check(check, axis, config.label, policy) for check in portfolio.checks]


def _book_check(
    check: BookCheck, axis: MonthlyAxis, label: LabelPolicy, policy: CheckPolicy
) -> dg.AssetChecksDefinition:
    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        found = check.evaluate(lake.scan(check.table, months), months, label)
        return {month: MonthResult(one.passed, one.description, one.metadata) for month, one in found.items()}

    return monthly_check(
        check.table,
        check.name,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=False,
        policy=policy,
        description=check.description(label),
    )
