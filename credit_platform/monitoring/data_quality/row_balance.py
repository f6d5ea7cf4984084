"""SQL that counts where a source's rows went, independently of the code that cleaned them.

The text only: connecting, and making the views it reads, is the caller's work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def row_balance_sql(table: str, source_columns: Sequence[str]) -> str:
    """The query for one silver table, giving the columns of `schemas.monitoring.RowBalance` per month of `as_of`.

    It reads the views `bronze`, `silver` and `quarantine` of that table and the table `as_of(snapshot_month)`.
    Duplicates are counted in the source: its rows less its distinct rows, file and line aside.

    Args:
        table: Name of the silver table.
        source_columns: The source's own columns, without the month, file and line the platform adds.
    """
    cells = ", ".join(_identifier(column) for column in source_columns)
    return f"""
with source as (
    select snapshot_month, count(*) as n from bronze group by snapshot_month
),
distinct_source as (
    select snapshot_month, count(*) as n
    from (select distinct snapshot_month, {cells} from bronze)
    group by snapshot_month
),
kept as (
    select snapshot_month, count(*) as n, count(*) filter (where len(repairs) > 0) as n_repaired
    from silver
    group by snapshot_month
),
set_aside as (
    select snapshot_month, count(*) as n from quarantine group by snapshot_month
)
select
    as_of.snapshot_month,
    {_literal(table)} as "table",
    coalesce(source.n, 0) as rows_in,
    coalesce(kept.n, 0) as rows_out,
    coalesce(set_aside.n, 0) as quarantined,
    coalesce(source.n, 0) - coalesce(distinct_source.n, 0) as duplicates_dropped,
    coalesce(kept.n_repaired, 0) as rows_repaired
from as_of
left join source using (snapshot_month)
left join distinct_source using (snapshot_month)
left join kept using (snapshot_month)
left join set_aside using (snapshot_month)
order by as_of.snapshot_month
"""  # noqa: S608 - names come from the schemas and are quoted
