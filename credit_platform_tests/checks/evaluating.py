"""Evaluates one check over some months of hand-made tables, on a real Dagster instance.

What the tables hold stands in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from credit_platform.assets.resources import LakeResource
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key
from credit_platform.partitions import MonthlyAxis
from credit_platform.portfolios.loans.portfolio import LOANS

FIRST = date(2023, 1, 1)
AXIS = MonthlyAxis(
    first_snapshot=FIRST,
    first_scoring=date(2023, 6, 1),
    first_outcome=date(2023, 12, 1),
    first_training=date(2024, 1, 1),
    last=date(2024, 12, 1),
)


def lake_with(folder: Path, tables: Mapping[str, pl.DataFrame], months: Sequence[date]) -> Lake:
    """A lake that holds some months of some tables."""
    lake = Lake.at(folder, portfolio=LOANS)
    for table, rows in tables.items():
        lake.write(table, rows, months)
    return lake


def evaluated(
    check: dg.AssetChecksDefinition, lake: Lake, months: Sequence[date], instance: dg.DagsterInstance
) -> dict[date, AssetCheckEvaluation]:
    """What a check said of each month, by one run over all of them."""
    (key,) = check.check_keys
    asset = dg.AssetSpec(key.asset_key, partitions_def=AXIS.snapshot_months)
    job = dg.define_asset_job("check", selection=dg.AssetSelection.checks(check))
    definitions = dg.Definitions(
        assets=[asset],
        asset_checks=[check],
        jobs=[job],
        resources={
            "lake": LakeResource(
                data_dir=str(lake.layout.data_dir), raw_dir=str(lake.layout.raw_dir), portfolio_name="loans"
            )
        },
        executor=dg.in_process_executor,
    )
    tags = {
        ASSET_PARTITION_RANGE_START_TAG: month_key(months[0]),
        ASSET_PARTITION_RANGE_END_TAG: month_key(months[-1]),
    }
    definitions.resolve_job_def("check").execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=200)
    found = [record.event.asset_check_evaluation for record in records if record.event]
    by_key = {month_key(month): month for month in months}
    # The newest record comes first.
    return {by_key[each.partition]: each for each in reversed(found) if each and each.partition in by_key}


def reds(results: Mapping[date, AssetCheckEvaluation]) -> list[date]:
    """The months a check did not pass in."""
    return sorted(month for month, result in results.items() if not result.passed)


def number(result: AssetCheckEvaluation, name: str) -> float:
    """A number of a result's metadata, as the UI plots it."""
    value = result.metadata[name].value
    assert isinstance(value, int | float)
    return value
