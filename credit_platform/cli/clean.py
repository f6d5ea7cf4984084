"""Deleting what the platform wrote, and nothing else."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from credit_platform.lake.layout import LAYERS
from credit_platform.lake.raw_book import GENERATED_MARK
from credit_platform.settings import PLATFORM_FILE, Settings, dagster_home

_WRITTEN = (*LAYERS, "archive", "sources", "models", "reports", "audit", "alerts", ".dagster")
_FILES = (PLATFORM_FILE, "datamart.duckdb", ".datamart.duckdb.lock", ".instance.lock")


def generated_paths(settings: Settings) -> list[Path]:
    """What exists of all that the platform writes; the raw files only if the demo made them."""
    home = dagster_home(settings.data_dir)
    candidates = [settings.data_dir / name for name in (*_WRITTEN, *_FILES)] + [home / ".dagster"]
    if (settings.raw_dir / GENERATED_MARK).is_file():
        candidates.append(settings.raw_dir)
    return sorted({path for path in candidates if path.exists()})


def delete_generated(paths: Sequence[Path]) -> None:
    """Delete files and folders."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
