"""How the results of a check reach Dagster's history: one per month, tied to the rows it looked at.

Many results are written at once, and the history says when months were materialized. How a check is declared is written
in `monthly`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from credit_platform.instance.dagster_internals import AssetCheckEvaluationTargetMaterializationData, stored_at_once
from credit_platform.months import month_key
from credit_platform.portfolios.portfolio import MonthResult


def record_evaluations(context: dg.AssetCheckExecutionContext, evaluations: Sequence[dg.AssetCheckEvaluation]) -> None:
    """Record results of a check as events of the step that runs it."""
    with stored_at_once(context.instance):
        for evaluation in evaluations:
            # Making the event records it.
            dg.DagsterEvent.asset_check_evaluation(context.get_step_execution_context(), evaluation)


def latest_materializations(
    instance: dg.DagsterInstance, key: dg.AssetKey, months: Sequence[date]
) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
    """The newest materialization of each of some months, by month key."""
    keys = [month_key(month) for month in months]
    records_filter = dg.AssetRecordsFilter(asset_key=key, asset_partitions=keys)
    targets: dict[str, AssetCheckEvaluationTargetMaterializationData] = {}
    cursor = None
    while len(targets) < len(keys):
        found = instance.fetch_materializations(records_filter, limit=len(keys), cursor=cursor)
        for record in found.records:
            if record.partition_key is not None and record.partition_key not in targets:
                targets[record.partition_key] = AssetCheckEvaluationTargetMaterializationData(
                    storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
                )
        if not found.has_more:
            break
        cursor = found.cursor
    return targets


def first_materializations(
    instance: dg.DagsterInstance, key: dg.AssetKey, months: Sequence[date]
) -> tuple[float | None, dict[date, float]]:
    """When a table was first materialized at all, and when each of some months first was; seconds since 1970 UTC."""
    wanted = {month_key(month): month for month in months}
    earliest = instance.fetch_materializations(key, limit=1, ascending=True).records
    records_filter = dg.AssetRecordsFilter(asset_key=key, asset_partitions=list(wanted))
    first: dict[date, float] = {}
    cursor = None
    while len(first) < len(wanted):
        found = instance.fetch_materializations(records_filter, limit=len(wanted), cursor=cursor, ascending=True)
        for record in found.records:
            if record.partition_key is not None:
                first.setdefault(wanted[record.partition_key], record.timestamp)
        if not found.has_more:
            break
        cursor = found.cursor
    return (earliest[0].timestamp if earliest else None), first


def runs_that_built_first(instance: dg.DagsterInstance, key: dg.AssetKey) -> set[str]:
    """The runs that made the first materialization of each month of a table."""
    runs: dict[str | None, str] = {}
    cursor, has_more = None, True
    while has_more:
        found = instance.fetch_materializations(key, limit=1000, cursor=cursor, ascending=True)
        for record in found.records:
            runs.setdefault(record.partition_key, record.run_id)
        cursor, has_more = found.cursor, found.has_more
    return set(runs.values())


def checked_asset(context: dg.AssetCheckExecutionContext) -> dg.AssetKey:
    """The asset that a check with one asset looks at, by its key in Dagster."""
    (spec,) = context.check_specs
    return spec.asset_key


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
            severity=_severity(result, check.severity),
            blocking=check.is_blocking,
            partition=month_key(month),
            target_materialization_data=targets.get(month_key(month)),
        )
        for month, result in results.items()
    ]
    record_evaluations(context, evaluations)


def run_result(results: Mapping[date, MonthResult], severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    """What the check of a run returns: the month's own result, or a summary of a range that names failed months.

    Where some stop and others only warn, those that stop are named: the others need no second run.
    """
    failed = [month for month, result in results.items() if not result.passed]
    if len(results) == 1:
        (result,) = results.values()
        return dg.AssetCheckResult(
            passed=result.passed,
            metadata=dict(result.metadata),
            description=result.description,
            severity=_severity(result, severity),
        )
    stopped = [month for month in failed if not results[month].is_warning]
    return dg.AssetCheckResult(
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN if failed and not stopped else severity,
        metadata={
            "months": str(len(results)),
            "failed_months": ", ".join(month_key(month) for month in stopped or failed) or "none",
        },
        description=" ".join(results[month].description for month in failed) or f"all {len(results)} months pass",
    )


def _severity(result: MonthResult, of_the_check: dg.AssetCheckSeverity) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.WARN if result.is_warning else of_the_check


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
