"""Backup and restore: a round trip gives the same book, nothing is replaced unasked, nothing unsound is taken back."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from rich.console import Console

from credit_platform.cli.audit import verdict
from credit_platform.cli.backup import back_up, database_bytes
from credit_platform.cli.book import Book
from credit_platform.cli.doctor_data import data_findings
from credit_platform.cli.doctor_history import history_findings
from credit_platform.cli.instance import open_instance
from credit_platform.cli.restore import restore
from credit_platform.errors import BackupError
from credit_platform.lake.backup_file import MANIFEST
from credit_platform.lake.model_store import ModelStore
from credit_platform_tests.small_book import MODELS, BookFolders

LABELS = dg.AssetKey(["gold", "label_store"])


@pytest.fixture(scope="module")
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


def restored(book: BookFolders, backup: Path, *, is_dry_run: bool = False, is_replacing: bool = False) -> str:
    told = StringIO()
    settings = book.settings()
    code = restore(settings, Console(file=told, width=300), backup, is_dry_run=is_dry_run, is_replacing=is_replacing)
    assert code == 0
    return told.getvalue()


def tables_of(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*.parquet")
    }


def months_built(book: BookFolders) -> tuple[int, set[str]]:
    with open_instance(book.settings()) as instance:
        return instance.get_runs_count(), instance.get_materialized_partitions(LABELS)


def test_a_round_trip_gives_the_same_book_and_it_works(
    finished_book: BookFolders, taken: Path, empty: BookFolders
) -> None:
    told = restored(empty, taken)
    assert "the chain of decisions is unbroken, 6 versions verified" in told
    tables = tables_of(empty.data_dir)
    assert tables == tables_of(finished_book.data_dir)
    assert len(tables) > 300
    assert sorted(file.name for file in empty.raw_dir.iterdir()) == sorted(
        file.name for file in finished_book.raw_dir.iterdir()
    )
    assert months_built(empty) == months_built(finished_book)
    with duckdb.connect(str(empty.layout.datamart), read_only=True) as connection:
        ((n_rows,),) = connection.execute("select count(*) from gold.label_store").fetchall()
    assert n_rows > 1000
    home = empty.data_dir / ".dagster"
    findings = [*data_findings(empty.settings(), home), *history_findings(home, "stopped")]
    assert [finding for finding in findings if finding.level != "ok"] == []


def test_a_folder_that_holds_a_book_is_replaced_only_when_told(taken: Path, empty: BookFolders) -> None:
    restored(empty, taken)
    labels = empty.layout.month_file("gold/label_store", date(2024, 5, 1))
    before = labels.read_bytes()
    labels.write_bytes(b"spoilt")
    own = empty.data_dir / "notes.txt"
    own.write_text("mine")
    with pytest.raises(BackupError, match="holds a book already"):
        restored(empty, taken)
    assert labels.read_bytes() == b"spoilt"
    restored(empty, taken, is_replacing=True)
    assert labels.read_bytes() == before
    assert own.read_text() == "mine"
    assert list(empty.data_dir.glob(".*part")) == []


def test_a_dry_run_verifies_and_changes_nothing(taken: Path, empty: BookFolders) -> None:
    assert "Nothing was changed." in restored(empty, taken, is_dry_run=True)
    assert list(empty.data_dir.iterdir()) == []


def test_a_backup_whose_decisions_were_changed_is_not_taken_back(
    taken: Path, empty: BookFolders, tmp_path: Path
) -> None:
    backup = tmp_path / "changed"
    shutil.copytree(taken, backup)
    log = backup / "data" / "audit" / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"promoted"', b'"promotes"', 1))
    # Whoever changes the log can change the list of hashes too; the chain tells all the same.
    said = json.loads((backup / MANIFEST).read_text())
    said["sha256"]["data/audit/audit.jsonl"] = sha256(log.read_bytes()).hexdigest()
    (backup / MANIFEST).write_text(json.dumps(said))
    with pytest.raises(BackupError, match="decisions or versions are not sound"):
        restored(empty, backup)
    assert list(empty.data_dir.iterdir()) == []


def test_a_run_that_was_under_way_is_named_and_does_not_run_for_ever(empty: BookFolders, tmp_path: Path) -> None:
    empty.data_dir.mkdir(parents=True)
    with open_instance(empty.settings()) as instance:
        run = dg.DagsterRun("build_month", status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "2024-05-01"})
        instance.add_run(run)
    told = StringIO()
    assert back_up(empty.settings(), Console(file=told, width=300), tmp_path / "b.tar.gz") == 0
    assert "1 runs were under way" in told.getvalue()
    assert "build_month 2024-05-01" in told.getvalue()
    said = restored(empty, tmp_path / "b.tar.gz", is_replacing=True)
    assert f"Run {run.run_id[:8]} (build_month) was under way" in said
    with open_instance(empty.settings()) as instance:
        (found,) = instance.get_runs()
        assert found.status == dg.DagsterRunStatus.FAILURE


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
