"""A month at a time gives the tables that all months at once give: for every kind of book."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform.lake.layout import month_files
from credit_platform.lake.raw import raw_file
from credit_platform.lake.tables import month_parts
from credit_platform.lake.tables.table_versions import file_sha256
from credit_platform.portfolios.tables import begins_with
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = [pytest.mark.slow, *PREVIEW_ALLOWED]


def hashes(book: BookFolders) -> dict[str, str]:
    """Every file of the tables that are built of the sources alone, by table and month."""
    tables = book.layout.tables
    built = [*tables.quarantines, *(table for table in tables.shared if begins_with(table) == "snapshot")]
    return {
        f"{table} {month:%Y-%m}": file_sha256(file)
        for table in built
        for month, file in month_files(book.layout.table(table)).items()
    }


def test_months_held_one_at_a_time_make_the_same_files(
    any_finished_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a book that fills memory: each month is a batch of its own, and files are read in parts."""
    monkeypatch.setattr(month_parts, "CELLS_AT_ONCE", 1)
    monkeypatch.setattr(raw_file, "PART_BYTES", 10_000)
    book = any_finished_book.copy_raw_to(tmp_path)
    ended = book.verb("backfill", "--job", "build_month")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert hashes(book) == hashes(any_finished_book)
    assert len(hashes(book)) > 50
