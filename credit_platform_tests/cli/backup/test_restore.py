"""Restore: a round trip gives the same book, nothing is replaced unasked, nothing unsound is taken back."""

from __future__ import annotations

import json
import shutil
import time
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster._daemon.types import DaemonHeartbeat
from rich.console import Console

from credit_platform.cli.backup.backup import back_up
from credit_platform.cli.doctor.data import data_findings
from credit_platform.cli.doctor.history import history_findings
from credit_platform.cli.instance import open_instance, own_instance_text
from credit_platform.errors import BackupError
from credit_platform.lake.backup.backup_file import MANIFEST
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.cli.backup.restored_book import months_built, restored, tables_of
from credit_platform_tests.small_book import BookFolders


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
    findings = [*data_findings(empty.settings(), home), *history_findings(home, LOANS, "stopped")]
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
    restored(empty, taken, to_replace=True)
    assert labels.read_bytes() == before
    assert own.read_text() == "mine"
    assert list(empty.data_dir.glob(".*part")) == []
    assert list(empty.data_dir.glob("unfinished*")) == []


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


@pytest.fixture
def at_work(empty: BookFolders, tmp_path: Path) -> tuple[BookFolders, Path, str]:
    """A book with a run under way and no daemon, a backup of it, and the run's id."""
    empty.data_dir.mkdir(parents=True)
    with open_instance(empty.settings()) as instance:
        run = dg.DagsterRun("build_month", status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "2024-05-01"})
        instance.add_run(run)
    told = StringIO()
    backup = tmp_path / "b.tar.gz"
    assert back_up(empty.settings(), Console(file=told, width=300), backup) == 0
    assert "1 runs were under way" in told.getvalue()
    assert "build_month 2024-05-01" in told.getvalue()
    return empty, backup, run.run_id


def test_a_run_of_the_command_line_keeps_a_restore_out(at_work: tuple[BookFolders, Path, str]) -> None:
    book, backup, _ = at_work
    with pytest.raises(BackupError, match=r"1 runs are under way: build_month 2024-05-01.*--despite-runs"):
        restored(book, backup, to_replace=True)
    with open_instance(book.settings()) as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.STARTED]


def test_a_run_that_was_under_way_is_named_and_does_not_run_for_ever(at_work: tuple[BookFolders, Path, str]) -> None:
    book, backup, run_id = at_work
    said = restored(book, backup, to_replace=True, despite_runs=True)
    assert f"Run {run_id[:8]} (build_month) was under way" in said
    with open_instance(book.settings()) as instance:
        (found,) = instance.get_runs()
        assert found.status == dg.DagsterRunStatus.FAILURE


def test_a_daemon_keeps_a_restore_out_until_two_minutes_after_its_end(taken: Path, empty: BookFolders) -> None:
    restored(empty, taken)
    with open_instance(empty.settings()) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - 30, "SENSOR", "test"))
    with pytest.raises(BackupError, match="a daemon works on this folder"):
        restored(empty, taken, to_replace=True)
    with open_instance(empty.settings()) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - 120, "SENSOR", "test"))
    restored(empty, taken, to_replace=True)


def test_a_history_that_lies_elsewhere_is_replaced_where_it_lies(
    finished_book: BookFolders, taken: Path, empty: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "server"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    own_settings = own_instance_text(home) + "# ours\n"
    (home / "dagster.yaml").write_text(own_settings)
    with open_instance(empty.settings()) as instance:
        instance.add_run(dg.DagsterRun("of_another_book", status=dg.DagsterRunStatus.SUCCESS))
    (home / "storage" / "theirs.txt").touch()
    with pytest.raises(BackupError, match="holds a book already"):
        restored(empty, taken)
    restored(empty, taken, to_replace=True)
    assert not (home / "storage" / "history" / "history").exists()
    assert (home / "storage" / "theirs.txt").is_file()
    assert (home / "dagster.yaml").read_text() == own_settings
    n_runs, months = months_built(empty)
    monkeypatch.delenv("DAGSTER_HOME")
    assert (n_runs, months) == months_built(finished_book)


def test_a_dagster_yaml_that_a_person_changed_stays(taken: Path, empty: BookFolders) -> None:
    restored(empty, taken)
    file = empty.data_dir / ".dagster" / "dagster.yaml"
    changed = file.read_text() + "# ours\n"
    file.write_text(changed)
    restored(empty, taken, to_replace=True)
    assert file.read_text() == changed
    file.write_text("storage: [")
    with pytest.raises(BackupError, match=r"dagster.yaml: it cannot be read"):
        restored(empty, taken, to_replace=True)
