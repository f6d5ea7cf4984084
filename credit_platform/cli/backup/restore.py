"""The verb `restore`: a backup taken back, after everything in it has been verified and nothing before.

Where everything goes stands in `restore_places`, moving it so that nothing is lost on the way in
`lake.backup.atomic_swap`. Taking a backup is `backup`; what its files look like stands in `lake.backup.backup_file`.
"""

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from credit_platform.cli.backup.backup import runs_under_way
from credit_platform.cli.backup.restore_places import Places, future_storage, places_of
from credit_platform.cli.book import Book
from credit_platform.cli.instance import HEARTBEAT_SECONDS, INSTANCE_FILE, beating_daemons, open_instance, prepare_home
from credit_platform.cli.versions.audit import verdict
from credit_platform.errors import BackupError
from credit_platform.instance.shared_history import own_runs
from credit_platform.lake.backup.atomic_swap import put_back, swap_files, unfinished
from credit_platform.lake.backup.backup_file import open_backup
from credit_platform.lake.renamed_models import to_migrate
from credit_platform.lake.tables.catalog import monthly_tables, refresh_datamart
from credit_platform.settings import Settings, dagster_home, load_settings

_INTERRUPTED = "The process of this run ended before the backup was restored."


@dataclass(frozen=True)
class Consent:
    """What whoever restores has agreed to.

    Putting the backup in the place of a book, and in that of raw files with other content; leaving raw files out
    altogether; and taking runs that the history has under way for dead.
    """

    to_replace: bool = False
    to_replace_raw: bool = False
    without_raw: bool = False
    despite_runs: bool = False


def restore(settings: Settings, console: Console, source: Path, consent: Consent, *, is_dry_run: bool = False) -> int:
    """Verify a backup, put it in place of what is there, make views and history work again; the exit code.

    Nothing is touched before every hash, the chain of decisions and every version have been verified. What was there is
    moved aside first and deleted last; whatever fails on the way, it is moved back. What a killed process left aside is
    put back by naming it as the `source`.

    Raises:
        BackupError: the backup is not whole, the folder holds a book or other raw files and nobody agreed, a daemon or
            a run works on it, an earlier restore was broken off, or something could not be moved.
    """
    left = unfinished(settings.data_dir)
    if source.resolve() in {folder.resolve() for folder in left}:
        return _end_unfinished(settings, console, source, consent, is_dry_run=is_dry_run)
    backup = open_backup(source)
    console.print(
        f"{source}: taken {backup.said.get('created')}, {len(backup.sha256):,} files, book from "
        f"{backup.said.get('first_month')}.",
        soft_wrap=True,
    )
    if left and not is_dry_run:
        raise _refused(
            left[0],
            "a restore was broken off, and this folder holds the only copy of what was there before",
            f"Put that back first: credit-platform restore {left[0]} --yes",
        )
    places = places_of(settings, backup, with_raw=not consent.without_raw)
    if not is_dry_run:
        _require_consent(settings, source, places, consent)
        require_quiet(settings, source, despite_runs=consent.despite_runs)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    # In the folder itself, so that moving into place is renaming; a part, so that what a crash leaves is swept.
    staged = settings.data_dir.joinpath(f".restore.{uuid.uuid4().hex}.part")
    try:
        backup.unpack(staged)
        versions = _require_sound(settings, source, staged)
        console.print(f"Every hash agrees, the chain of decisions is unbroken, {versions} versions verified.")
        if is_dry_run:
            console.print("Nothing was changed.")
            return 0
        # Unpacking takes minutes, in which somebody may have started the UI.
        require_quiet(settings, source, despite_runs=consent.despite_runs)
        _put_in_place(settings, source, places, staged)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    if places.history_left_out:
        console.print(f"The run history was left out: {places.history_left_out}.", soft_wrap=True)
    _make_work(console)
    return 0


def _refused(file: Path, reason: str, fix: str) -> BackupError:
    return BackupError(file=file, reason=reason, fix=fix)


def _require_consent(settings: Settings, source: Path, places: Places, consent: Consent) -> None:
    if places.occupied and not consent.to_replace:
        raise _refused(
            source,
            f"{settings.data_dir} holds a book already ({', '.join(path.name for path in places.occupied[:4])} ...)",
            "Name an empty folder in CREDIT_DATA_DIR, or add --yes to put the backup in its place",
        )
    if places.differing_raw and not consent.to_replace_raw:
        more = f" and {len(places.differing_raw) - 4} more" if places.differing_raw[4:] else ""
        raise _refused(
            source,
            f"{settings.raw_dir} holds other content under the names of raw files of the backup: "
            f"{', '.join(path.name for path in places.differing_raw[:4])}{more}",
            "Add --without-raw to keep yours, or --replace-raw to delete them and take those of the backup; or name "
            "another folder in CREDIT_RAW_DIR",
        )


