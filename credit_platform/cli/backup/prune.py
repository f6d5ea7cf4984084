"""The verb `prune`: the run history made smaller, without anything that a decision rests on.

Only what runs printed, and runs that nothing that stands was made by, may go. Tables, versions, decisions, deliveries
and alerts are never pruned; how long they are kept is written in `guide/operations.md`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import dagster as dg
from rich.console import Console
from rich.table import Table

from credit_platform.checks.judgements_sources import DATA_QUALITY
from credit_platform.checks.reporting import runs_that_built_first
from credit_platform.cli.instance import open_instance
from credit_platform.instance.shared_history import asset_key, is_own_key, own_runs
from credit_platform.lake.files import sweep_parts
from credit_platform.months import add_months
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.settings import Settings

_ABANDONED_AFTER_SECONDS = 3600
_RETRAIN_TAGS = "credit_platform/retrain"
_MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION


@dataclass(frozen=True)
class Prunable:
    """Old runs: those that may go with all they recorded, and those of which only the printed output may."""

    whole: tuple[str, ...]
    output_only: tuple[str, ...]


def prune(settings: Settings, console: Console, *, keep_months: int, is_doing: bool) -> int:
    """Say what is older than `keep_months` and may go, and delete it if told to; 1 where it was only said."""
    before = oldest_kept(datetime.now(tz=UTC), keep_months)
    with open_instance(settings) as instance:
        found = prunable(instance, settings.portfolio, before)
        if is_doing:
            delete(instance, found)
    table = Table(title=f"Run history before {before:%Y-%m-%d}")
    table.add_column("what")
    table.add_column("runs", justify="right")
    table.add_row("superseded or failed runs, with their events and output", str(len(found.whole)))
    table.add_row("output of runs whose results stand", str(len(found.output_only)))
    console.print(table)
    if not is_doing:
        console.print("Nothing deleted; add --yes to delete the above. Tables, versions and decisions never go.")
        return 1
    swept = sweep_parts(settings.data_dir, older_than_seconds=_ABANDONED_AFTER_SECONDS, now=time.time())
    console.print(f"Deleted, and {swept} half-written files of killed processes.")
    return 0


def oldest_kept(now: datetime, keep_months: int) -> datetime:
    """The first moment whose runs are kept: the first of the month `keep_months` before this one."""
    first = add_months(now.date().replace(day=1), -keep_months)
    return datetime(first.year, first.month, 1, tzinfo=UTC)


def prunable(instance: dg.DagsterInstance, portfolio: Portfolio, before: datetime) -> Prunable:
    """The finished runs of a book made before a moment, by what of them may go; those of others stay untouched."""
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    runs = own_runs(portfolio, instance.get_runs(dg.RunsFilter(statuses=ended, created_before=before)))
    standing = runs_that_stand(instance, portfolio)
    kept = {
        run.run_id
        for run in runs
        # Retrainings are counted by their runs, so that none is asked for twice.
        if run.run_id in standing or any(tag.startswith(_RETRAIN_TAGS) for tag in run.tags)
    }
    ids = [run.run_id for run in runs]
    return Prunable(
        whole=tuple(run for run in ids if run not in kept), output_only=tuple(run for run in ids if run in kept)
    )


def runs_that_stand(instance: dg.DagsterInstance, portfolio: Portfolio) -> set[str]:
    """The runs that made the latest materialization of some month of an asset of a book; the UI rests on them.

    So does the freshness check on the runs that built a month first.
    """
    standing = runs_that_built_first(instance, asset_key(portfolio, DATA_QUALITY))
    for key in filter(partial(is_own_key, portfolio), instance.all_asset_keys()):
        newest = instance.get_latest_materialization_event(key)
        if newest is not None:
            standing.add(newest.run_id)
        by_month = instance.event_log_storage.get_latest_storage_id_by_partition(key, _MATERIALIZED)
        ids = sorted(by_month.values())
        if ids:
            records = instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=key, storage_ids=ids), limit=len(ids)
            ).records
            standing |= {record.run_id for record in records}
    return standing


def delete(instance: dg.DagsterInstance, found: Prunable) -> None:
    """Delete runs, and the printed output of those and of others."""
    for run_id in (*found.whole, *found.output_only):
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    for run_id in found.whole:
        instance.delete_run(run_id)
