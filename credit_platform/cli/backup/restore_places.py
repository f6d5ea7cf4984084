"""Where everything in a backup goes when it is restored here, and what lies there now.

Tables, versions, decisions and history go in by folder, because a folder of two books would be neither. Raw files go in
one by one: they are somebody's deliveries, and those the backup does not know are none of its business. Moving anything
belongs to `lake.backup.atomic_swap`.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from credit_platform.cli.clean import written_paths
from credit_platform.cli.instance import INSTANCE_FILE, history_storage, moved_from, shares_history
from credit_platform.errors import BackupError
from credit_platform.lake.backup.backup_file import BackupReader
from credit_platform.lake.tables.table_versions import file_sha256
from credit_platform.settings import Settings, dagster_home


@dataclass(frozen=True)
class Places:
    """What of a backup goes where, what has to make room for it, and the raw files that are others here."""

    brought: Mapping[Path, str]
    occupied: tuple[Path, ...]
    differing_raw: tuple[Path, ...]
    history_left_out: str | None


def places_of(settings: Settings, backup: BackupReader, *, with_raw: bool) -> Places:
    """Compare what a backup brings with what lies here.

    Raises:
        BackupError: raw files lie in a folder that would have to make room, or dagster.yaml cannot be read.
    """
    data_dir, raw_dir = settings.data_dir.absolute(), settings.raw_dir.absolute()
    # In this order: a dagster.yaml that cannot be read is said as such before the history is opened by it.
    storage, is_shared = future_storage(dagster_home(settings)), shares_history(settings)
    by_folder: dict[Path, str] = {}
    raw: dict[Path, str] = {}
    # What was raw goes first: where the raw folder lies in the data folder now, both may name one file.
    for name in sorted(backup.sha256, key=lambda name: (not name.startswith("raw/"), name)):
        part, top, *_ = PurePosixPath(name).parts
        below = PurePosixPath(name).relative_to(part)
        if part == "raw":
            raw[raw_dir.joinpath(below)] = name
        elif part == "history":
            by_folder |= {} if storage is None or is_shared else {storage.joinpath(top): f"{part}/{top}"}
        elif data_dir != raw_dir and data_dir.joinpath(below).is_relative_to(raw_dir) and _lies_in(raw_dir, data_dir):
            raw.setdefault(data_dir.joinpath(below), name)
        else:
            by_folder[data_dir.joinpath(top)] = f"{part}/{top}"
    raw = raw if with_raw else {}
    found = {target: name for target, name in raw.items() if os.path.lexists(target)}
    same = {target for target, name in found.items() if target.is_file() and file_sha256(target) == backup.sha256[name]}
    occupied = _without_nested([*_written(settings), *(path for path in by_folder if _holds_anything(path))])
    for path in occupied:
        if _lies_in(raw_dir, path):
            raise BackupError(
                file=backup.source,
                reason=f"the raw folder {raw_dir} lies in {path}, which would have to make room",
                fix="Name another folder in CREDIT_RAW_DIR",
            )
    has_history = any(name.startswith("history/") for name in backup.sha256)
    return Places(
        brought=by_folder | {target: name for target, name in raw.items() if target not in same},
        occupied=occupied,
        differing_raw=tuple(sorted(set(found) - same)),
        history_left_out=_why_without_history(storage, is_shared=is_shared) if has_history else None,
    )


def _why_without_history(storage: Path | None, *, is_shared: bool) -> str | None:
    if is_shared:
        return "here it has runs of other books, which stay as they are"
    return "here it is kept in no SQLite files" if storage is None else None


def future_storage(home: Path) -> Path | None:
    """Where the SQLite history of a home lies once the home is prepared; None where it keeps another kind of history.

    Raises:
        BackupError: its dagster.yaml cannot be read.
    """
    file = home / INSTANCE_FILE
    if not file.is_file():
        return home.absolute() / "storage"
    try:
        named, old = history_storage(home), moved_from(home)
    except (yaml.YAMLError, OSError) as error:
        raise BackupError(
            file=file, reason=f"it cannot be read ({error})", fix="Correct it, or remove it to have it made anew"
        ) from error
    if named is None:
        return None
    return home.absolute() / named.name if old is not None else named.absolute()


def _written(settings: Settings) -> Iterable[Path]:
    """What the platform wrote here, but no dagster.yaml beside a history: a person may have changed it."""
    for path in written_paths(settings):
        parts = path.iterdir() if path.name == ".dagster" and path.is_dir() else [path]
        yield from (part for part in parts if part.name != INSTANCE_FILE and _holds_anything(part))


def _holds_anything(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        return any(path.iterdir())
    return os.path.lexists(path)


def _without_nested(paths: Iterable[Path]) -> tuple[Path, ...]:
    found = {path.absolute() for path in paths}
    return tuple(sorted(path for path in found if found.isdisjoint(path.parents)))


def _lies_in(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
