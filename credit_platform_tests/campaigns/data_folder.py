"""What a data folder holds, seen as a reader sees it: which files are not whole, and what two folders differ in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl

from credit_platform.errors import CreditPlatformError
from credit_platform.lake.book_file import PLATFORM_FILE, read_book_file
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.tables.catalog import monthly_tables
from credit_platform.lake.tables.monthly import Lake

_VIEWS = "select schema_name, view_name, sql from duckdb_views() where not internal"
# What the order of processes, and the code at hand, write into a record beside what it says.
_OF_THE_RUN = ("time", "run_id", "sequence", "previous_sha256", "sha256", "git_commit", "audit_records")
_AUDIT_HEAD = "audit_head.json"
_READ_ERRORS = (pl.exceptions.PolarsError, duckdb.Error, CreditPlatformError, OSError, ValueError, KeyError)


def visible_files(folder: Path) -> list[Path]:
    """Every file that is not hidden and lies in no hidden folder: what readers may come upon."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def view_texts(datamart: Path) -> dict[str, str]:
    """The SQL of every view, with the data folder's own name taken out."""
    with closing(duckdb.connect(str(datamart), read_only=True)) as connection:
        views = connection.execute(
            "select schema_name, view_name, sql from duckdb_views() where not internal"
        ).fetchall()
    folder = str(datamart.parent.resolve())
    return {f"{schema}.{view}": sql.replace(folder, "<data>") for schema, view, sql in views}


def count_through_views(datamart: Path) -> dict[str, int]:
    """Rows of every view, read through the file of views as people do."""
    with closing(duckdb.connect(str(datamart), read_only=True)) as connection:
        counts = {}
        for schema, view, _ in connection.execute(_VIEWS).fetchall():
            # Counting every column reads every page, not the footers alone.
            query = f'select count(*), count(columns(*)) from "{schema}"."{view}"'  # noqa: S608 - names of our views
            counts[f"{schema}.{view}"] = connection.sql(query).fetchall()[0][0]
    return counts


def _check_json_lines(file: Path) -> None:
    for line in file.read_bytes().split(b"\n")[:-1]:
        json.loads(line)


def _check_page(file: Path) -> None:
    if not file.read_text().rstrip().endswith("</html>"):
        message = f"{file} is cut off"
        raise ValueError(message)


def _read_text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


_CHECKS: dict[str, Callable[[Path], object]] = {
    ".parquet": pl.read_parquet,
    ".duckdb": count_through_views,
    ".json": lambda file: json.loads(file.read_bytes()),
    ".jsonl": _check_json_lines,
    ".html": _check_page,
    ".yaml": lambda file: read_book_file(file) if file.name == PLATFORM_FILE else None,
    ".csv": lambda file: pl.read_csv(file, infer_schema=False),
    **dict.fromkeys((".txt", ".md", ".sql"), _read_text),
}


def broken_files(lake: Lake, models: tuple[str, ...]) -> list[str]:
    """Every visible file, model version and table that cannot be read to its end, with the reason."""
    folder = lake.layout.data_dir
    broken = []

    def read(what: str, reading: Callable[[], object]) -> None:
        try:
            reading()
        except _READ_ERRORS as error:
            broken.append(f"{what}: {type(error).__name__}: {error}")

    for file in visible_files(folder):
        read(file.relative_to(folder).as_posix(), lambda file=file: _CHECKS[file.suffix](file))
    for table in monthly_tables(lake.layout):
        read(table, lambda table=table: lake.scan(table, lake.months(table)).collect())
    store = ModelStore(lake.layout)
    for model in models:
        for version in store.versions(model):
            read(f"{model} {version}", lambda model=model, version=version: store.load(model, version))
    read("promotions", PromotionLog(lake.layout).records)
    broken.extend(f"audit log: {fault}" for fault in AuditLog(lake.layout).verify())
    return broken


def _by_month(record: dict[str, object]) -> list[dict[str, object]]:
    """A record of several months as one of each."""
    months = record.get("months")
    return [record | {"months": each} for each in months.items()] if isinstance(months, dict) else [record]


def _fingerprint(file: Path) -> str:
    if file.suffix == ".duckdb":
        return json.dumps(view_texts(file), sort_keys=True, indent=1)
    if file.name == _AUDIT_HEAD:
        return "the hash of the last record, whichever came last"
    if file.suffix == ".jsonl":
        records = [json.loads(line) for line in file.read_text().splitlines()]
        # Who came first, who said a thing twice, and which months were written together, is up to the processes.
        said = {
            json.dumps({key: said[key] for key in sorted(said) if key not in _OF_THE_RUN})
            for record in records
            for said in _by_month(record)
        }
        return json.dumps(sorted(said))
    return hashlib.sha256(file.read_bytes()).hexdigest()


def fingerprints(folder: Path) -> dict[str, str]:
    """The content of a data folder by relative path, without times and hashes of logs, its name and hidden files."""
    return {file.relative_to(folder).as_posix(): _fingerprint(file) for file in visible_files(folder)}
