"""Columns that differ only by their number, as a schema to build a table on.

What the columns mean is said by the table.
"""

from collections.abc import Mapping

import dataframely as dy


def schema_of(columns: Mapping[str, dy.Column]) -> type[dy.Schema]:
    """A schema of these columns in their order, for others to inherit."""
    made: type[dy.Schema] = type(dy.Schema)("Made", (dy.Schema,), dict(columns))  # pyrefly: ignore[bad-assignment]
    return made
