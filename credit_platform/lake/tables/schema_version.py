"""Which version of its schema class a stored month was written under, and the refusal of months of another.

The fingerprint stands in the Parquet file itself, so a folder may hold months of two versions while it is rebuilt.
What a table must look like is written in `schemas`.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

import dataframely as dy
import polars as pl

from credit_platform.errors import TableError
from credit_platform.portfolios.tables import Tables, begins_with

SCHEMA_KEY = "credit_platform.schema"


@cache
def fingerprint(schema: type[dy.Schema] | None) -> str | None:
    """A hash of the names and types of a table's columns, in order; None for a table without a schema class."""
    if schema is None:
        return None
    columns = "\n".join(f"{name} {column.dtype}" for name, column in schema.columns().items())
    return hashlib.sha256(columns.encode()).hexdigest()[:16]


def file_metadata(schema: type[dy.Schema] | None) -> dict[str, str]:
    """What is written into every Parquet file of a table."""
    version = fingerprint(schema)
    return {} if version is None else {SCHEMA_KEY: version}


def require_current_schema(tables: Tables, table: str, months: Sequence[date], files: Sequence[Path]) -> None:
    """Refuse stored months that were written under another version of their schema.

    Raises:
        TableError: there are some; says how to build them again.
    """
    schema = tables.schema(table)
    current = fingerprint(schema)
    if schema is None or current is None:
        return
    old = sorted(month for month, file in zip(months, files, strict=True) if not _is_current(schema, current, file))
    if old:
        raise TableError(
            table=table,
            months=old,
            reason="stored by a release with other columns",
            fix=(
                f"Build them again: credit-platform backfill --from {old[0]:%Y-%m} --to {old[-1]:%Y-%m}"
                f" --job {_job(table)}."
            ),
        )


def _is_current(schema: type[dy.Schema], current: str, file: Path) -> bool:
    stored = pl.read_parquet_metadata(file).get(SCHEMA_KEY)
    if stored is not None:
        return stored == current
    # Written before files carried a fingerprint: the columns themselves tell.
    return dict(pl.read_parquet_schema(file)) == {name: column.dtype for name, column in schema.columns().items()}


def _job(table: str) -> str:
    return {"snapshot": "build_month", "scoring": "score_month", "outcome": "monitor_month"}[begins_with(table)]
