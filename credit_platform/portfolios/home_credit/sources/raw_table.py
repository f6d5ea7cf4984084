"""Everything a raw table needs, derived from the declarations of its columns: schemas, cells, rules, the source.

Which columns a file has is declared in the module of its source; how one is read, in `raw_column`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import dataframely as dy
import polars as pl

from credit_platform.portfolios.home_credit.sources.raw_cells import DeliveredNumber
from credit_platform.portfolios.home_credit.sources.raw_column import RawColumn
from credit_platform.portfolios.source import DueRows, Source
from credit_platform.schemas.cleaning.cells import identifier_is_readable, key_is_unique, rejected_when_null
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs, plain_identifier
from credit_platform.schemas.cleaning.rule import CleaningRule
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.made_columns import schema_of
from credit_platform.schemas.source_cells import SourceCells


def _snapshot_month(*, primary_key: bool) -> dy.Date:
    return dy.Date(primary_key=primary_key, resolution="1mo", description="Month of the application, first day")


def bronze_of(columns: Sequence[RawColumn]) -> type[dy.Schema]:
    """The columns as delivered, with month, file and line."""
    return schema_of(
        {
            **{column.source: column.bronze for column in columns},
            "snapshot_month": _snapshot_month(primary_key=True),
            "source_file": dy.String(primary_key=True, description="Name of the file the row came from"),
            "source_line": dy.Int64(primary_key=True, min=1, description="Line of the row in that file, from 1"),
        }
    )


def silver_of(columns: Sequence[RawColumn], *also: Mapping[str, dy.Column]) -> type[dy.Schema]:
    """The typed columns, `also` before the repairs; the month is part of the key where there is one."""
    has_key = any(column.is_key for column in columns)
    made = {name: one for columns_also in also for name, one in columns_also.items()}
    return schema_of(
        {
            "snapshot_month": _snapshot_month(primary_key=has_key),
            **{column.name: column.silver for column in columns if column.name},
            **made,
            "repairs": dy.List(dy.String(nullable=True), description="Names of the repairs made to the row, sorted"),
        }
    )


def cleaning_of(
    columns: Sequence[RawColumn],
    silver: type[dy.Schema],
    *,
    derived: Mapping[str, pl.Expr] | None = None,
    rejections: Sequence[CleaningRule] = (),
    keeps_order: bool = True,
) -> TableCleaning:
    """How every cell becomes a silver column.

    Args:
        columns: the declarations.
        silver: the schema made of them.
        derived: silver columns made of others of the row, or of its source cells.
        rejections: of the table's own, before that of rows that share a key.
        keeps_order: whether rows stay in the order of their files.
    """
    identifiers = {column.name: column.source for column in columns if column.kind == "identifier"}
    cells = [cell for column in columns if (cell := column.cell)]
    named = [
        (name, cell) for cell in cells for name in ((cell.name,) if isinstance(cell, DeliveredNumber) else cell.names)
    ]
    keys = [column for column in columns if column.is_key]
    unreadable = [column for column in columns if column.is_required and column.kind != "identifier"]
    return TableCleaning(
        source_columns=tuple(column.source for column in columns),
        columns=tuple(silver.column_names()),
        key=tuple(column.name for column in keys),
        cells=tuple(cell.number() for cell in cells if isinstance(cell, DeliveredNumber)),
        values={name: identifier(source) for name, source in identifiers.items()}
        | {name: cell.value() for name, cell in named},
        plain_values={name: plain_identifier(source) for name, source in identifiers.items()}
        | {name: cell.plain_value() for name, cell in named},
        plain_nulls={name: cell.null_texts for name, cell in named if cell.null_texts},
        repairs=(
            *(rule for source in identifiers.values() for rule in identifier_repairs(source)),
            *(rule for cell in cells for rule in cell.rules()),
        ),
        rejections=(
            *(identifier_is_readable(source, name) for name, source in identifiers.items()),
            *(
                rejected_when_null(each.name, column=each.source, condition=f"no {each.meaning}, or not readable")
                for each in unreadable
            ),
            *rejections,
            *((key_is_unique(keys[0].source),) if keys else ()),
        ),
        derived=(derived,) if derived else (),
        keeps_order=keeps_order,
    )


def source_of(
    name: str,
    table: str,
    columns: Sequence[RawColumn],
    schemas: tuple[type[dy.Schema], type[dy.Schema]],
    cleaning: TableCleaning,
    *,
    due: DueRows,
    volume: pl.Expr,
    flag: str | None = None,
) -> Source:
    """The source; without a `flag` it is that of the cases, and nothing can be built without it."""
    bronze, silver = schemas
    made = Source.cleaned_by(cleaning, name=name, bronze=bronze, table=table, silver=silver, due=due, flag=flag)
    return replace(
        made,
        cells=SourceCells(tuple(column.source for column in columns if column.is_key), made.cells.numbers),
        volume=volume,
        must_be_required=flag is None,
        optional_columns=tuple(column.source for column in columns if column.is_optional),
    )