def require_quiet(settings: Settings, source: Path, *, despite_runs: bool) -> None:
    """Refuse while anybody works on the folder: what is written meanwhile would be lost, or be of two books.

    Raises:
        BackupError: somebody does; `source` is what it names.
    """
    home = dagster_home(settings)
    storage = future_storage(home)
    # Opening a history that is not there would make one.
    if not (home / INSTANCE_FILE).is_file() or (storage is not None and not any(storage.rglob("*.db"))):
        return
    with open_instance(settings) as instance:
        is_beating = any(beating_daemons(instance).values())
    if is_beating:
        raise _refused(
            source,
            f"a daemon works on this folder, or did less than {HEARTBEAT_SECONDS:g} seconds ago",
            "Stop the UI and repeat this in two minutes",
        )
    under_way = runs_under_way(settings)
    if under_way and not despite_runs:
        raise _refused(
            source,
            f"{len(under_way)} runs are under way: {'; '.join(under_way[:4])}{' ...' if under_way[4:] else ''}",
            "Let them end. If their process is gone, add --despite-runs, or end them in the UI (Runs, Terminate) and "
            "stop it",
        )


def _require_sound(settings: Settings, source: Path, staged: Path) -> int:
    """Verify decisions and versions where they were unpacked; says how many versions there are."""
    unpacked = settings.model_copy(update={"data_dir": staged.joinpath("data")})
    found = verdict(Book.of(unpacked))
    if found["faults"]:
        raise _refused(
            source,
            f"its decisions or versions are not sound: {found['faults'][0]}",
            "Take another backup; nothing was restored",
        )
    return found["versions"]


def _put_in_place(settings: Settings, source: Path, places: Places, staged: Path) -> None:
    prepare_home(settings)
    brought = {target: staged.joinpath(name) for target, name in places.brought.items()}
    former = [path for path in (*places.occupied, *places.differing_raw) if os.path.lexists(path)]
    try:
        swap_files(settings.data_dir, former, brought)
    except OSError as error:
        left = unfinished(settings.data_dir)
        fix = (
            f"Mend the cause, then put back what was there: credit-platform restore {left[0]} --yes"
            if left
            else "What was there is as it was; mend the cause and repeat"
        )
        raise _refused(source, f"it could not be put in place ({error})", fix) from error


def _end_unfinished(settings: Settings, console: Console, folder: Path, consent: Consent, *, is_dry_run: bool) -> int:
    """Put back what a restore had moved aside whose process was killed."""
    if is_dry_run:
        console.print(f"{folder} holds what a restore had moved aside. Nothing was changed.", soft_wrap=True)
        return 0
    if not consent.to_replace:
        raise _refused(
            folder,
            "what it holds is to take the place of what the restore that was broken off had put in",
            "Add --yes if nothing worth keeping was built since",
        )
    require_quiet(settings, folder, despite_runs=consent.despite_runs)
    try:
        put_back(folder)
    except OSError as error:
        raise _refused(
            folder,
            f"not everything could be put back ({error})",
            "Mend the cause and repeat; the rest still lies there",
        ) from error
    console.print(f"What was in {settings.data_dir} before that restore is there again.", soft_wrap=True)
    return 0


def _make_work(console: Console) -> None:
    """Views of this folder, and no run that pretends to be under way."""
    settings = load_settings()
    layout = Book.of(settings).lake.layout
    if monthly_tables(layout):
        refresh_datamart(layout)
    if (dagster_home(settings) / INSTANCE_FILE).is_file():
        with open_instance(settings) as instance:
            left = [run for run in own_runs(layout.portfolio, instance.get_runs()) if not run.is_finished]
            for run in left:
                instance.report_run_failed(run, _INTERRUPTED)
        for run in left:
            console.print(f"Run {run.run_id[:8]} ({run.job_name}) was under way; run its months again.", soft_wrap=True)
    reason = to_migrate(layout)
    if reason is not None:
        console.print(f"[yellow]To do next:[/] {reason}.", soft_wrap=True)
    console.print(
        f"Restored to {settings.data_dir}. Look at it with credit-platform doctor and status.", soft_wrap=True
    )
