"""Judgement checks: what a person should look at although every row meets its contract; here, gaps in histories.

They warn and never block. The others stand in `judgements_*` by what they look at, contracts of rows in `contracts`.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from credit_platform.checks.judgements_features import dark_source_check, null_share_check
from credit_platform.checks.judgements_labels import bad_rate_check, day_count_check
from credit_platform.checks.judgements_sources import contiguous_check, freshness_check, volume_check
from credit_platform.checks.monthly import SHIPPED, monthly_check
from credit_platform.checks.reporting import MonthResult
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.check_policy import CheckPolicy
from credit_platform.policy.model_config import ModelConfig

HISTORY_CHECK = "history_is_complete"


def judgement_checks(axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy) -> list[dg.AssetChecksDefinition]:
    """Every judgement there is."""
    return [
        history_check(axis, config, policy),
        null_share_check(axis, list(config.models), policy),
        dark_source_check(axis, policy),
        bad_rate_check(axis, policy),
        day_count_check(axis, config.label, policy),
        volume_check(axis, policy),
        contiguous_check(axis, policy),
        freshness_check(axis, policy),
    ]


def history_check(axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy = SHIPPED) -> dg.AssetChecksDefinition:
    """Warns when a month's features were built while a month they look back on was missing.

    The month's own rows are right then, but clickstream histories are shorter than they could be; a month is not held
    back for the fault of another.
    """
    back = config.features.clickstream_months - 1

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        known = set(lake.months("silver/customer_clickstream"))
        return {month: _history_result(month, axis.first_snapshot, back, known) for month in months}

    return monthly_check(
        "gold/feature_store",
        HISTORY_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=False,
        policy=policy,
        description=(
            f"All months of clickstream that the month's features look back on (up to {back + 1}) are there. When it "
            "is yellow, build the months it names and materialize this month again."
        ),
    )


def _history_result(month: date, first: date, back: int, known: set[date]) -> MonthResult:
    wanted = month_range(max(first, add_months(month, -back)), month)
    missing = [f"{earlier:%Y-%m}" for earlier in wanted if earlier not in known]
    said = f"lacks {', '.join(missing)} of" if missing else "has all"
    return MonthResult(
        passed=not missing,
        description=f"{month:%Y-%m}: the history {said} {len(wanted)} months.",
        metadata={"months_wanted": len(wanted), "months_missing": len(missing)},
    )
