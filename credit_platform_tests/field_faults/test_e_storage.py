"""Storage that fails: disks that take nothing, histories that are held, and the one sentence that says so."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from credit_platform.errors import StorageError
from credit_platform.lake.files import locked_for_writing, whole_file
from credit_platform.lake.storage_faults import storage_error
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.places import lake_at
from credit_platform_tests.field_faults.planted import leaks
from credit_platform_tests.small_book import BookFolders

DISKS = {"full": "size=300k", "full later": "size=9m", "out of inodes": "nr_inodes=60", "read-only": "ro"}


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A small file system of its own; skips where this account may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", request.param, "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this account may not mount a file system")
    yield place
    disclosed = list(leaks(place))
    subprocess.run(["umount", "-l", str(place)], check=True)
    assert disclosed == []


@case(
    "E3",
    given="a disk that is full, out of inodes or read-only; a history that another process holds",
    right="one sentence: which file, what is wrong, what to do; exit 1, no traceback",
)
@pytest.mark.parametrize("disk", DISKS.values(), ids=list(DISKS), indirect=True)
def test_a_disk_that_takes_nothing_is_one_sentence(small_book: BookFolders, disk: Path) -> None:
    book = BookFolders(disk / "data", small_book.raw_dir, small_book.policy_dir)
    run = book.command("backfill", "--to", "2023-01", CREDIT_FIRST_MONTH="2023-01", CREDIT_LAST_MONTH="2024-08")
    said = run.stdout + run.stderr
    assert run.returncode == 1
    assert "Traceback" not in said
    assert str(disk) in run.stderr
    assert "CREDIT_DATA_DIR" in said or "df -i" in said
    assert len(run.stderr.splitlines()) <= 4


def test_a_history_that_another_process_holds_is_one_sentence(
    odd_book: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit_platform.cli.instance._LOCK_SECONDS", 0.1)
    file = odd_book.data_dir / ".dagster" / "storage" / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("begin exclusive")
        run = odd_book.verb("backfill", "--to", "2023-01")
    assert (run.returncode, run.stdout) == (1, "")
    assert f"{file} cannot be used: database is locked. Another process uses it" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO])
def test_every_fault_of_the_system_is_said_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    file = tmp_path / "x.parquet"
    with (
        pytest.raises(StorageError, match=rf"x\.parquet cannot be \w+: {os.strerror(number)}\. \w+"),
        whole_file(file) as part,
    ):
        part.touch()
    with pytest.raises(StorageError, match=r"log\.jsonl cannot be"), locked_for_writing(tmp_path / "log.jsonl") as log:
        log.append(b"{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl"]


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StorageError, match=r"cannot be written: (Not a directory|File exists)\. Move away"):
        lake_at(tmp_path / "data")


def test_an_error_that_is_not_of_storage_stays_what_it_is() -> None:
    assert storage_error(KeyError("x")) is None
    assert storage_error(FileNotFoundError(errno.ENOENT, "none", "/x")) is None
    assert storage_error(duckdb.BinderException("no column x")) is None
