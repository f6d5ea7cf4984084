"""Names and social security numbers stay where they were delivered: bronze and quarantine, for their owner's eyes."""

from __future__ import annotations

import stat

import duckdb
import pytest

from credit_platform.assets.asset_spec import column_schema
from credit_platform.lake.tables.catalog import refresh_datamart
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of
from credit_platform.schemas.personal_data import may_quote
from credit_platform_tests.field_faults.listening import not_planted
from credit_platform_tests.field_faults.planted import leaks
from credit_platform_tests.small_book import BookFolders

PRIVATE = ("bronze/features_attributes", "quarantine/customer_attributes")


def test_the_marked_columns_are_those_with_names_and_numbers() -> None:
    assert tables_of(LOANS).personal_columns("bronze/features_attributes") == ("Name", "SSN")
    assert tables_of(LOANS).personal_columns("quarantine/customer_attributes") == ("raw_text",)
    assert (
        tables_of(LOANS).personal_columns("quarantine/loan_snapshots")
        == tables_of(LOANS).personal_columns("gold/feature_store")
        == ()
    )


@pytest.mark.parametrize(
    ("table", "is_personal"),
    [
        ("bronze/features_attributes", True),
        ("quarantine/customer_attributes", True),
        ("silver/customer_attributes", True),
        ("bronze/lms_loan_daily", False),
        ("quarantine/loan_snapshots", False),
        ("silver/loan_snapshots", False),
        ("gold/feature_store", False),
    ],
)
def test_nothing_made_of_their_source_may_be_quoted(table: str, *, is_personal: bool) -> None:
    assert tables_of(LOANS).is_personal(table) == is_personal
    with tables_of(LOANS).disclosing(table):
        assert may_quote() != is_personal
    assert not may_quote()


@pytest.mark.parametrize(
    ("table", "personal"),
    [
        ("bronze/features_attributes", ["Name", "SSN"]),
        ("quarantine/customer_attributes", ["raw_text"]),
        ("quarantine/loan_snapshots", []),
        ("silver/customer_attributes", []),
    ],
)
def test_the_columns_tab_tags_them(table: str, personal: list[str]) -> None:
    tables = tables_of(LOANS)
    columns = column_schema(tables[table], tables.personal_columns(table), LOANS.words).columns
    assert [column.name for column in columns if "pii" in column.tags] == personal


@pytest.mark.parametrize("table", PRIVATE)
def test_their_files_are_readable_by_their_owner_alone(finished_book: BookFolders, table: str) -> None:
    files = list((finished_book.data_dir / table).glob("*.parquet"))
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_other_files_keep_the_usual_mode(finished_book: BookFolders) -> None:
    file = next((finished_book.data_dir / "silver/customer_attributes").glob("*.parquet"))
    assert stat.S_IMODE(file.stat().st_mode) != 0o600


def test_the_views_for_people_leave_them_out(book_copy: BookFolders) -> None:
    refresh_datamart(book_copy.lake.layout)
    with duckdb.connect(str(book_copy.lake.layout.datamart), read_only=True) as connection:
        for view in ("bronze.features_attributes", "quarantine.customer_attributes"):
            columns = {row[0] for row in connection.sql(f"describe {view}").fetchall()}
            assert columns
            assert not columns & {"Name", "SSN", "raw_text"}


def test_no_table_log_report_or_run_history_holds_a_name_or_a_number(finished_book: BookFolders) -> None:
    assert not_planted(finished_book.data_dir) == []
    assert any(finished_book.data_dir.rglob(".dagster"))
    assert list(leaks(finished_book.data_dir)) == []
