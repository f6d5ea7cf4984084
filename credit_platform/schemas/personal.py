"""Which columns of which table hold personal data, by the mark their schemas carry.

The mark itself is in personal_data; keeping columns from readers belongs to lake, tagging them in the UI to assets.
"""

from __future__ import annotations

import dataframely as dy

from credit_platform.portfolios.tables import TABLES
from credit_platform.schemas.personal_data import has_personal_data
from credit_platform.schemas.quarantine import Quarantine


def personal_columns_of(schema: type[dy.Schema]) -> tuple[str, ...]:
    """The marked columns of a table, in file order."""
    return tuple(name for name, column in schema.columns().items() if has_personal_data(column))


def personal_columns(table: str) -> tuple[str, ...]:
    """The columns of a stored table that hold personal data; none for a table without a shared schema.

    A quarantine table holds the raw text of its source's rows, so it is personal where its source is.
    """
    layer, _, name = table.partition("/")
    if layer == "quarantine":
        return personal_columns_of(Quarantine) if name == "customer_attributes" else ()
    return personal_columns_of(TABLES[table]) if table in TABLES else ()
