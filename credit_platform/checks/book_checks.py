"""The checks a book declares over its own silver and gold tables, made into checks per month.

What is looked at, and what is said of it, stands in the book's own folder.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from credit_platform.checks.monthly import monthly_check
from credit_platform.checks.reporting import MonthResult
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.check_policy import CheckPolicy
from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.portfolios.portfolio import BookCheck, Portfolio


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
