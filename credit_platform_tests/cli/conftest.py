"""A backup of the finished book, and folders to restore it into."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from credit_platform.cli.backup.backup import back_up
from credit_platform_tests.small_book import BookFolders


@pytest.fixture(scope="session")
def taken(finished_book: BookFolders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the finished book, as a folder. Read only."""
    backup = tmp_path_factory.mktemp("backup") / "taken"
    assert back_up(finished_book.settings(), Console(file=StringIO()), backup) == 0
    return backup


@pytest.fixture
def empty(finished_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BookFolders:
    """Folders of a book of their own with nothing in them, named by the environment."""
    book = BookFolders(tmp_path / "other" / "data", tmp_path / "other" / "raw", finished_book.policy_dir)
    for name, folder in {"DATA": book.data_dir, "RAW": book.raw_dir, "POLICY": book.policy_dir}.items():
        monkeypatch.setenv(f"CREDIT_{name}_DIR", str(folder))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return book
