"""Which columns a column of the feature store is made of, back to the columns of the source files.

What is counted over many rows is said here. What silver is made of is read off the cleaning of every table by
`portfolios.source_columns`.
"""

from collections.abc import Mapping, Sequence

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
from credit_platform.portfolios.source_columns import in_order, silver_lineage

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
    return {**silver_lineage(sources), CASES: _of_cases(), "gold/feature_store": _of_features()}


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
            known[name] = in_order(column for root in roots for column in known.get(root) or _counted(root))
        elif feature.levels is not None:
            known[name] = ((CUSTOMERS, name),)
        elif name.startswith("sentiment"):
            known[name] = (_SAID, (FEEDBACK, "sentiment"))
        else:
            known[name] = _counted(name)
    known["sources_present"] = in_order(column for flag in FLAGS.values() for column in known[flag])
    return {name: known[name] for name in CustomerFeatures.column_names()}


def _counted(name: str) -> tuple[Column, ...]:
    return next(columns for begin, columns in _OF_SALES.items() if name.startswith(begin))
