"""What was built on rows that have since been replaced, and how to build it again.

Taking other rows for a month is decided in lake.deliveries; nothing is run here.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
from rich.table import Table

from credit_platform.automation.jobs import TRAIN_MODELS
from credit_platform.cli.printing import folding_table
from credit_platform.cli.run.runs import RunOutcome
from credit_platform.instance.shared_history import asset_key, table_of
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.raw.delivery_log import DeliveryLog, DeliveryRecord
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, month_range, parse_month

Stale = Mapping[str, Sequence[date]]


def replaced_by(lake: Lake, outcomes: Sequence[RunOutcome]) -> list[DeliveryRecord]:
    """The deliveries that took the place of other rows in these runs."""
    runs = {outcome.run_id for outcome in outcomes}
    records = DeliveryLog(lake.layout).records()
    return [record for record in records if record.run_id in runs and record.replaced_sha256 is not None]


def stale_tables(
    repository: dg.RepositoryDefinition, lake: Lake, replaced: Sequence[DeliveryRecord], outcomes: Sequence[RunOutcome]
) -> Stale:
    """The months of every table and model that were built on replaced rows and not again in these runs.

    Follows the asset graph and its partition mappings. It stops at models: months scored by a version are not listed
    because the version saw the former rows; training again decides about it.
    """
    graph, portfolio = repository.asset_graph, lake.layout.portfolio
    touched: dict[dg.AssetKey, set[str]] = {}
    for record in replaced:
        touched.setdefault(asset_key(portfolio, f"bronze/{record.source}"), set()).add(month_key(record.month))
    for key in graph.toposorted_asset_keys:
        if key not in touched or _is_model(table_of(portfolio, key)):
            continue
        parent = graph.get(key).partitions_def
        for child in graph.get_children(graph.get(key)):
            if parent is None or child.partitions_def is None:
                continue
            mapping = graph.get_partition_mapping(child.key, key)
            months = mapping.get_downstream_partitions_for_partitions(
                parent.subset_with_partition_keys(touched[key]), parent, downstream_partitions_def=child.partitions_def
            )
            touched.setdefault(child.key, set()).update(months.get_partition_keys())
    run = _built_in(repository, outcomes)
    stale = {
        table_of(portfolio, key): [
            month
            for month in sorted(parse_month(text) for text in touched[key])
            if _is_built(lake, table_of(portfolio, key), month) and (key, month) not in run
        ]
        for key in graph.toposorted_asset_keys
        if touched.get(key)
    }
    return {table: months for table, months in stale.items() if months}


def _is_model(table: str) -> bool:
    return table.startswith("model/")


def _is_built(lake: Lake, table: str, month: date) -> bool:
    if not _is_model(table):
        return lake.has(table, month)
    versions = ModelStore(lake.layout).versions(table.removeprefix("model/"))
    return any(version.startswith(month_key(month)) for version in versions)


def _built_in(repository: dg.RepositoryDefinition, outcomes: Sequence[RunOutcome]) -> set[tuple[dg.AssetKey, date]]:
    return {
        (key, month)
        for outcome in outcomes
        if outcome.success
        for key in repository.get_job(outcome.job).asset_layer.executable_asset_keys
        for month in month_range(outcome.first, outcome.last)
    }


def restatement_table(replaced: Sequence[DeliveryRecord], stale: Stale) -> Table:
    """The stale tables for the terminal, under the months that were replaced."""
    months = ", ".join(f"{record.source} {record.month:%Y-%m}" for record in replaced)
    rows = ((name, spans(stale_months)) for name, stale_months in stale.items())
    return folding_table(f"Built on rows that were replaced ({months})", "table", "months", rows=rows)


def rebuild_command(stale: Stale) -> str:
    """The command that builds the stale tables again."""
    months = sorted({month for table, found in stale.items() if not _is_model(table) for month in found})
    trained = sorted({month for table, found in stale.items() if _is_model(table) for month in found})
    commands = [f"credit-platform backfill --from {months[0]:%Y-%m} --to {months[-1]:%Y-%m}"] if months else []
    commands += [f"credit-platform backfill --from {m:%Y-%m} --to {m:%Y-%m} --job {TRAIN_MODELS}" for m in trained]
    return "\n".join(commands)


def spans(months: Sequence[date]) -> str:
    """Months as ranges: `2023-01..2023-04, 2023-07`."""
    ranges: list[list[date]] = []
    for month in sorted(months):
        if ranges and month_range(ranges[-1][-1], month)[1:] == [month]:
            ranges[-1].append(month)
        else:
            ranges.append([month])
    return ", ".join(
        f"{found[0]:%Y-%m}" if len(found) == 1 else f"{found[0]:%Y-%m}..{found[-1]:%Y-%m}" for found in ranges
    )
