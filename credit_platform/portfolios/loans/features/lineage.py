"""Which columns a column of the feature store is made of, back to the columns of the source files.

Read off the expressions that compute them, which stand in feature_store, so that nothing is written twice. What silver
is made of is read off the cleaning of every table by `portfolios.source_columns`.
"""

from collections.abc import Iterable, Sequence

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
from credit_platform.portfolios.source_columns import in_order, silver_lineage

_LOANS, _CLICKSTREAM = "silver/loan_snapshots", "silver/customer_clickstream"
_TABLE_OF_SOURCE = {name: f"silver/customer_{name}" for name in SOURCE_FLAGS}


def table_lineage(sources: Sequence[Source]) -> dict[str, Lineage]:
    """Every silver table and the feature store: their columns, each with the columns it is made of."""
    return {**silver_lineage(sources), "gold/feature_store": _of_features()}


def _of_features() -> Lineage:
    known: dict[str, tuple[Column, ...]] = dict(_joined())
    for name, expression in formulas().items():
        known[name] = in_order(column for root in expression.meta.root_names() for column in known[root])
    known["sources_present"] = in_order(column for flag in SOURCE_FLAGS.values() for column in known[flag])
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
