"""Backups taken of a book at work: sound, and not where they would be lost with it. Restoring is in test_restore."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from credit_platform.cli.backup.backup import back_up, database_bytes
from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance
from credit_platform.cli.versions.audit import verdict
from credit_platform.errors import BackupError
from credit_platform.lake.models.model_store import ModelStore
from credit_platform_tests.small_book import MODELS, BookFolders


@pytest.fixture
def busy(empty: BookFolders) -> Iterator[BookFolders]:
    """A book in which versions are trained and events recorded without a pause."""
    stop = threading.Event()
    store = ModelStore(empty.layout)
    empty.data_dir.mkdir(parents=True)

    def work() -> None:
        with open_instance(empty.settings()) as instance:
            n = 0
            while not stop.is_set():
                store.save(MODELS[n % 2], date(2024, 1, 1), {"model.json": str(n).encode()})
                instance.report_runless_asset_event(dg.AssetMaterialization("x", partition=f"{n}"))
                n += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield empty
    finally:
        stop.set()
        thread.join()


@pytest.mark.slow
def test_backups_taken_while_versions_are_stored_are_all_sound(busy: BookFolders, tmp_path: Path) -> None:
    found = []
    for number in range(6):
        backup = tmp_path / f"b{number}"
        assert back_up(busy.settings(), Console(file=StringIO()), backup) == 0
        settings = busy.settings().model_copy(update={"data_dir": backup / "data"})
        found.append(verdict(Book.of(settings)))
    assert [verdict["faults"] for verdict in found] == [[]] * 6
    assert found[-1]["versions"] > found[0]["versions"]


def test_a_backup_does_not_lie_in_what_it_backs_up(finished_book: BookFolders) -> None:
    target = finished_book.data_dir / "backups" / "b.tar.gz"
    with pytest.raises(BackupError, match="it lies in the data folder"):
        back_up(finished_book.settings(), Console(file=StringIO()), target)
    assert not target.parent.exists()


def test_a_database_is_copied_whole_with_what_its_log_still_holds(tmp_path: Path) -> None:
    import sqlite3

    file = tmp_path / "x.db"
    with sqlite3.connect(file) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table t (n int)")
        connection.executemany("insert into t values (?)", [(n,) for n in range(100)])
        connection.commit()
        copied = tmp_path / "copy.db"
        copied.write_bytes(database_bytes(file))
    connection.close()
    again = sqlite3.connect(copied)
    assert again.execute("select count(*) from t").fetchone() == (100,)
    again.close()
