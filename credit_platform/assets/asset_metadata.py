"""How every asset looks in the UI: what its description says beyond the table, its group, tags and links to code.

All of it is derived from the declaration of the asset, so that it holds for every asset there is. What a table holds is
said in its schema class, what to do when it is red in `runbook.yaml`: a table that every model has is there once, with
`*` for the model. What its columns are made of is the book's own; the open-source UI draws no graph of columns, so it
is said in each column's description as well. Small pictures show a trend or a strip of actions without a click; what
one looks like is written in `reports`.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import dagster as dg
import polars as pl

from credit_platform.instance.shared_history import asset_key, group_name
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import AS_OF_MONTHS
from credit_platform.portfolios.feature_set import Column, Lineage
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import ONLINE_DECISIONS, SERVICE
from credit_platform.reports.figures.svg import action_svg, trend_svg
from credit_platform.reports.wording import metric_name, model_name
from credit_platform.texts import yaml_beside

N_MONTHS = 24
_MOST_NAMED = 6
_COLUMNS = "dagster/column_schema"
_ABOUT_SOURCES = {"row_balance", "data_quality"}
# What is no asset and no raw file, and still an input.
_LOGS = {ONLINE_DECISIONS: "the log of decisions taken online", SERVICE: "what the service counted, minute by minute"}


@cache
def runbook() -> dict[str, str]:
    """Every entry by its table."""
    return yaml_beside(__file__, "runbook.yaml", dict[str, str])


def runbook_entry(portfolio: Portfolio, table: str, models: tuple[str, ...]) -> str | None:
    """What to do when this asset is red; None where nobody has written it yet."""
    layer, _, name = table.partition("/")
    own, made = {each.name: each.remedy for each in portfolio.tables}, portfolio.cases.made
    if made is not None and table == portfolio.cases.table:
        return made.remedy
    if layer in {"bronze", "silver", "quarantine"}:
        return runbook()[f"{layer}/*"].format(name=name, words=portfolio.words)
    if layer == "gold" and name in own:
        return own[name]
    parts = ["*" if part in models and place == 1 else part for place, part in enumerate(table.split("/"))]
    found = runbook().get("/".join(parts)) or runbook().get(table)
    return None if found is None else portfolio.words.fill(found)


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
        group_name=group_name(portfolio, group_of(table, models)),
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
    log = _LOGS.get(table)
    if not spec.deps:
        return log or f"the files `{table.removeprefix('bronze/')}*` in the folder of raw files"
    read = sorted((dep.asset_key.to_user_string(), in_words(dep.partition_mapping)) for dep in spec.deps)
    return "; ".join([*(f"`{name}` ({months})" for name, months in read), *filter(None, [log])])


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


def column_lineage(portfolio: Portfolio, table: str) -> dg.TableColumnLineage | None:
    """The columns that each column of a table is made of; None where nobody can tell."""
    lineage = _lineage(portfolio).get(table)
    if lineage is None:
        return None
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(asset_key=asset_key(portfolio, of), column_name=column) for of, column in made_of]
            for name, made_of in lineage.items()
        }
    )


def with_origins(portfolio: Portfolio, table: str, schema: dg.TableSchema) -> dg.TableSchema:
    """The columns of a table, each saying what it is made of, down to the source's own column names."""
    lineage = _lineage(portfolio).get(table)
    if lineage is None:
        return schema
    columns = [_with_origin(portfolio, column, lineage[column.name]) for column in schema.columns]
    return dg.TableSchema(columns=columns, constraints=schema.constraints)


@cache
def _lineage(portfolio: Portfolio) -> Mapping[str, Lineage]:
    return portfolio.features.lineage()


def _with_origin(portfolio: Portfolio, column: dg.TableColumn, made_of: tuple[Column, ...]) -> dg.TableColumn:
    sources = dict.fromkeys(
        source for each in made_of for source in _lineage(portfolio).get(each[0], {}).get(each[1], ())
    )
    said = [f"From {_named(made_of)}"] + ([f"which is {_named(tuple(sources))}"] if sources else [])
    return dg.TableColumn(
        name=column.name,
        type=column.type,
        description=f"{column.description}. {', '.join(said)}.",
        constraints=column.constraints,
        tags=column.tags,
    )


def _named(columns: tuple[Column, ...]) -> str:
    by_table: dict[str, list[str]] = {}
    for table, name in columns:
        by_table.setdefault(table, []).append(name)
    return " and ".join(
        f"{table} ({', '.join(names) if len(names) <= _MOST_NAMED else f'{len(names)} columns'})"
        for table, names in by_table.items()
    )


def picture(name: str, svg: str) -> dg.MetadataValue:
    """A picture as the UI shows it inline; `name` stands where it cannot."""
    return dg.MetadataValue.md(f"![{name}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})")


def trend_picture(
    lake: Lake, table: str, measured: Sequence[pl.DataFrame], *, metric: str, levels: Sequence[float | None]
) -> dg.MetadataValue:
    """A metric of one model up to the newest month of a run, with its interval.

    Args:
        lake: Where the months before the run lie.
        table: Asset key of a table of measures.
        measured: Rows of the run's months so far, not yet stored.
        metric: What is drawn.
        levels: Thresholds, the milder first; None where there is none.
    """
    rows = so_far(lake, table, measured).filter(metric=metric, segment="all").sort("snapshot_month")
    title = f"{metric_name(metric)}, {model_name(table.split('/')[1])}"
    has_interval = bool(rows["ci_low"].is_not_null().any())
    svg = trend_svg(
        rows["snapshot_month"].to_list(),
        rows["value"].to_list(),
        title=title,
        low=rows["ci_low"].to_list() if has_interval else None,
        high=rows["ci_high"].to_list() if has_interval else None,
        levels=[level for level in levels if level is not None],
    )
    return picture(f"{title} by month", svg)


def action_picture(lake: Lake, table: str, decided: Sequence[pl.DataFrame]) -> dg.MetadataValue:
    """The actions of one model up to the newest month of a run; arguments as for `trend_picture`."""
    rows = so_far(lake, table, decided).sort("snapshot_month")
    title = f"Actions, {model_name(table.split('/')[1])}"
    svg = action_svg(
        rows["snapshot_month"].to_list(), rows["action"].to_list(), rows["actionable"].to_list(), title=title
    )
    return picture(f"{title} by month", svg)


def so_far(lake: Lake, table: str, made: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The last months of a table up to the newest one made, those of a run in place of what is stored of them."""
    rows = pl.concat(made)
    own = set(rows["snapshot_month"].to_list())
    newest = max(own, default=None)
    stored = [month for month in lake.months(table) if newest and month < newest and month not in own]
    if not stored:
        return rows
    before = lake.scan(table, stored[-N_MONTHS:]).select(rows.columns).collect()
    return pl.concat([before, rows])
