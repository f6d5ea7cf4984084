"""What of a run history is one book's: its asset keys, and its runs. Several books may share one history.

The only place that turns a table's name into its asset key and back. On disk, in policy and on the command line a
table is `layer/table` for every book; in Dagster the name of the book stands before it, but for the loans, whose keys
are as they were when there was no other book.
"""

from collections.abc import Sequence
from typing import TypeVar

import dagster as dg

from credit_platform.portfolios.portfolio import Portfolio

BOOK_TAG = "credit_platform/book"
# The book whose keys and runs are not marked.
UNMARKED = "loans"

_Asset = TypeVar("_Asset", bound=dg.AssetsDefinition)


def key_prefix(portfolio: Portfolio) -> tuple[str, ...]:
    """What stands before a table's name in its asset key."""
    return () if portfolio.name == UNMARKED else (portfolio.name,)


def asset_key(portfolio: Portfolio, table: str) -> dg.AssetKey:
    """The asset key of a table named `layer/table`."""
    return dg.AssetKey([*key_prefix(portfolio), *table.split("/")])


def table_of(portfolio: Portfolio, key: dg.AssetKey) -> str:
    """The name of the table with an asset key, also of one that no prefix was put before yet."""
    prefix = key_prefix(portfolio)
    n = len(prefix) if tuple(key.path[: len(prefix)]) == prefix else 0
    return "/".join(key.path[n:])


def in_shared_history(portfolio: Portfolio, declared: Sequence[_Asset]) -> list[_Asset]:
    """Assets, or checks, that were declared by the names of their tables, under the keys they have in Dagster."""
    if not key_prefix(portfolio):
        return list(declared)
    keys = {key for each in declared for key in (*each.keys, *each.dependency_keys)}
    keys |= {check.asset_key for each in declared for check in each.check_keys}
    placed = {key: asset_key(portfolio, key.to_user_string()) for key in keys}
    # Dagster gives checks back as assets, which it takes for checks again later, with a warning each.
    return [
        type(each)(**each.with_attributes(asset_key_replacements=placed).get_attributes_dict()) for each in declared
    ]
