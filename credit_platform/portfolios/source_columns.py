"""What becomes of the columns of sources: what silver makes of them, and which no model reads.

Read off the expressions of each table's cleaning, so that nothing is written twice. What a book makes of silver is said
in its own folder; what people see of it, in `assets`.
"""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from credit_platform.portfolios.feature_set import Column, Lineage
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import NUMBER, SOURCE, TEXT
from credit_platform.schemas.cleaning.keys import KEY
from credit_platform.schemas.cleaning.table import TableCleaning

_PREPARED = (SOURCE, TEXT, KEY, NUMBER)


def silver_lineage(sources: Sequence[Source]) -> dict[str, Lineage]:
    """The silver tables by asset key: their columns, each with the bronze columns it is made of."""
    return {
        f"silver/{source.table}": _of_silver(f"bronze/{source.name}", source.cleaning)
        for source in sources
        if source.cleaning
    }


def excluded_columns(
    sources: Sequence[Source], reasons: Mapping[str, str], *, whole: Mapping[str, str] | None = None
) -> tuple[tuple[str, str, str], ...]:
    """Source, column and reason of every source column that no model reads, in the order of the sources.

    Args:
        sources: the book's.
        reasons: by column, whichever source has it.
        whole: by source, the reason of all its other columns, where none of a source is read.
    """
    said = {
        (source.name, column): reasons.get(column) or (whole or {}).get(source.name)
        for source in sources
        for column in source.columns
    }
    return tuple((*place, reason) for place, reason in said.items() if reason)


def in_order(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Columns, each once, sorted."""
    return tuple(sorted(set(columns)))


def _of_silver(bronze: str, cleaning: TableCleaning) -> Lineage:
    """A cell is made of the cells its expression reads; the names of repairs, of those their rules look at."""
    made_of: dict[str, set[str]] = {"snapshot_month": {"snapshot_month"}}
    for step in (cleaning.values, *cleaning.derived):
        made_of |= {name: _read_by([expression], made_of, cleaning) for name, expression in step.items()}
    made_of["repairs"] = _read_by([rule.applies for rule in cleaning.repairs], made_of, cleaning)
    # An expression does not keep its columns in order.
    order = ("snapshot_month", *cleaning.source_columns)
    return {name: tuple((bronze, cell) for cell in order if cell in made_of[name]) for name in cleaning.columns}


def _read_by(expressions: Iterable[pl.Expr], made_of: Mapping[str, set[str]], cleaning: TableCleaning) -> set[str]:
    roots = {root for expression in expressions for root in expression.meta.root_names()}
    return {cell for root in roots for cell in _cells(root, made_of, cleaning)}


def _cells(root: str, made_of: Mapping[str, set[str]], cleaning: TableCleaning) -> set[str]:
    for prefix in _PREPARED:
        if root.startswith(prefix) and root.removeprefix(prefix) in cleaning.source_columns:
            return {root.removeprefix(prefix)}
    return made_of[root]
