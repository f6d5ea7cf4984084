"""What of a shared history is one book's: the keys of its assets and checks, and nobody else's."""

from itertools import combinations

import dagster as dg
import pytest

from credit_platform.code_location import build_definitions
from credit_platform.instance.shared_history import asset_key, table_of
from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import tables_of
from credit_platform_tests.small_book import BookFolders
from credit_platform_tests.toy_portfolio import GYM

BOOKS = [LOANS, HOME_CREDIT, GYM]


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dg.RepositoryDefinition]:
    made: dict[str, dg.RepositoryDefinition] = {}
    for book in BOOKS:
        root = tmp_path_factory.mktemp(book.name)
        settings = BookFolders(root / "data", root / "raw", book.policy_dir, book).settings()
        made[book.name] = build_definitions(book, settings).get_repository_def()
    return made


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
def test_every_table_has_one_key_and_every_key_one_table(book: Portfolio) -> None:
    tables = [*tables_of(book).shared, *tables_of(book).quarantines, "model/scorecard", "monitoring/scorecard/action"]
    keys = {table: asset_key(book, table) for table in tables}
    assert len(set(keys.values())) == len(tables)
    assert {table_of(book, key): key for key in keys.values()} == keys


def test_the_loans_keep_their_keys_and_others_have_their_name_before_them() -> None:
    assert asset_key(LOANS, "gold/feature_store") == dg.AssetKey(["gold", "feature_store"])
    assert asset_key(GYM, "gold/feature_store") == dg.AssetKey(["gym", "gold", "feature_store"])


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
def test_assets_checks_and_what_they_read_are_the_books_own(
    repositories: dict[str, dg.RepositoryDefinition], book: Portfolio
) -> None:
    graph = repositories[book.name].asset_graph
    keys = set(graph.get_all_asset_keys())
    assert {key: asset_key(book, table_of(book, key)) for key in keys} == {key: key for key in keys}
    assert graph.materializable_asset_keys == keys, "each is made here, also those that others read"
    assert {check.asset_key for check in graph.asset_check_keys} <= keys
    checks = repositories[book.name].asset_checks_defs_by_key
    assert all(isinstance(check, dg.AssetChecksDefinition) for check in checks.values())


@pytest.mark.parametrize(("one", "other"), list(combinations([book.name for book in BOOKS], 2)))
def test_two_books_share_no_asset_no_check_and_no_name_of_partitions(
    repositories: dict[str, dg.RepositoryDefinition], one: str, other: str
) -> None:
    graphs = [repositories[name].asset_graph for name in (one, other)]
    first, second = (set(graph.get_all_asset_keys()) | set(graph.asset_check_keys) for graph in graphs)
    assert first
    assert second
    assert first.isdisjoint(second)
    for graph in graphs:
        months = [graph.get(key).partitions_def for key in graph.get_all_asset_keys()]
        assert {type(each) for each in months} <= {dg.MonthlyPartitionsDefinition, dg.TimeWindowPartitionsDefinition}
