"""The Dagster instance the command line writes its history to: the same one the UI opens.

Executing runs belongs to `runs`.
"""

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg
import yaml

from credit_platform.errors import CreditPlatformError, StorageError
from credit_platform.instance.dagster_internals import ARTIFACT_STORAGE, COMPUTE_LOG_STORAGE
from credit_platform.instance.shared_history import is_own_key, is_shared, own_runs
from credit_platform.lake.files import plain_path, write_text
from credit_platform.lake.storage_faults import storage_error
from credit_platform.settings import Settings, dagster_home

INSTANCE_FILE = "dagster.yaml"
# The databases of a history beside those of single runs.
_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
_LOCK_SECONDS = 20.0
# A daemon writes its heartbeat every 30 seconds. Dagster itself takes one for alive for half an hour after its last.
HEARTBEAT_SECONDS = 90.0


def own_instance_text(home: Path) -> str:
    """The dagster.yaml of a data folder that keeps its own history."""
    content = {
        "storage": {
            "custom": {
                "module": "credit_platform.instance.run_history",
                "class": "HeldSqliteStorage",
                "config": {"base_dir": str(home / "storage")},
            }
        },
        "local_artifact_storage": {**ARTIFACT_STORAGE, "config": {"base_dir": str(home)}},
        "compute_logs": {**COMPUTE_LOG_STORAGE, "config": {"base_dir": str(home / "compute_logs")}},
        "concurrency": {"runs": {"max_concurrent_runs": 2}},
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 300, "max_runtime_seconds": 3600},
        # Runs say by a tag how often they may be; only those whose process died are.
        "run_retries": {"enabled": True, "max_retries": 0, "retry_on_asset_or_op_failure": False},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
    }
    return yaml.safe_dump(content, sort_keys=False)


def prepare_home(settings: Settings) -> Path:
    """The folder with the instance's dagster.yaml, made when the data folder keeps its own history.

    Dagster wants absolute paths there. Where the data folder was moved or copied they would lead to another book's
    history, so they are written anew.
    """
    home = dagster_home(settings)
    home.mkdir(parents=True, exist_ok=True)
    if not (home / INSTANCE_FILE).is_file():
        write_text(home / INSTANCE_FILE, own_instance_text(home))
    elif (old := moved_from(home)) is not None:
        write_text(home / INSTANCE_FILE, _repointed((home / INSTANCE_FILE).read_text(encoding="utf-8"), old, home))
    return home


def moved_from(home: Path) -> Path | None:
    """The folder whose history a dagster.yaml still names after its data folder was moved or copied; None otherwise.

    A file that names another folder although no history was moved here is a person's choice and stays.
    """
    old = history_storage(home)
    if old is None or old.parent.name != home.name or old.parent.resolve() == home.resolve():
        return None
    return old.parent if (home / old.name).is_dir() or not old.is_dir() else None


def history_storage(home: Path) -> Path | None:
    """The folder of SQLite databases a dagster.yaml names; None where there is none, or the history is no SQLite.

    A relative one is relative to the working folder, as Dagster has it.
    """
    file = home / INSTANCE_FILE
    content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    storage = content.get("storage") if isinstance(content, dict) else None
    if not isinstance(storage, dict):
        return None
    held, plain = storage.get("custom"), storage.get("sqlite")
    config = held.get("config") if isinstance(held, dict) else plain
    named = config.get("base_dir") if isinstance(config, dict) else None
    return Path(named) if isinstance(named, str) else None


def beating_daemons(instance: dg.DagsterInstance) -> dict[str, bool]:
    """Every part of the daemon that the instance needs, and whether its heartbeat is younger than HEARTBEAT_SECONDS."""
    beats, since = instance.get_daemon_heartbeats(), time.time() - HEARTBEAT_SECONDS
    needed = sorted(instance.get_required_daemon_types())
    return {name: name in beats and beats[name].timestamp >= since for name in needed}


def shares_history(settings: Settings) -> bool:
    """Whether another book has runs or tables in this book's history.

    One that cannot be opened is the book's own where it lies in its data folder.
    """
    home = dagster_home(settings)
    storage = history_storage(home)
    if not (home / INSTANCE_FILE).is_file() or (storage is not None and not any(storage.rglob("*.db"))):
        return False
    try:
        with open_instance(settings) as instance:
            return is_shared(instance, settings.portfolio)
    except StorageError:
        return settings.data_dir.resolve() not in home.resolve().parents


def forget_runs(settings: Settings) -> None:
    """Take a book's runs, and what its tables recorded, out of a history that it shares."""
    with open_instance(settings) as instance:
        for run in own_runs(settings.portfolio, instance.get_runs()):
            instance.compute_log_manager.delete_logs(prefix=[run.run_id])
            instance.delete_run(run.run_id)
        instance.wipe_assets([key for key in instance.all_asset_keys() if is_own_key(settings.portfolio, key)])


def _repointed(text: str, old: Path, home: Path) -> str:
    def moved(value: object) -> object:
        if isinstance(value, dict):
            return {key: moved(inner) for key, inner in value.items()}
        is_path_below = isinstance(value, str) and Path(value).is_relative_to(old)
        return str(home / Path(str(value)).relative_to(old)) if is_path_below else value

    return yaml.safe_dump(moved(yaml.safe_load(text)), sort_keys=False)


def _require_writable(storage: Path) -> None:
    """Refuse a history whose databases others hold or this account may not write; Dagster would try for minutes.

    Raises:
        StorageError: one of them is.
    """
    for file in filter(Path.is_file, (storage / name for name in _DATABASES)):
        try:
            with closing(sqlite3.connect(file, timeout=_LOCK_SECONDS, isolation_level=None)) as connection:
                connection.execute("begin immediate")
                connection.execute("rollback")
        except sqlite3.Error as error:
            raise storage_error(error, file=file) or error from error


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the book's instance; the tables of its history are made by one process at a time.

    Raises:
        StorageError: the history cannot be opened, read or written, also while it is used.
    """
    home = prepare_home(settings)
    try:
        storage = history_storage(home)
        # Beside the history: several books may have one.
        place = storage or home
        place.mkdir(parents=True, exist_ok=True)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with (place / ".instance.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if storage is not None:
                _require_writable(storage)
            instance = dg.DagsterInstance.from_config(str(plain_path(home)))
            instance.get_runs_count()
            instance.event_log_storage.get_maximum_record_id()
        with instance:
            yield instance
    except CreditPlatformError:
        raise
    except Exception as error:
        found = storage_error(error, file=history_storage(home) or home)
        if found is None:
            raise
        raise found from error
