"""Which columns a column of the feature store is made of, back to the columns of the source files.

Silver is read off the expressions of each table's cleaning; what is counted over many rows is said here.
"""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from credit_platform.portfolios.churn.features.feature_columns import CustomerFeatureColumns
from credit_platform.portfolios.churn.features.feature_store import (
    CASES,
    CUSTOMERS,
    FEEDBACK,
    FLAGS,
    SALES,
    CustomerFeatures,
)
from credit_platform.portfolios.feature_set import Column, Lineage, declared_features
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import NUMBER, SOURCE, TEXT
from credit_platform.schemas.cleaning.table import TableCleaning

_PREPARED = (SOURCE, TEXT, NUMBER)
_DAY, _BOUGHT, _SAID = (SALES, "transaction_date"), (SALES, "amount"), (FEEDBACK, "feedback_date")
_OF_SALES: Mapping[str, tuple[Column, ...]] = {
    "amount": (_BOUGHT, _DAY),
    "n_orders": ((SALES, "order_id"), _BOUGHT, _DAY),
    "n_products": ((SALES, "product_id"), _BOUGHT, _DAY),
    "returned": (_BOUGHT, _DAY),
    "n_purchase": (_BOUGHT, _DAY),
    "mean_gap": (_BOUGHT, _DAY),
    "largest_gap": (_BOUGHT, _DAY),
}


def table_lineage(sources: Sequence[Source]) -> dict[str, Lineage]:
    """Every silver table and the feature store: their columns, each with the columns it is made of."""
    silver = {
        f"silver/{source.table}": _of_silver(f"bronze/{source.name}", source.cleaning)
        for source in sources
        if source.cleaning
    }
    return {**silver, CASES: _of_cases(), "gold/feature_store": _of_features()}


def _of_silver(bronze: str, cleaning: TableCleaning) -> Lineage:
    """A cell is made of the cells its expression reads; the names of repairs, of those their rules look at."""
    made_of = {"snapshot_month": {"snapshot_month"}}
    made_of |= {name: _read_by([expression]) for name, expression in cleaning.values.items()}
    made_of["repairs"] = _read_by([rule.applies for rule in cleaning.repairs])
    order = ("snapshot_month", *cleaning.source_columns)
    return {name: tuple((bronze, cell) for cell in order if cell in made_of[name]) for name in cleaning.columns}


def _read_by(expressions: Iterable[pl.Expr]) -> set[str]:
    roots = {root for expression in expressions for root in expression.meta.root_names()}
    return {root.removeprefix(prefix) for root in roots for prefix in _PREPARED if root.startswith(prefix)}


def _of_cases() -> Lineage:
    customer, month = (SALES, "customer_id"), (SALES, "snapshot_month")
    return {
        "snapshot_month": (month,),
        "snapshot_date": (month,),
        "customer_month": (customer, month),
        "customer_id": (customer,),
        "last_purchase_date": (_BOUGHT, _DAY),
        "first_purchase_date": (_BOUGHT, _DAY),
        "sales_until": (_DAY,),
    }


def _of_features() -> Lineage:
    known: dict[str, tuple[Column, ...]] = {
        **{name: ((CASES, name),) for name in ("snapshot_month", "customer_month", "customer_id")},
        "days_since_purchase": ((CASES, "last_purchase_date"), (CASES, "snapshot_date")),
        "has_profile": ((CUSTOMERS, "customer_id"),),
        "has_feedback": ((FEEDBACK, "customer_id"),),
        "has_sales": ((SALES, "customer_id"),),
        "n_feedback_4m": (_SAID,),
        "days_since_feedback": (_SAID,),
    }
    declared = declared_features(CustomerFeatureColumns)
    for name, feature in declared.items():
        if name in known:
            continue
        if feature.formula is not None:
            roots = feature.formula.meta.root_names()
            known[name] = _in_order(column for root in roots for column in known.get(root) or _counted(root))
        elif feature.levels is not None:
            known[name] = ((CUSTOMERS, name),)
        elif name.startswith("sentiment"):
            known[name] = (_SAID, (FEEDBACK, "sentiment"))
        else:
            known[name] = _counted(name)
    known["sources_present"] = _in_order(column for flag in FLAGS.values() for column in known[flag])
    return {name: known[name] for name in CustomerFeatures.column_names()}


def _counted(name: str) -> tuple[Column, ...]:
    return next(columns for begin, columns in _OF_SALES.items() if name.startswith(begin))


def _in_order(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(sorted(set(columns)))
