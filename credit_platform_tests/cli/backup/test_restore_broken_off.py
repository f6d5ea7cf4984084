"""A restore that fails or is killed on the way: one of the two books is whole, and what is left is named."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from credit_platform.cli.backup.backup import back_up
from credit_platform.cli.doctor.data import check_leftovers
from credit_platform.errors import BackupError
from credit_platform.lake.backup.atomic_swap import unfinished
from credit_platform.lake.files import sweep_parts
from credit_platform_tests.cli.backup.restored_book import contents, months_built, restored
from credit_platform_tests.small_book import BookFolders

# The process kills itself when the backup's gold tables are about to take their place.
KILLED = """
import os, signal, sys
from pathlib import Path
from rich.console import Console
from credit_platform.cli.backup.restore import Consent, restore
from credit_platform.settings import load_settings

def die(event, args):
    if event == "os.rename" and ".restore." in str(args[0]) and str(args[1]).endswith("/gold"):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
restore(load_settings(), Console(), Path(sys.argv[1]), Consent(to_replace=True))
"""


@pytest.fixture
def standing(taken: Path, empty: BookFolders) -> BookFolders:
    """A book that stands where the backup is to go, and differs from it."""
    restored(empty, taken)
    (empty.data_dir / "gold" / "of_the_old_book.txt").write_text("old")
    (empty.data_dir / "reports" / "of_the_old_book.txt").write_text("old")
    return empty


def test_a_restore_that_fails_on_the_way_leaves_the_book_that_was_there(
    standing: BookFolders, taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Raw files come last, when everything else is in place already.
    (tmp_path / "file").touch()
    elsewhere = BookFolders(standing.data_dir, tmp_path / "file" / "raw", standing.policy_dir)
    monkeypatch.setenv("CREDIT_RAW_DIR", str(elsewhere.raw_dir))
    before, runs = contents(standing.data_dir), months_built(standing)
    with pytest.raises(BackupError, match=r"could not be put in place .*What was there is as it was"):
        restored(elsewhere, taken, to_replace=True)
    assert contents(standing.data_dir) == before
    assert months_built(standing) == runs
    assert unfinished(standing.data_dir) == []


def test_what_a_killed_restore_left_survives_is_named_and_put_back(
    standing: BookFolders, taken: Path, tmp_path: Path
) -> None:
    before, runs = contents(standing.data_dir), months_built(standing)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(taken)], check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed
    (left,) = unfinished(standing.data_dir)
    assert not (standing.data_dir / "gold").exists()
    os.utime(left, (0, 0))
    # What a sweep takes is the half of the backup that was unpacked.
    assert sweep_parts(standing.data_dir, older_than_seconds=0, now=time.time() + 10) == 1
    finding = check_leftovers(standing.data_dir, now=time.time())
    assert (finding.level, str(left) in finding.found) == ("error", True)
    assert f"credit-platform restore {left} --yes" in finding.mend
    with pytest.raises(BackupError, match=rf"broken off.*credit-platform restore {re.escape(str(left))} --yes"):
        restored(standing, taken, to_replace=True)
    with pytest.raises(BackupError, match="a restore is under way or was broken off"):
        back_up(standing.settings(), Console(file=StringIO()), tmp_path / "b.tar.gz")
    with pytest.raises(BackupError, match="Add --yes"):
        restored(standing, left)
    assert "Nothing was changed" in restored(standing, left, is_dry_run=True)
    assert "is there again" in restored(standing, left, to_replace=True)
    assert contents(standing.data_dir) == before
    assert months_built(standing) == runs
    assert unfinished(standing.data_dir) == []
    restored(standing, taken, to_replace=True)
    assert not (standing.data_dir / "gold" / "of_the_old_book.txt").exists()
