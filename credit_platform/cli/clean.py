"""Deleting what the platform wrote, and nothing else."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from credit_platform.cli.instance import shares_history
from credit_platform.lake.book_file import PLATFORM_FILE
from credit_platform.lake.layout import LAYERS, Layout
from credit_platform.lake.raw.raw_book import generated_files
from credit_platform.settings import Settings, dagster_home

_WRITTEN = (*LAYERS, "archive", "sources", "models", "reports", "audit", "alerts", "service")
_HISTORY = ".dagster"
_FILES = (PLATFORM_FILE, "datamart.duckdb", ".datamart.duckdb.lock", ".instance.lock", "unfinished-migration.txt")


def written_paths(settings: Settings) -> list[Path]:
    """What exists of all that the platform writes; raw files are not among it, whoever made them.

    Nor is a run history that another book has a part in.
    """
    history = {settings.data_dir / _HISTORY, dagster_home(settings) / _HISTORY}
    candidates = {settings.data_dir / name for name in (*_WRITTEN, *_FILES)}
    found = (path for path in candidates | history if path.exists())
    return sorted(found if not shares_history(settings) else (path for path in found if path.name != _HISTORY))


def generated_paths(settings: Settings) -> list[Path]:
    """What the platform wrote, and of the raw files those it generated itself and nobody has changed since."""
    generated = generated_files(Layout.of(settings.data_dir, settings.raw_dir, settings.portfolio))
    if generated and set(generated) == set(settings.raw_dir.iterdir()):
        generated = [settings.raw_dir]
    return sorted({*written_paths(settings), *generated})


def delete_generated(paths: Sequence[Path]) -> None:
    """Delete files and folders."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
