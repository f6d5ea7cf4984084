"""How every asset looks in the UI: what its description says beyond the table, its group, tags and links to code.

All of it is derived from the declaration of the asset, so that it holds for every asset there is. What a table holds is
said in its schema class, what to do when it is red in `runbook.yaml`.
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from credit_platform.assets.column_lineage import column_lineage, with_origins
from credit_platform.assets.runbook import runbook_entry
from credit_platform.partitions import AS_OF_MONTHS
from credit_platform.portfolios.portfolio import Portfolio

_COLUMNS = "dagster/column_schema"
_ABOUT_SOURCES = {"row_balance", "data_quality"}


def with_asset_metadata(
    portfolio: Portfolio, assets: Iterable[dg.AssetsDefinition], models: Sequence[str]
) -> list[dg.AssetsDefinition]:
    """The assets as people see them; `models` are the configured ones."""
    names = tuple(models)
    # The files are found when the code is loaded, so that the links hold in any clone.
    linked = dg.with_source_code_references(list(assets))
    return [
        asset.map_asset_specs(lambda spec: _presented(portfolio, spec, names))
        for asset in linked
        if isinstance(asset, dg.AssetsDefinition)
    ]


def _presented(portfolio: Portfolio, spec: dg.AssetSpec, models: tuple[str, ...]) -> dg.AssetSpec:
    table = spec.key.to_user_string()
    return spec.replace_attributes(
        description="\n\n".join(_paragraphs(portfolio, spec, table, models)),
        group_name=group_of(table, models),
        tags={**spec.tags, **_tags(table, models)},
        metadata=_metadata(portfolio, spec, table),
    )


def group_of(table: str, models: Sequence[str]) -> str:
    """The folder of an asset in the graph: its layer, and in monitoring the model or what it is about.

    Monitoring is too many nodes for one screen, and those of one model have the names of those of the other.
    """
    layer, *rest = table.split("/")
    if layer != "monitoring":
        return layer
    if rest[0] in models:
        return f"monitoring/{rest[0]}"
    return "monitoring/sources" if rest[0] in _ABOUT_SOURCES else "monitoring/all_models"


def _paragraphs(portfolio: Portfolio, spec: dg.AssetSpec, table: str, models: tuple[str, ...]) -> list[str]:
    said = [" ".join((spec.description or "").split()), f"**Inputs:** {_inputs(spec, table)}."]
    remedy = runbook_entry(portfolio, table, models)
    return said if remedy is None else [*said, f"**When red:** {remedy}"]


def _inputs(spec: dg.AssetSpec, table: str) -> str:
    if not spec.deps:
        return f"the files `{table.removeprefix('bronze/')}*` in the folder of raw files"
    read = sorted((dep.asset_key.to_user_string(), in_words(dep.partition_mapping)) for dep in spec.deps)
    return "; ".join(f"`{name}` ({months})" for name, months in read)


def in_words(mapping: dg.PartitionMapping | None) -> str:
    """Which months of an input a month T reads, as people say it."""
    if not isinstance(mapping, dg.TimeWindowPartitionMapping):
        return "the same month" if mapping is None else "all months"
    first, last = -mapping.start_offset, -mapping.end_offset
    if first == last:
        return f"{first} months before" if first else "the same month"
    if first >= AS_OF_MONTHS:
        return "all months until then"
    return f"{first} to {last} months before" if last else f"the month and up to {first} before"


def _metadata(portfolio: Portfolio, spec: dg.AssetSpec, table: str) -> dict[str, object]:
    metadata = dict(spec.metadata)
    schema, lineage = metadata.get(_COLUMNS), column_lineage(portfolio, table)
    if isinstance(schema, dg.TableSchema) and lineage is not None:
        metadata |= {_COLUMNS: with_origins(portfolio, table, schema), "dagster/column_lineage": lineage}
    return metadata


def _tags(table: str, models: tuple[str, ...]) -> dict[str, str]:
    layer, *rest = table.split("/")
    return {"layer": layer} | ({"model": rest[0]} if rest[0] in models else {})
