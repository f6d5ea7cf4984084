"""The mark of columns that hold personal data.

How marked columns are kept from logs, views and other eyes does not belong here.
"""

from collections.abc import Mapping

import dataframely as dy

PII: dict[str, bool] = {"pii": True}


def has_personal_data(column: dy.Column) -> bool:
    """Whether a column is marked as personal data."""
    return isinstance(column.metadata, Mapping) and bool(column.metadata.get("pii"))
