"""The Dagster instance the command line writes its history to: the same one the UI opens.

Executing runs belongs to `runs`.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml

from credit_platform.lake.files import write_text
from credit_platform.settings import Settings, dagster_home

INSTANCE_FILE = "dagster.yaml"


def own_instance_text(home: Path) -> str:
    """The dagster.yaml of a data folder that keeps its own history."""
    content = {
        "storage": {
            "custom": {
                "module": "credit_platform.run_history",
                "class": "HeldSqliteStorage",
                "config": {"base_dir": str(home / "storage")},
            }
        },
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(home)},
        },
        "compute_logs": {
            "module": "dagster._core.storage.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": str(home / "compute_logs")},
        },
        "concurrency": {"runs": {"max_concurrent_runs": 2}},
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 300, "max_runtime_seconds": 3600},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
    }
    return yaml.safe_dump(content, sort_keys=False)


def prepare_home(settings: Settings) -> Path:
    """The folder with the instance's dagster.yaml, made when the data folder keeps its own history."""
    home = dagster_home(settings.data_dir)
    home.mkdir(parents=True, exist_ok=True)
    if not (home / INSTANCE_FILE).is_file():
        write_text(home / INSTANCE_FILE, own_instance_text(home))
    return home


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the book's instance; the tables of its history are made by one process at a time."""
    home = prepare_home(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / ".instance.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        instance = dg.DagsterInstance.from_config(str(home))
        instance.get_runs_count()
        instance.event_log_storage.get_maximum_record_id()
    with instance:
        yield instance
