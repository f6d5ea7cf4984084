"""Where the columns of a table come from, as Dagster and as people read it.

The lineage itself is the book's own. The open-source UI draws no graph of columns, so it is said in each column's
description as well; programs read it from the metadata.
"""

from collections.abc import Mapping
from functools import cache

import dagster as dg

from credit_platform.assets.asset_spec import asset_key
from credit_platform.portfolios.feature_set import Column, Lineage
from credit_platform.portfolios.portfolio import Portfolio

_MOST_NAMED = 6


def column_lineage(portfolio: Portfolio, table: str) -> dg.TableColumnLineage | None:
    """The columns that each column of a table is made of; None where nobody can tell."""
    lineage = _lineage(portfolio).get(table)
    if lineage is None:
        return None
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(asset_key=asset_key(of), column_name=column) for of, column in made_of]
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
