"""What a migration made of a folder, by its files and its history."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from hashlib import sha256
from pathlib import Path

from credit_platform.cli.instance import open_instance
from credit_platform.cli.migrate.history import REPEATS_TAG
from credit_platform_tests.small_book import BookFolders

LAST = date(2024, 6, 1)


COMMAND = "credit-platform migrate"


def copied(unpacked: Path, root: Path, *, with_history: bool = True) -> BookFolders:
    """The old folder as it was written, over the same raw files."""
    ignored = None if with_history else shutil.ignore_patterns(".dagster")
    shutil.copytree(unpacked / "data", root / "data", ignore=ignored)
    return BookFolders(root / "data", unpacked / "raw", unpacked / "policy")


def contents(book: BookFolders) -> dict[str, str]:
    """Every file but logs, history and locks, by its hash."""
    files = {file.relative_to(book.data_dir).as_posix(): file for file in book.data_dir.rglob("*") if file.is_file()}
    return {
        name: sha256(file.read_bytes()).hexdigest()
        for name, file in files.items()
        if not name.startswith(".dagster/") and not name.endswith((".jsonl", ".lock", ".duckdb", "audit_head.json"))
    }


def reported(book: BookFolders) -> Counter[str]:
    """How often each event of the history was reported again, by asset."""
    found: Counter[str] = Counter()
    with open_instance(book.settings(last=LAST)) as instance:
        for key in instance.all_asset_keys():
            for record in instance.fetch_materializations(key, limit=10_000).records:
                said = record.asset_materialization
                if said is not None and said.tags and REPEATS_TAG in said.tags:
                    found[f"{key.to_user_string()} {said.tags[REPEATS_TAG]}"] += 1
    return found
