"""The old book, unpacked once a session to be read, and once a test where something is written."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from credit_platform_tests.old_release.folders import BACKUP, bring_up_to_date, unpack
from credit_platform_tests.old_release.migration_folders import copied
from credit_platform_tests.small_book import BookFolders


@pytest.fixture(scope="session")
def unpacked(shared_root: Path) -> Path:
    """The folder with all the old release wrote, as it wrote it. Read only."""
    root, part = shared_root / "old_release", shared_root / "old_release.part"
    with (shared_root / "old_release.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            unpack(part)
            part.rename(root)
    return root


@pytest.fixture(scope="session")
def old_book(shared_root: Path) -> BookFolders:
    """The old book, brought up to date. Read only."""
    root, part = shared_root / "old_book", shared_root / "old_book.part"
    with (shared_root / "old_book.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            bring_up_to_date(unpack(part))
            part.rename(root)
    return BookFolders(root / "data", root / "raw", root / "policy")


@pytest.fixture
def own_old_book(tmp_path: Path) -> BookFolders:
    """The old book, brought up to date, for a test that writes."""
    book = unpack(tmp_path)
    bring_up_to_date(book)
    return book


@pytest.fixture
def old_backup(unpacked: Path) -> Path:
    """The backup that the old release took of the book."""
    return unpacked / BACKUP


@pytest.fixture
def unmigrated(unpacked: Path, tmp_path: Path) -> BookFolders:
    return copied(unpacked, tmp_path)
