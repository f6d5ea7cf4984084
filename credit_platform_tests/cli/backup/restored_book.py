"""Restoring a backup into a book's folders, and what is compared before and after."""

from __future__ import annotations

from hashlib import sha256
from io import StringIO
from pathlib import Path

import dagster as dg
from rich.console import Console

from credit_platform.cli.backup.restore import Consent, restore
from credit_platform.cli.instance import open_instance
from credit_platform_tests.small_book import BookFolders

LABELS = dg.AssetKey(["gold", "label_store"])


def restored(
    book: BookFolders,
    backup: Path,
    *,
    is_dry_run: bool = False,
    to_replace: bool = False,
    to_replace_raw: bool = False,
    without_raw: bool = False,
    despite_runs: bool = False,
) -> str:
    """Restore, and what was said."""
    told = StringIO()
    consent = Consent(
        to_replace=to_replace, to_replace_raw=to_replace_raw, without_raw=without_raw, despite_runs=despite_runs
    )
    assert restore(book.settings(), Console(file=told, width=300), backup, consent, is_dry_run=is_dry_run) == 0
    return told.getvalue()


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder by its hash, without what looking at a history leaves behind."""
    return {
        file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and not file.name.endswith((".lock", "-wal", "-shm", ".db"))
    }


def tables_of(folder: Path) -> dict[str, str]:
    """The tables among them."""
    return {name: digest for name, digest in contents(folder).items() if name.endswith(".parquet")}


def months_built(book: BookFolders) -> tuple[int, set[str]]:
    """What the run history knows: how many runs, and the months of one table."""
    with open_instance(book.settings()) as instance:
        return instance.get_runs_count(), instance.get_materialized_partitions(LABELS)
