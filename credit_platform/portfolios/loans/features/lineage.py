"""Which columns a column of the feature store is made of, back to the columns of the source files.

Read off the expressions that compute them and off the schemas, so that nothing is written twice; the expressions stand
in feature_store and in each table's cleaning. What people see of it is assets' concern.
"""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from credit_platform.portfolios.feature_set import Column, Lineage
from credit_platform.portfolios.loans.features.catalogue import (
    CHANNELS,
    CLICKSTREAM_MEANS,
    CLICKSTREAM_SUMS,
    SOURCE_FLAGS,
)
from credit_platform.portfolios.loans.features.feature_store import formulas
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.sources.silver import CustomerAttributes, CustomerFinancials, LoanSnapshots
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import NUMBER, SOURCE, TEXT
from credit_platform.schemas.cleaning.table import TableCleaning

_LOANS, _CLICKSTREAM = "silver/loan_snapshots", "silver/customer_clickstream"
_TABLE_OF_SOURCE = {name: f"silver/customer_{name}" for name in SOURCE_FLAGS}
_PREPARED = (SOURCE, TEXT, NUMBER)


def table_lineage(sources: Sequence[Source]) -> dict[str, Lineage]:
    """Every silver table and the feature store: their columns, each with the columns it is made of."""
    silver = {
        f"silver/{source.table}": _of_silver(f"bronze/{source.name}", source.cleaning)
        for source in sources
        if source.cleaning
    }
    return {**silver, "gold/feature_store": _of_features()}


def _of_silver(bronze: str, cleaning: TableCleaning) -> Lineage:
    """A cell is made of the cells its expression reads; the names of repairs, of those their rules look at."""
    made_of: dict[str, list[str]] = {"snapshot_month": ["snapshot_month"]}
    for step in (cleaning.values, *cleaning.derived):
        made_of |= {name: _read_by([expression], made_of, cleaning) for name, expression in step.items()}
    made_of["repairs"] = _read_by([rule.applies for rule in cleaning.repairs], made_of, cleaning)
    return {name: tuple((bronze, cell) for cell in made_of[name]) for name in cleaning.columns}


def _read_by(expressions: Iterable[pl.Expr], made_of: Mapping[str, list[str]], cleaning: TableCleaning) -> list[str]:
    roots = {root for expression in expressions for root in expression.meta.root_names()}
    read = {cell for root in roots for cell in _cells(root, made_of, cleaning)}
    # An expression does not keep its columns in order.
    return [cell for cell in ("snapshot_month", *cleaning.source_columns) if cell in read]


def _cells(root: str, made_of: Mapping[str, list[str]], cleaning: TableCleaning) -> list[str]:
    for prefix in _PREPARED:
        if root.startswith(prefix) and root.removeprefix(prefix) in cleaning.source_columns:
            return [root.removeprefix(prefix)]
    return made_of[root]


def _of_features() -> Lineage:
    known: dict[str, tuple[Column, ...]] = dict(_joined())
    for name, expression in formulas().items():
        known[name] = _in_order(column for root in expression.meta.root_names() for column in known[root])
    known["sources_present"] = _in_order(column for flag in SOURCE_FLAGS.values() for column in known[flag])
    return {name: known[name] for name in FeatureStore.column_names()}


def _joined() -> Iterable[tuple[str, tuple[Column, ...]]]:
    """The columns of a loan's row before anything is computed from them."""
    for source, schema in (("attributes", CustomerAttributes), ("financials", CustomerFinancials)):
        table = _TABLE_OF_SOURCE[source]
        yield from ((name, ((table, name),)) for name in schema.column_names())
        yield SOURCE_FLAGS[source], ((table, "customer_id"),)
    yield from ((name, ((_LOANS, name),)) for name in LoanSnapshots.column_names())
    yield "n_clickstream_months", ((_CLICKSTREAM, "snapshot_month"),)
    for channel, total, mean in zip(CHANNELS, CLICKSTREAM_SUMS, CLICKSTREAM_MEANS, strict=True):
        yield from ((name, ((_CLICKSTREAM, channel),)) for name in (total, mean))


def _in_order(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(sorted(set(columns)))
