"""What becomes of source columns: for every kind of book the lineage names columns that are there, and none is lost."""

from __future__ import annotations

import pytest

from credit_platform.portfolios.named import portfolio_named
from credit_platform.portfolios.source_columns import excluded_columns, silver_lineage
from credit_platform.portfolios.tables import tables_of

each_kind = pytest.mark.parametrize("kind", ["loans", "home_credit", "churn"])


@each_kind
def test_every_column_of_silver_is_made_of_columns_that_bronze_has(kind: str) -> None:
    book = portfolio_named(kind)
    found = silver_lineage(book.sources)
    for source in book.sources:
        columns = found[f"silver/{source.table}"]
        assert list(columns) == source.silver.column_names()
        assert {table for made_of in columns.values() for table, _ in made_of} == {f"bronze/{source.name}"}
        assert {name for made_of in columns.values() for _, name in made_of} <= set(source.bronze.column_names())


@each_kind
def test_every_column_that_people_see_is_made_of_columns_that_are_there(kind: str) -> None:
    book = portfolio_named(kind)
    tables = tables_of(book)
    for table, columns in book.features.lineage().items():
        assert set(columns) <= set(tables[table].column_names())
        for made_of in columns.values():
            assert all(name in tables[source].column_names() for source, name in made_of)


@each_kind
def test_a_source_column_is_read_by_a_model_or_left_out_with_a_reason(kind: str) -> None:
    """Or it stays in silver for other ends, which its own table says; none is both."""
    book = portfolio_named(kind)
    lineage = book.features.lineage()
    read = {column for name in book.features.columns for column in lineage["gold/feature_store"][name]}
    bronze = {place for table, column in read for place in lineage.get(table, {}).get(column, ())}
    excluded = {(f"bronze/{source}", column) for source, column, _ in book.features.excluded}
    known = {(f"bronze/{source.name}", column) for source in book.sources for column in source.columns}
    assert excluded <= known
    assert all(reason for *_, reason in book.features.excluded)
    keys = {column for source in book.sources for column in (*source.cells.key, *source.cells.dates)}
    dates = {source.date for source in book.sources}
    assert {place for place in bronze & excluded if place[1] not in keys | dates} == set()


def test_a_whole_source_may_be_left_out_and_a_columns_own_reason_comes_first() -> None:
    book = portfolio_named("churn")
    found = excluded_columns(book.sources[:1], {"order_id": "a name"}, whole={"sales": "all of it"})
    assert {column: reason for _, column, reason in found}["order_id"] == "a name"
    assert {reason for _, column, reason in found if column != "order_id"} == {"all of it"}
