"""SQL that counts where a source's rows went, independently of the code that cleaned them.

The text only: connecting, and making the views it reads, is the caller's work.
"""

from collections.abc import Sequence

from credit_platform.texts import text_beside


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
    return text_beside(__file__, "row_balance.sql").format(table=_literal(table), cells=cells)
