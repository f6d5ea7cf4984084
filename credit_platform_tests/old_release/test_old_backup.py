"""A backup taken by the old release: today's release verifies it and puts it back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from credit_platform_tests.old_release.folders import POLICY, bring_up_to_date, expected, without_new_tables
from credit_platform_tests.small_book import BookFolders


@pytest.fixture
def empty(tmp_path: Path) -> BookFolders:
    shutil.copytree(POLICY, tmp_path / "policy")
    return BookFolders(tmp_path / "data", tmp_path / "raw", tmp_path / "policy")


def test_the_backup_is_found_whole(empty: BookFolders, old_backup: Path) -> None:
    done = empty.verb("restore", str(old_backup), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert not empty.layout.audit_log().exists()


@pytest.mark.slow
def test_the_restored_book_is_the_old_one(empty: BookFolders, old_backup: Path) -> None:
    done = empty.verb("restore", str(old_backup))
    assert done.returncode == 0, done.stderr
    assert "To do next: the previous release wrote models/logistic_regression" in done.stdout
    assert "credit-platform migrate" in done.stdout
    bring_up_to_date(empty)
    assert without_new_tables(json.loads(empty.verb("status", "--json").stdout)) == expected()["status"]
    assert empty.verb("audit", "verify").returncode == 0
    assert (empty.data_dir / ".dagster" / "storage").is_dir()
