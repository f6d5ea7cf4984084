"""What of a run history is one book's: its asset keys, and its runs. Several books may share one history.

On disk, in policy and on the command line a table is `layer/table` for every book. In Dagster the name of the book
stands before it, but for the loans, whose keys are as they were when there was no other book; `portfolios.tables`
says which prefix a book has.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import dagster as dg

from credit_platform.lake.layout import LAYERS
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import key_prefix, table_at

# Tag of the runs of a book's jobs. Those of the loans have none.
BOOK_TAG = "credit_platform/book"
# The code location of the book without a prefix in the workspace.yaml of the checkout.
_USUAL_LOCATION = "credit_platform"

_Asset = TypeVar("_Asset", bound=dg.AssetsDefinition)


def asset_key(portfolio: Portfolio, table: str) -> dg.AssetKey:
    """The asset key of a table named `layer/table`."""
    return dg.AssetKey([*key_prefix(portfolio), *table.split("/")])


def group_name(portfolio: Portfolio, group: str) -> str:
    """The group of an asset in the graph: the UI draws those of one name as one, of whichever book they are."""
    return "/".join([*key_prefix(portfolio), group])


def table_of(portfolio: Portfolio, key: dg.AssetKey) -> str:
    """The name of the table with an asset key."""
    return table_at(portfolio, key.path)


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


def location_name(portfolio: Portfolio) -> str:
    """The name of a book's code location: where the UI looks for the jobs of its runs."""
    return portfolio.name if key_prefix(portfolio) else _USUAL_LOCATION


def run_tags(portfolio: Portfolio) -> dict[str, str]:
    """The tags by which a run says of which book it is."""
    return {BOOK_TAG: portfolio.name} if key_prefix(portfolio) else {}


def is_own_key(portfolio: Portfolio, key: dg.AssetKey) -> bool:
    """Whether an asset is of a book: its first part is the book's name, or of the loans a layer."""
    prefix = key_prefix(portfolio)
    return tuple(key.path[: len(prefix)]) == prefix if prefix else key.path[0] in {*LAYERS, "model"}


def is_own_run(portfolio: Portfolio, run: dg.DagsterRun) -> bool:
    """Whether a run is of a book: of one of its jobs, or of assets that somebody chose in the UI.

    A run that says neither is of the loans, as all were before there were other books.
    """
    marked = run.tags.get(BOOK_TAG)
    if marked is not None:
        return marked == portfolio.name
    chosen = {*(run.asset_selection or ()), *(check.asset_key for check in run.asset_check_selection or ())}
    return all(is_own_key(portfolio, key) for key in chosen) if chosen else not key_prefix(portfolio)


def own_runs(portfolio: Portfolio, runs: Iterable[dg.DagsterRun]) -> list[dg.DagsterRun]:
    """Those of some runs that are of a book, in their order."""
    return [run for run in runs if is_own_run(portfolio, run)]


def is_shared(instance: dg.DagsterInstance, portfolio: Portfolio) -> bool:
    """Whether a history has assets or runs of another book too."""
    return any(not is_own_key(portfolio, key) for key in instance.all_asset_keys()) or any(
        not is_own_run(portfolio, run) for run in instance.get_runs()
    )
