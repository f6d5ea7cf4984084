"""Which columns a column of the feature store is made of, back to the columns of the source files.

Read off the expressions of the declarations and of each table's cleaning, so that nothing is written twice.
"""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from credit_platform.portfolios.feature_set import Column, Lineage
from credit_platform.portfolios.home_credit.features.application_features import OF_ALL, OF_APPLICATION
from credit_platform.portfolios.home_credit.features.declared_feature import CASE, ChildTable
from credit_platform.portfolios.home_credit.features.feature_store import (
    APPLICATIONS,
    CHILDREN,
    SOURCE_FLAGS,
    ApplicationFeatures,
)
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import NUMBER, SOURCE, TEXT
from credit_platform.schemas.cleaning.table import TableCleaning

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
    made_of = {"snapshot_month": {"snapshot_month"}}
    for step in (cleaning.values, *cleaning.derived):
        for name, expression in step.items():
            made_of[name] = _read_by([expression], made_of)
    made_of["repairs"] = _read_by([rule.applies for rule in cleaning.repairs], made_of)
    order = ("snapshot_month", *cleaning.source_columns)
    return {name: tuple((bronze, cell) for cell in order if cell in made_of[name]) for name in cleaning.columns}


def _read_by(expressions: Iterable[pl.Expr], made_of: Mapping[str, set[str]]) -> set[str]:
    roots = {root for expression in expressions for root in expression.meta.root_names()}
    return {cell for root in roots for cell in _cells(root, made_of)}


def _cells(root: str, made_of: Mapping[str, set[str]]) -> set[str]:
    for prefix in _PREPARED:
        if root.startswith(prefix):
            return {root.removeprefix(prefix)}
    return made_of[root]


def _of_features() -> Lineage:
    known: dict[str, tuple[Column, ...]] = {name: ((APPLICATIONS, name),) for name in (*CASE, "customer_id")}
    for feature in OF_APPLICATION:
        known[feature.name] = _in_order((APPLICATIONS, root) for root in feature.formula.meta.root_names())
    for child in CHILDREN:
        known |= _of_child(child)
    for feature in OF_ALL:
        known[feature.name] = _in_order(
            column for root in feature.formula.meta.root_names() for column in known.get(root, ((APPLICATIONS, root),))
        )
    known["sources_present"] = _in_order(column for flag in SOURCE_FLAGS.values() for column in known[flag])
    return {name: known[name] for name in ApplicationFeatures.column_names()}


def _of_child(child: ChildTable) -> dict[str, tuple[Column, ...]]:
    # What counts rows reads no column but the key that says whose they are.
    key = child.part_key or CASE[1]
    read = {name: expression.meta.root_names() or [key] for name, expression in child.parts.items()}
    found = {
        feature.name: _in_order(
            (child.table, column)
            for root in feature.formula.meta.root_names() or [key]
            for column in read.get(root, [root])
        )
        for feature in child.features
    }
    return {**found, child.flag: ((child.table, key),)}


def _in_order(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(sorted(set(columns)))
