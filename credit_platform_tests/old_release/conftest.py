"""The old book, unpacked once a session to be read, and once a test where something is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from credit_platform_tests.done_once import made_once
from credit_platform_tests.old_release.folders import BACKUP, bring_up_to_date, unpack
from credit_platform_tests.old_release.migration_folders import copied
from credit_platform_tests.small_book import BookFolders


@pytest.fixture(scope="session")
def unpacked(shared_root: Path) -> Path:
    """The folder with all the old release wrote, as it wrote it. Read only."""
    return made_once(shared_root, "old_release", unpack)


@pytest.fixture(scope="session")
def migrated(shared_root: Path) -> Path:
    """The old book's folders, brought up to date. To be copied, and not even opened, as that writes to the history."""
    return made_once(shared_root, "migrated", lambda part: bring_up_to_date(unpack(part)))


def copy_of(migrated: Path, root: Path) -> BookFolders:
    shutil.copytree(migrated, root, dirs_exist_ok=True)
    return BookFolders(root / "data", root / "raw", root / "policy")


@pytest.fixture(scope="session")
def old_book(migrated: Path, shared_root: Path) -> BookFolders:
    """The old book, brought up to date. Read only."""
    root = made_once(shared_root, "old_book", lambda part: copy_of(migrated, part))
    return BookFolders(root / "data", root / "raw", root / "policy")


@pytest.fixture
def own_old_book(migrated: Path, tmp_path: Path) -> BookFolders:
    """The old book, brought up to date, for a test that writes."""
    return copy_of(migrated, tmp_path)


@pytest.fixture
def old_backup(unpacked: Path) -> Path:
    """The backup that the old release took of the book."""
    return unpacked / BACKUP


@pytest.fixture
def unmigrated(unpacked: Path, tmp_path: Path) -> BookFolders:
    return copied(unpacked, tmp_path)
