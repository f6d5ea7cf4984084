"""Which columns a column of the feature store is made of, back to the columns of the source files.

Read off the expressions of the declarations, so that nothing is written twice. What silver is made of is read off the
cleaning of every table by `portfolios.source_columns`.
"""

from collections.abc import Sequence

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
from credit_platform.portfolios.source_columns import in_order, silver_lineage


def table_lineage(sources: Sequence[Source]) -> dict[str, Lineage]:
    """Every silver table and the feature store: their columns, each with the columns it is made of."""
    return {**silver_lineage(sources), "gold/feature_store": _of_features()}


def _of_features() -> Lineage:
    known: dict[str, tuple[Column, ...]] = {name: ((APPLICATIONS, name),) for name in (*CASE, "customer_id")}
    for feature in OF_APPLICATION:
        known[feature.name] = in_order((APPLICATIONS, root) for root in feature.formula.meta.root_names())
    for child in CHILDREN:
        known |= _of_child(child)
    for feature in OF_ALL:
        known[feature.name] = in_order(
            column for root in feature.formula.meta.root_names() for column in known.get(root, ((APPLICATIONS, root),))
        )
    known["sources_present"] = in_order(column for flag in SOURCE_FLAGS.values() for column in known[flag])
    return {name: known[name] for name in ApplicationFeatures.column_names()}


def _of_child(child: ChildTable) -> dict[str, tuple[Column, ...]]:
    # What counts rows reads no column but the key that says whose they are.
    key = child.part_key or CASE[1]
    read = {name: expression.meta.root_names() or [key] for name, expression in child.parts.items()}
    found = {
        feature.name: in_order(
            (child.table, column)
            for root in feature.formula.meta.root_names() or [key]
            for column in read.get(root, [root])
        )
        for feature in child.features
    }
    return {**found, child.flag: ((child.table, key),)}
