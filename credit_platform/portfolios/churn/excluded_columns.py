"""The columns of the three sources that no model reads, each with the reason.

Which features models read is said by `features.feature_columns`.
"""

from collections.abc import Sequence

from credit_platform.portfolios.source import Source

IDENTITY = "names a customer, an order, a product or a comment, and says nothing by itself"
DATES = "says when: it files a row under a month and counts days, and is no feature"
WORDS = "personal: how it sounds is read, and the words stay in bronze"
PROTECTED = "a personal characteristic no offer may rest on; read to compare groups of customers, never to score"
UNITS = "counts or weights of different products, which do not add up"
_REASONS = {
    **dict.fromkeys(("customer_id", "order_id", "product_id", "feedback_id"), IDENTITY),
    **dict.fromkeys(("transaction_date", "feedback_date"), DATES),
    **dict.fromkeys(("age_group", "gender", "marital_status"), PROTECTED),
    "comment": WORDS,
    "quantity": UNITS,
}


def excluded_columns(sources: Sequence[Source]) -> tuple[tuple[str, str, str], ...]:
    """Source, column and reason of every source column that no model reads, in the order of the sources."""
    return tuple(
        (source.name, column, _REASONS[column]) for source in sources for column in source.columns if column in _REASONS
    )
