"""What is wrong in the rows, and that the doctor finds it."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import polars as pl
import pytest

from credit_platform.cli.doctor import content
from credit_platform.cli.doctor.findings import DoctorFinding
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.small_book import BookFolders


def _without_rows(book: BookFolders) -> None:
    month = book.lake.months("bronze/lms_loan_daily")[-1]
    kept = book.lake.scan("bronze/features_financials", [month]).collect().clear()
    book.lake.write("bronze/features_financials", kept, [month])


def _unread(book: BookFolders) -> None:
    shutil.rmtree(book.layout.table("bronze/features_attributes"))


def _lost(book: BookFolders) -> None:
    month = book.lake.months("silver/loan_snapshots")[-1]
    kept = book.lake.scan("silver/loan_snapshots", [month]).collect()[3:]
    book.lake.write("silver/loan_snapshots", kept, [month])


def _set_aside(book: BookFolders) -> None:
    month = book.lake.months("quarantine/loan_snapshots")[-1]
    rows = book.lake.scan("bronze/lms_loan_daily", [month]).collect().head(60)
    made = rows.select(
        "snapshot_month", "source_file", "source_line", rule=pl.lit("x"), reason=pl.lit("y"), raw_text=pl.lit("{}")
    )
    schema = book.layout.tables["quarantine/loan_snapshots"]
    book.lake.write("quarantine/loan_snapshots", made.select(schema.column_names()), [month])


def _uncovered(book: BookFolders) -> None:
    month = book.lake.months("gold/feature_store")[-1]
    known = book.lake.scan("gold/feature_store", [month]).collect()
    book.lake.write("gold/feature_store", known.with_columns(has_financials=pl.lit(value=False)), [month])


LOOKS: dict[str, tuple[Callable[[BookFolders], None], Callable[[BookFolders], DoctorFinding], str]] = {
    "a source gone dark": (
        _without_rows,
        lambda book: content.check_sources(book.lake, book.settings().policy),
        "no row of features_financials in 2024-08",
    ),
    "a source that could not be read": (
        _unread,
        lambda book: content.check_sources(book.lake, book.settings().policy),
        "no row of features_attributes in 2023-01",
    ),
    "rows lost": (_lost, lambda book: content.check_balance(book.lake), "loan_snapshots 2024-08: 3 missing"),
    "rows set aside": (_set_aside, lambda book: content.check_set_aside(book.lake), "loan_snapshots"),
    "no coverage": (_uncovered, lambda book: content.check_coverage(book.lake), "known to financials"),
}


@case(
    "E8",
    given="a source gone dark, loans without a source, rows set aside or lost in a book that is built",
    right="doctor names the source or table, the month and the share",
)
@pytest.mark.parametrize("name", LOOKS)
def test_doctor_finds_what_is_wrong_in_the_rows(book_copy: BookFolders, name: str) -> None:
    spoil, look, said = LOOKS[name]
    assert look(book_copy).level == "ok", look(book_copy)
    spoil(book_copy)
    found = look(book_copy)
    assert found.level in {"warning", "error"}
    assert said in found.found
    assert found.mend
