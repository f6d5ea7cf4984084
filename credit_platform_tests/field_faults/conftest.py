"""The book that lies in a folder of an odd name."""

from __future__ import annotations

import shutil

import pytest

from credit_platform_tests.field_faults.places import ODD
from credit_platform_tests.small_book import (
    BookFolders,
)


@pytest.fixture(scope="session")
def odd_book(small_book: BookFolders, tmp_path_factory: pytest.TempPathFactory) -> BookFolders:
    """Two months of the small book, built by the program in a folder with every sign that others read as something."""
    root = tmp_path_factory.mktemp("odd") / ODD
    shutil.copytree(small_book.raw_dir, root / "raw")
    book = BookFolders(root / "data", root / "raw", small_book.policy_dir)
    assert book.command("init", "--first-month", "2023-01", "--last-month", "2024-08").returncode == 0
    built = book.command("backfill", "--to", "2023-02")
    assert built.returncode == 0, built.stdout + built.stderr
    return book
