"""The verb `backup`: a copy of the whole data folder that can be trusted, taken while runs go on.

Three things make it so. Tables and pages are replaced as whole files, so each file is one of the two, old or new. The
run history is copied first and by SQLite itself, so that it never says more than the tables. Versions and decisions are
copied last and with writers kept out, so that nothing in the backup rests on a decision that is not in it. What a
backup is made of stands in `lake.backup.backup_file`; taking it back is `restore`.
"""

import fcntl
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.markup import escape

from credit_platform.cli.book import Book
from credit_platform.cli.instance import INSTANCE_FILE, history_storage, moved_from, open_instance
from credit_platform.cli.versions.audit import verdict
from credit_platform.errors import BackupError
from credit_platform.instance.shared_history import own_runs
from credit_platform.lake.backup.atomic_swap import unfinished
from credit_platform.lake.backup.backup_file import BackupWriter, new_backup
from credit_platform.lake.book_file import PLATFORM_FILE
from credit_platform.lake.files import HIDDEN_PART
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.renamed_models import require_migrated
from credit_platform.settings import Settings, dagster_home

# A folder at the top with a platform.yaml is another book's and left out as well.
# Made anew by restore, only of use to a running process, or part of the checkout.
_LEFT_OUT = ("*.duckdb", "*.duckdb.wal", "*.lock", HIDDEN_PART, ".gitkeep")
_LEFT_OUT_AT_TOP = frozenset({".dagster", "README.md", ".gitignore"})
_PATIENCE_SECONDS = 20.0


def back_up(settings: Settings, console: Console, target: Path, *, with_raw: bool = True) -> int:
    """Write a backup and say what is in it; the exit code, 1 where decisions or versions are not sound.

    Raises:
        BackupError: something lies at `target` already, it lies in the data folder itself, or a restore is under way
            or was broken off.
        MigrationError: a migration was broken off.
        StorageError: the disk is full.
    """
    if settings.data_dir.resolve() in target.resolve().parents:
        # The next backup would hold this one, and the disk that takes the data would take the backup along.
        raise BackupError(file=target, reason="it lies in the data folder", fix="Name a file elsewhere")
    for left in unfinished(settings.data_dir):
        # Half of one book and half of another.
        raise BackupError(
            file=left,
            reason="a restore is under way or was broken off",
            fix=f"Let it end, or put back what was there: credit-platform restore {left} --yes",
        )
    book = Book.of(settings)
    if book.lake.layout.unfinished_migration().is_file():
        require_migrated(book.lake.layout)
    home = dagster_home(settings)
    under_way = runs_under_way(settings)
    with new_backup(target) as backup:
        n_history = _copy_history(backup, home)
        _copy_folder(backup, settings, with_raw=with_raw)
        faults = _copy_decisions(backup, book)
        backup.close(
            {
                "created": datetime.now(tz=UTC).isoformat(timespec="seconds"),
                "first_month": f"{settings.first_month:%Y-%m}",
                "with_raw": with_raw,
                "runs_under_way": under_way,
            }
        )
    n_files = len(backup.sha256)
    console.print(f"{target}: {n_files:,} files, of them {n_history} of the run history.", soft_wrap=True)
    if under_way:
        console.print(
            f"{len(under_way)} runs were under way. Each file is whole; after a restore run these months again: "
            f"{'; '.join(under_way)}.",
            soft_wrap=True,
        )
    for fault in faults:
        console.print(f"[red]Not sound, and backed up as it is:[/] {escape(str(fault))}", soft_wrap=True)
    return 1 if faults else 0


def runs_under_way(settings: Settings) -> list[str]:
    """Job and months of every run of the book that has not ended, as the history has it."""
    home = dagster_home(settings)
    if not (home / INSTANCE_FILE).is_file() or moved_from(home) is not None:
        return []
    statuses = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]
    with open_instance(settings) as instance:
        runs = own_runs(settings.portfolio, instance.get_runs(dg.RunsFilter(statuses=statuses)))
    return sorted(f"{run.job_name} {_months_of(run.tags)}" for run in runs)


