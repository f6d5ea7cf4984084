"""How the results of a check reach Dagster's history: one per month, tied to the rows it looked at.

How a check is declared is written in `monthly`, how results are stored in `history`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg

from credit_platform.checks.history import latest_materializations, record_evaluations
from credit_platform.months import month_key


@dataclass(frozen=True)
class MonthResult:
    """What a check found in one month; numbers in the metadata are plotted over the months.

    `is_warning` says of a failure that it stops nothing, although the check may.
    """

    passed: bool
    description: str
    metadata: Mapping[str, int | float | str]
    is_warning: bool = False

    def severity(self, of_the_check: dg.AssetCheckSeverity) -> dg.AssetCheckSeverity:
        """How severe a failure is."""
        return dg.AssetCheckSeverity.WARN if self.is_warning else of_the_check


@dataclass(frozen=True)
class AssetCheck:
    """A check as its results name it."""

    asset: dg.AssetKey
    name: str
    severity: dg.AssetCheckSeverity
    is_blocking: bool


def report_months(
    context: dg.AssetCheckExecutionContext, check: AssetCheck, results: Mapping[date, MonthResult]
) -> None:
    """Record one result per month of a run of no single month, tied to that month's latest materialization.

    The result a check of such a run returns is recorded with no partition, even if its range is one month long: every
    month would be left without one. These are events of this run: outside any run the history takes one result per
    check and month and refuses a second.
    """
    targets = latest_materializations(context.instance, check.asset, list(results))
    evaluations = [
        dg.AssetCheckEvaluation(
            asset_key=check.asset,
            check_name=check.name,
            passed=result.passed,
            description=result.description,
            metadata=dict(result.metadata),
            severity=result.severity(check.severity),
            blocking=check.is_blocking,
            partition=month_key(month),
            target_materialization_data=targets.get(month_key(month)),
        )
        for month, result in results.items()
    ]
    record_evaluations(context, evaluations)


def run_result(results: Mapping[date, MonthResult], severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    """What the check of a run returns: the month's own result, or a summary of a range that names failed months."""
    failed = [month for month, result in results.items() if not result.passed]
    if len(results) == 1:
        (result,) = results.values()
        return dg.AssetCheckResult(
            passed=result.passed,
            metadata=dict(result.metadata),
            description=result.description,
            severity=result.severity(severity),
        )
    is_warning = all(results[month].is_warning for month in failed)
    return dg.AssetCheckResult(
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN if failed and is_warning else severity,
        metadata={
            "months": str(len(results)),
            "failed_months": ", ".join(month_key(month) for month in failed) or "none",
        },
        description=" ".join(results[month].description for month in failed) or f"all {len(results)} months pass",
    )


def run_events(
    context: dg.AssetCheckExecutionContext, check: AssetCheck, result: dg.AssetCheckResult
) -> Iterator[dg.AssetCheckResult | dg.Output[None] | dg.AssetCheckEvaluation]:
    """A run's result as Dagster takes it, also from a run of no month, which "Execute all" in the UI starts."""
    if context.has_partition_key or context.has_partition_key_range:
        yield result
        return
    # To tie a result to its rows Dagster asks the run for its months, and fails when it has none.
    yield dg.Output(None)
    yield dg.AssetCheckEvaluation(
        asset_key=check.asset,
        check_name=check.name,
        passed=result.passed,
        description=result.description,
        metadata=result.metadata,
        severity=result.severity,
        blocking=check.is_blocking,
    )


def nothing_built(asset: str, severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    """What a check of a table without any month returns."""
    return dg.AssetCheckResult(
        passed=False, severity=severity, description=f"No month of {asset} has been built; materialize one first."
    )
