"""The availability gate month by month: whether a version trained as of the month would learn from chosen customers.

It warns and never blocks, and blocks no promotion. How it judges is written in monitoring.data_quality.availability;
what it said of a stored version is in that version's metadata.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg

from credit_platform.assets.models.judgement import availability_of
from credit_platform.checks.monthly import judgement
from credit_platform.errors import WindowError
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.availability import Availability
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import MonthResult, Portfolio
from credit_platform.scoring.training.windows import windows_for

AVAILABILITY_CHECK = "no_source_is_selected_by_customer"


def availability_check(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy
) -> dg.AssetChecksDefinition:
    """Warns when a source has rows of the customers of labelled cohorts and, in the same months, not of later ones."""

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        windows = {month: cohorts for month in months if (cohorts := _cohorts(month, config))}
        judged = availability_of(lake, windows) if windows else {}
        return {month: _result(month, judged.get(month, {})) for month in months}

    return judgement("monitoring/data_quality", AVAILABILITY_CHECK, evaluate, axis, policy, words=portfolio.words)


def _cohorts(month: date, config: ModelConfig) -> tuple[date, ...]:
    try:
        return windows_for(month, config).development
    except WindowError:
        return ()  # absolute windows whose labels are not mature


def _result(month: date, judged: Mapping[str, Availability]) -> MonthResult:
    failed = [f"{source}: {found.reason}" for source, found in judged.items() if found.status == "failed"]
    known = ", ".join(source for source, found in judged.items() if found.status == "passed")
    said = f"there for all customers alike: {known}." if known else "no source can be judged yet."
    return MonthResult(
        passed=not failed,
        description=f"{month:%Y-%m}: {' '.join(failed) or said}",
        metadata={
            "failed_sources": len(failed),
            **{source: found.status for source, found in judged.items()},
            **{f"why: {source}": found.reason for source, found in judged.items()},
        },
    )
