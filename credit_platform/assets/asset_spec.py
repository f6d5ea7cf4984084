"""How every table is declared to Dagster: key, axis, schema, owners, run policy.

What a table holds is said in its schema class; how it is made, in the module of its layer.
"""

from collections.abc import Collection, Sequence

import dagster as dg
import dataframely as dy
from typing_extensions import TypedDict

from credit_platform.portfolios.portfolio import Portfolio, Words
from credit_platform.portfolios.tables import tables_of

OWNERS = {
    "bronze": "team:data-engineering",
    "silver": "team:data-engineering",
    "quarantine": "team:data-engineering",
    "gold": "team:data-engineering",
    "model": "team:credit-modelling",
    "prediction": "team:credit-modelling",
    "decision": "team:credit-modelling",
    "monitoring": "team:model-risk",
}


class TableSpec(TypedDict, closed=True):
    """Keyword arguments of `dg.asset` that are the same for every monthly table."""

    key: dg.AssetKey
    description: str
    partitions_def: dg.PartitionsDefinition
    backfill_policy: dg.BackfillPolicy
    metadata: dict[str, object]
    owners: Sequence[str]
    kinds: set[str]
    io_manager_key: str


def asset_key(table: str) -> dg.AssetKey:
    """The asset key of a table named `layer/table`."""
    return dg.AssetKey(table.split("/"))


def column_schema(schema: type[dy.Schema], personal: Collection[str], words: Words) -> dg.TableSchema:
    """The Columns tab of a table, from its schema class; columns with personal data are tagged."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=str(column.dtype).lower(),
                description=words.fill(column.description or ""),
                constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=False),
                tags={"pii": ""} if name in personal else {},
            )
            for name, column in schema.columns().items()
        ]
    )


def table_spec(portfolio: Portfolio, table: str, axis: dg.PartitionsDefinition, *, kind: str = "polars") -> TableSpec:
    """Declare a monthly table that is kept as Parquet and may be built for many months in one run."""
    layer, tables = table.split("/", maxsplit=1)[0], tables_of(portfolio)
    schema = tables[table]
    return TableSpec(
        key=asset_key(table),
        description=portfolio.words.fill((schema.__doc__ or "").strip()),
        partitions_def=axis,
        backfill_policy=dg.BackfillPolicy.single_run(),
        metadata={"dagster/column_schema": column_schema(schema, tables.personal_columns(table), portfolio.words)},
        owners=[OWNERS[layer]],
        kinds={kind, "parquet"},
        io_manager_key="parquet",
    )


def table_output(declared: TableSpec) -> dg.AssetOut:
    """The same for a table that is one of several an asset writes; its months and run policy are the asset's."""
    return dg.AssetOut(
        key=declared["key"],
        is_required=False,
        description=declared["description"],
        metadata=declared["metadata"],
        owners=declared["owners"],
        kinds=declared["kinds"],
        io_manager_key=declared["io_manager_key"],
    )
