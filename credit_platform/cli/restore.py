"""The verb `restore`: a backup taken back, after everything in it has been verified and nothing before.

Taking a backup is `backup`; what its files look like stands in `lake.backup_file`.
"""

import shutil
import uuid
from pathlib import Path, PurePosixPath

from rich.console import Console

from credit_platform.cli.audit import verdict
from credit_platform.cli.book import Book
from credit_platform.cli.clean import generated_paths
from credit_platform.cli.instance import INSTANCE_FILE, history_storage, open_instance, prepare_home
from credit_platform.errors import BackupError
from credit_platform.lake.backup_file import BackupReader, open_backup
from credit_platform.lake.catalog import monthly_tables, refresh_datamart
from credit_platform.lake.raw_book import has_raw_files
from credit_platform.settings import Settings, dagster_home, load_settings

_INTERRUPTED = "The process of this run ended before the backup was restored."


def restore(settings: Settings, console: Console, source: Path, *, is_dry_run: bool, is_replacing: bool) -> int:
    """Verify a backup, put it in place of what is there, make views and history work again; the exit code.

    Nothing is touched before every hash, the chain of decisions and every version have been verified. What was there is
    moved aside first and deleted last, so that a failure on the way leaves one of the two whole.

    Raises:
        BackupError: the backup is not whole, the folder holds a book and nobody agreed, or a daemon works on it.
    """
    backup = open_backup(source)
    console.print(
        f"{source}: taken {backup.said.get('created')}, {len(backup.sha256):,} files, book from "
        f"{backup.said.get('first_month')}.",
        soft_wrap=True,
    )
    occupied = occupied_paths(settings, backup)
    if not is_dry_run:
        _require_room(settings, source, occupied, is_replacing=is_replacing)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex
    # In the folder itself, so that moving into place is renaming; a part, so that what a crash leaves is swept.
    staged, aside = (settings.data_dir.joinpath(f".{what}.{mark}.part") for what in ("restore", "replaced"))
    try:
        backup.unpack(staged)
        versions = _require_sound(settings, source, staged)
        console.print(f"Every hash agrees, the chain of decisions is unbroken, {versions} versions verified.")
        if is_dry_run:
            console.print("Nothing was changed.")
            return 0
        _move_aside(occupied, aside)
        _move_in(settings, staged)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    shutil.rmtree(aside, ignore_errors=True)
    _make_work(console)
    return 0


def occupied_paths(settings: Settings, backup: BackupReader) -> list[Path]:
    """What lies where the backup is to go: all the platform wrote, what the backup brings too, and raw files."""
    brought = {PurePosixPath(name).parts[:2] for name in backup.sha256}
    found = set(generated_paths(settings))
    found |= {place for part, top in brought if part == "data" and (place := settings.data_dir.joinpath(top)).exists()}
    found.discard(settings.raw_dir)
    if any(part == "raw" for part, _ in brought) and has_raw_files(Book.of(settings).lake.layout):
        found.add(settings.raw_dir)
    return sorted(found)


def _require_room(settings: Settings, source: Path, occupied: list[Path], *, is_replacing: bool) -> None:
    if occupied and not is_replacing:
        raise BackupError(
            file=source,
            reason=f"{settings.data_dir} holds a book already ({', '.join(path.name for path in occupied[:4])} ...)",
            fix="Name an empty folder in CREDIT_DATA_DIR, or add --yes to put the backup in its place",
        )
    home = dagster_home(settings.data_dir)
    storage = history_storage(home)
    if storage is None or not storage.is_dir():
        return
    with open_instance(settings) as instance:
        beating = [name for name, status in instance.get_daemon_statuses().items() if status.healthy]
    if beating:
        raise BackupError(file=source, reason="a daemon works on this folder", fix="Stop the UI, wait a minute, repeat")


def _require_sound(settings: Settings, source: Path, staged: Path) -> int:
    """Verify decisions and versions where they were unpacked; says how many versions there are."""
    unpacked = settings.model_copy(update={"data_dir": staged.joinpath("data")})
    found = verdict(Book.of(unpacked))
    if found["faults"]:
        raise BackupError(
            file=source,
            reason=f"its decisions or versions are not sound: {found['faults'][0]}",
            fix="Take another backup; nothing was restored",
        )
    return found["versions"]


def _move_aside(occupied: list[Path], aside: Path) -> None:
    aside.mkdir()
    for number, path in enumerate(occupied):
        # Two of one name may come from different folders.
        shutil.move(path, aside.joinpath(f"{number}-{path.name}"))


def _move_in(settings: Settings, staged: Path) -> None:
    home = prepare_home(settings)
    # Without a SQLite history here there is nowhere to put one; the tables do without.
    storage = history_storage(home)
    for part, target in (("data", settings.data_dir), ("raw", settings.raw_dir), ("history", storage)):
        unpacked = staged.joinpath(part)
        if target is None or not unpacked.is_dir():
            continue
        target.mkdir(parents=True, exist_ok=True)
        for entry in sorted(unpacked.iterdir()):
            shutil.move(entry, target.joinpath(entry.name))


def _make_work(console: Console) -> None:
    """Views of this folder, and no run that pretends to be under way."""
    settings = load_settings()
    layout = Book.of(settings).lake.layout
    if monthly_tables(layout):
        refresh_datamart(layout)
    if (dagster_home(settings.data_dir) / INSTANCE_FILE).is_file():
        with open_instance(settings) as instance:
            left = [run for run in instance.get_runs() if not run.is_finished]
            for run in left:
                instance.report_run_failed(run, _INTERRUPTED)
        for run in left:
            console.print(f"Run {run.run_id[:8]} ({run.job_name}) was under way; run its months again.", soft_wrap=True)
    console.print(
        f"Restored to {settings.data_dir}. Look at it with credit-platform doctor and status.", soft_wrap=True
    )