def _months_of(tags: Mapping[str, str]) -> str:
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition") or "?"
    last = tags.get("dagster/asset_partition_range_end") or first
    return first if first == last else f"{first}..{last}"


def _copy_history(backup: BackupWriter, home: Path) -> int:
    storage = history_storage(home)
    files = sorted(storage.rglob("*.db")) if storage is not None else []
    for file in files:
        if storage is not None:
            backup.put(f"history/{file.relative_to(storage).as_posix()}", database_bytes(file))
    return len(files)


def database_bytes(file: Path) -> bytes:
    """A SQLite database at one moment, whoever writes to it meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=60)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            # In one file: a write-ahead log beside it would not be part of the backup.
            target.execute("pragma journal_mode=delete")
        return copy.read_bytes()


def _copy_folder(backup: BackupWriter, settings: Settings, *, with_raw: bool) -> None:
    """Everything but versions and decisions."""
    kept_last = _folders_of_decisions(Book.of(settings))
    for file in _files_below(settings.data_dir, without={*kept_last, settings.raw_dir.resolve()}):
        _copy_file(backup, f"data/{file.relative_to(settings.data_dir).as_posix()}", file)
    if with_raw:
        for file in _files_below(settings.raw_dir, without=set()):
            _copy_file(backup, f"raw/{file.relative_to(settings.raw_dir).as_posix()}", file)


def _copy_decisions(backup: BackupWriter, book: Book) -> list[str]:
    """Versions and decisions, while nobody decides anything and what is registered has been stored; their faults."""
    data_dir, log = book.settings.data_dir, AuditLog(book.lake.layout)
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with log.held():
            if _is_complete(book) or time.monotonic() > give_up:
                for folder in sorted(_folders_of_decisions(book)):
                    for file in _files_below(folder, without=set()):
                        _copy_file(backup, f"data/{file.relative_to(data_dir.resolve()).as_posix()}", file)
                return verdict(book)["faults"]
        # A version is registered first and stored a moment later.
        time.sleep(0.2)


def _is_complete(book: Book) -> bool:
    """Whether every version the log knows lies in the store, so that none is being stored right now."""
    store, log = ModelStore(book.lake.layout), AuditLog(book.lake.layout)
    if log.verify():
        return True
    registered = {(r.entry.model, r.entry.model_version) for r in log.records() if r.entry.action == "registered"}
    return registered <= {(model, version) for model in store.models() for version in store.versions(model)}


def _folders_of_decisions(book: Book) -> set[Path]:
    layout = book.lake.layout
    return {layout.audit_log().parent.resolve(), layout.model("any").parent.resolve()}


def _files_below(root: Path, *, without: set[Path]) -> Iterator[Path]:
    for where, folders, files in os.walk(root):
        here = Path(where)
        is_top = here == root
        folders[:] = sorted(
            name
            for name in folders
            if not fnmatch(name, HIDDEN_PART)
            and not (is_top and (name in _LEFT_OUT_AT_TOP or (here / name / PLATFORM_FILE).is_file()))
            and (here / name).resolve() not in without
        )
        for name in sorted(files):
            is_left_out = any(fnmatch(name, pattern) for pattern in _LEFT_OUT)
            if not is_left_out and not (is_top and name in _LEFT_OUT_AT_TOP):
                yield here / name


def _copy_file(backup: BackupWriter, name: str, file: Path) -> None:
    with file.open("rb") as stream:
        if file.suffix == ".jsonl":
            # Whoever appends to a log holds it meanwhile; what a crash left of its last line is not taken along.
            fcntl.flock(stream, fcntl.LOCK_SH)
        content = stream.read()
        mode = os.fstat(stream.fileno()).st_mode
    if file.suffix == ".jsonl":
        content = content[: content.rfind(b"\n") + 1]
    backup.put(name, content, mode)
