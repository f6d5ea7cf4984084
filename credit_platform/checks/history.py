"""Dagster's history as checks use it: writing many results at once, reading when months were materialized.

Which results a check has is said by `reporting`.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from credit_platform.assets.asset_spec import asset_key
from credit_platform.instance.dagster_internals import AssetCheckEvaluationTargetMaterializationData
from credit_platform.months import month_key


def record_evaluations(context: dg.AssetCheckExecutionContext, evaluations: Sequence[dg.AssetCheckEvaluation]) -> None:
    """Record results of a check as events of the step that runs it."""
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
    instance: dg.DagsterInstance, asset: str, months: Sequence[date]
) -> tuple[float | None, dict[date, float]]:
    """When a table was first materialized at all, and when each of some months first was; seconds since 1970 UTC."""
    key, wanted = asset_key(asset), {month_key(month): month for month in months}
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


def runs_that_built_first(instance: dg.DagsterInstance, asset: str) -> set[str]:
    """The runs that made the first materialization of each month of a table."""
    runs: dict[str | None, str] = {}
    cursor, has_more = None, True
    while has_more:
        found = instance.fetch_materializations(asset_key(asset), limit=1000, cursor=cursor, ascending=True)
        for record in found.records:
            runs.setdefault(record.partition_key, record.run_id)
        cursor, has_more = found.cursor, found.has_more
    return set(runs.values())
