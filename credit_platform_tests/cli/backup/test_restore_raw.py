"""Restore and the raw files: somebody's deliveries, of which it touches only those that the backup brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform.errors import BackupError
from credit_platform_tests.cli.backup.restored_book import restored, tables_of
from credit_platform_tests.small_book import BookFolders

LOANS = "lms_loan_daily.csv"


@pytest.fixture
def delivered(taken: Path, empty: BookFolders) -> BookFolders:
    """A restored book, to which a newer file has been delivered since."""
    restored(empty, taken)
    (empty.raw_dir / "lms_loan_daily_2024_09.csv").write_text("newer")
    (empty.raw_dir / "archive").mkdir()
    (empty.raw_dir / "archive" / "old.csv").write_text("older")
    return empty


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in folder.iterdir() if file.is_file()}


def test_equal_files_are_left_missing_ones_put_there_and_newer_ones_stay(delivered: BookFolders, taken: Path) -> None:
    before = stamps(delivered.raw_dir)
    (delivered.raw_dir / LOANS).unlink()
    restored(delivered, taken, to_replace=True)
    after = stamps(delivered.raw_dir)
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {LOANS}
    assert (delivered.raw_dir / LOANS).read_bytes() == (taken / "raw" / LOANS).read_bytes()
    assert (delivered.raw_dir / "lms_loan_daily_2024_09.csv").read_text() == "newer"
    assert (delivered.raw_dir / "archive" / "old.csv").read_text() == "older"


def test_a_file_with_other_content_is_named_and_replaced_only_when_told(delivered: BookFolders, taken: Path) -> None:
    loans = delivered.raw_dir / LOANS
    loans.write_text("with newer rows")
    spoilt = delivered.layout.table("gold/label_store") / "2024-05-01.parquet"
    whole = tables_of(delivered.data_dir)
    spoilt.write_bytes(b"spoilt")
    with pytest.raises(BackupError, match=rf"other content under the names.*{LOANS}.*--without-raw.*--replace-raw"):
        restored(delivered, taken, to_replace=True)
    assert (loans.read_text(), spoilt.read_bytes()) == ("with newer rows", b"spoilt")
    restored(delivered, taken, to_replace=True, without_raw=True)
    assert loans.read_text() == "with newer rows"
    assert tables_of(delivered.data_dir) == whole
    restored(delivered, taken, to_replace=True, to_replace_raw=True)
    assert loans.read_bytes() == (taken / "raw" / LOANS).read_bytes()
    assert (delivered.raw_dir / "lms_loan_daily_2024_09.csv").read_text() == "newer"


def test_an_empty_data_folder_beside_raw_files_of_others_is_no_licence(empty: BookFolders, taken: Path) -> None:
    empty.raw_dir.mkdir(parents=True)
    (empty.raw_dir / LOANS).write_text("theirs")
    with pytest.raises(BackupError, match="other content"):
        restored(empty, taken)
    assert [file.name for file in empty.raw_dir.iterdir()] == [LOANS]
    assert not empty.data_dir.exists()


def test_raw_files_inside_the_data_folder_are_raw_files_too(
    finished_book: BookFolders, taken: Path, empty: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = BookFolders(empty.data_dir, empty.data_dir / "raw", finished_book.policy_dir)
    monkeypatch.setenv("CREDIT_RAW_DIR", str(inside.raw_dir))
    restored(inside, taken)
    (inside.raw_dir / "newer.csv").write_text("newer")
    restored(inside, taken, to_replace=True)
    assert (inside.raw_dir / "newer.csv").read_text() == "newer"
    assert (inside.raw_dir / LOANS).is_file()


def test_a_raw_folder_that_would_have_to_make_room_is_refused(
    taken: Path, empty: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = BookFolders(empty.data_dir, empty.data_dir / "sources" / "raw", empty.policy_dir)
    monkeypatch.setenv("CREDIT_RAW_DIR", str(inside.raw_dir))
    inside.raw_dir.mkdir(parents=True)
    (inside.raw_dir / "mine.csv").write_text("mine")
    with pytest.raises(BackupError, match="would have to make room"):
        restored(inside, taken, to_replace=True)
    assert (inside.raw_dir / "mine.csv").read_text() == "mine"
