"""Makes the files of this package with the release at hand: a book after its life, its backup, what is said of it.

Run once, by the release whose files are to be kept; running it with a later one would prove nothing:

    python -m credit_platform_tests.old_release.make

What today's release must make of the files is held by the tests beside this module.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import sys
import tarfile
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from credit_platform.cli.instance import open_instance
from credit_platform.code_location import build_definitions
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.lake.tables.catalog import monthly_tables
from credit_platform.months import month_key
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.generator.default_process import DefaultProcess
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.automation.retrain_ticks import tick
from credit_platform_tests.old_release.folders import ARCHIVES, BACKUP, EXPECTED, INDEX, POLICY
from credit_platform_tests.small_book import BookFolders

# Trained first in 2024-01 and again each quarter; what is planted breaks the versions of before, which asks for more.
SPEC = BookSpec(
    first_month=date(2023, 1, 1),
    n_months=18,
    cases_per_month=50,
    history_months=6,
    seed=11,
    process=DefaultProcess(monthly_noise_sd=30.0),
    drifts=(Drift(DriftKind.CONCEPT, date(2023, 9, 1), 1.0),),
)
_KINDS = {".html": "pages", ".parquet": "tables", ".csv": "tables"}
REPLAYED = ("2024-03", "2024-06")
OVERRIDDEN = "2024-06"


def main() -> int:
    """Live, back up, ask and pack; 0 when every command succeeded."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        book = BookFolders(root / "data", root / "raw", POLICY)
        write_book(book.layout, SPEC, on_month=lambda: None)
        _live(book)
        _run(book, "backup", str(root / BACKUP))
        EXPECTED.write_text(json.dumps(_expected(book), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        _pack(root)
    return 0


def _live(book: BookFolders) -> None:
    """The whole life, and after it what people decide."""
    _run(book, "init")
    _run(book, "backfill")
    why = ("--reason", "the branch was closed for a week", "--approver", "A. Person")
    _run(book, "override-action", "--model", "gradient_boosting", "--month", OVERRIDDEN, "--to", "monitor", *why)
    champion = book.layout.model_version("gradient_boosting", _newest(book, "gradient_boosting"))
    why = ("--reason", "the committee wants the newest", "--approver", "A. Person", "--despite-failed-gates")
    _run(book, "promote", "--model", "model_2", "--version", champion.name, "--to", "champion", *why)


def _newest(book: BookFolders, model: str) -> str:
    return max(folder.name for folder in book.layout.model(model).iterdir())


def _run(book: BookFolders, *arguments: str) -> str:
    done = book.command(*arguments)
    if done.returncode:
        raise RuntimeError(" ".join(arguments) + done.stdout + done.stderr)
    return done.stdout


def _expected(book: BookFolders) -> dict[str, Any]:
    with closing(duckdb.connect(str(book.layout.datamart), read_only=True)) as connection:
        views = connection.execute("select schema_name, view_name from duckdb_views() where not internal").fetchall()
    return {
        "status": json.loads(_run(book, "status", "--json")),
        "models": json.loads(_run(book, "models", "--json")),
        "audit": json.loads(_run(book, "audit", "verify", "--json")),
        "policy_sha256": LOANS.load_policy(POLICY).sha256,
        "replay": {month: book.command("replay", "--as-of", month).returncode for month in REPLAYED},
        "retrain_cursor": _cursor(book),
        "months": {
            table: [month_key(month) for month in book.lake.months(table)] for table in monthly_tables(book.layout)
        },
        "views": sorted(f"{schema}.{view}" for schema, view in views),
    }


def _cursor(book: BookFolders) -> str | None:
    """What a daemon of this release remembers of the actions once it has looked at them."""
    settings = book.settings(last=SPEC.months[-1])
    repository = build_definitions(settings.portfolio, settings).get_repository_def()
    with open_instance(settings) as instance:
        _, _, cursor = tick(repository, instance)
    return cursor


def _pack(root: Path) -> None:
    files = [file for name in ("data", "raw", BACKUP) for file in sorted((root / name).rglob("*")) if _is_kept(file)]
    index = {file.relative_to(root).as_posix(): _sha256(file) for file in files}
    INDEX.write_bytes(lzma.compress(json.dumps(index).encode(), preset=9))
    contents = {_sha256(file): file for file in files}
    for kind, archive in ARCHIVES.items():
        with tarfile.open(archive, "w:xz", preset=9) as packed:
            for sha256, file in contents.items():
                if _KINDS.get(file.suffix, "others") == kind:
                    entry = tarfile.TarInfo(sha256)
                    entry.size = file.stat().st_size
                    with file.open("rb") as stream:
                        packed.addfile(entry, stream)
        sys.stdout.write(f"{archive.name}: {archive.stat().st_size:,} bytes\n")


def _is_kept(file: Path) -> bool:
    """Whether a file holds something, which the marks of closed databases do not."""
    is_mark = file.name.endswith("-shm") or (file.name.endswith("-wal") and not file.stat().st_size)
    return file.is_file() and not is_mark


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
