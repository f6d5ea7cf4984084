"""What the doctor looks at in the data folder: permissions, raw files, tables, views, logs, versions, leftovers.

It changes nothing; what can be put right without a decision is in `doctor_mend`.
"""

import json
import os
import stat
import time
from collections.abc import Callable
from datetime import date
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import polars as pl

from credit_platform.assets.tables.bronze import sources
from credit_platform.cli.book import Book
from credit_platform.cli.doctor.findings import DoctorFinding, error, findings_of, first_of, warning, well
from credit_platform.cli.versions.audit import verdict
from credit_platform.errors import SourceError, TableError
from credit_platform.lake.backup.atomic_swap import unfinished
from credit_platform.lake.files import HIDDEN_PART
from credit_platform.lake.layout import Layout, month_files, stray_files
from credit_platform.lake.provenance import altered, recorded_hashes
from credit_platform.lake.raw.sources import source_files
from credit_platform.lake.renamed_models import to_migrate
from credit_platform.lake.tables.catalog import can_have_views, monthly_tables, months_pattern
from credit_platform.lake.tables.monthly import require_current_schema, require_own_month
from credit_platform.settings import Settings

ABANDONED_AFTER_SECONDS = 3600  # no single file takes an hour to write
_MAGIC = b"PAR1"
_MEND = "Run credit-platform doctor --mend."


def data_findings(settings: Settings, home: Path) -> list[DoctorFinding]:
    """Everything about the data folder and the book in it."""
    layout = Layout.of(settings.data_dir, settings.raw_dir, settings.portfolio)
    looks: dict[str, Callable[[], DoctorFinding]] = {
        "permissions": lambda: check_permissions([settings.data_dir, home]),
        "book": lambda: check_book_file(settings),
        "model keys": lambda: check_names(layout),
        "raw files": lambda: check_raw(settings, layout),
        "tables": lambda: check_tables(layout),
        "recorded hashes": lambda: check_recorded(layout),
        "personal data": lambda: check_private(layout),
        "views": lambda: check_catalog(layout),
        "logs": lambda: check_logs(layout),
        "audit": lambda: check_audit(Book.of(settings)),
        "leftovers": lambda: check_leftovers(settings.data_dir, now=time.time()),
    }
    return [finding for check, look in looks.items() for finding in findings_of(check, look)]


def check_permissions(folders: list[Path], may: Callable[[Path, int], bool] = os.access) -> DoctorFinding:
    """This account may write where tables and history go, and everything that is there already is a folder."""
    for folder in folders:
        standing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        if not standing.is_dir():
            return error("permissions", f"{standing} is not a folder", "Move the file away, or name another folder.")
        if not may(standing, os.W_OK | os.X_OK):
            mend = f"Give this account the right to write there: chown -R, or name another folder than {folder}."
            return error("permissions", f"{standing} cannot be written by this account", mend)
    return well("permissions", "data and history can be written")


def check_book_file(settings: Settings) -> DoctorFinding:
    """The book's months are written down, and the windows of the policy lie in them.

    Raises:
        SettingsError: they do not.
        WindowError: no training is possible with these windows.
    """
    settings.axis()
    if settings.is_book_known:
        last = f"{settings.last_month:%Y-%m}" if settings.last_month else "open-ended"
        return well("book", f"{settings.first_month:%Y-%m} to {last}, automation {settings.automation}")
    fix = f"credit-platform init reads the months off the {settings.portfolio.words.cases}."
    return warning("book", f"no {settings.platform_file} yet", fix)


def check_names(layout: Layout) -> DoctorFinding:
    """Nothing lies under a name of the previous release."""
    reason = to_migrate(layout)
    if reason is not None:
        return error("model keys", reason, "Take a backup (credit-platform backup), then run credit-platform migrate.")
    return well("model keys", "those of this release")


def check_raw(settings: Settings, layout: Layout) -> DoctorFinding:
    """The files of every required source are there and can be read by this account."""
    missing: list[str] = []
    unreadable: list[str] = []
    n_files = 0
    known = sources(settings.portfolio, settings.policy.model, settings.first_month)
    for name, source in known.items():
        try:
            files = source_files(layout, source)
        except SourceError:
            missing.append(name)
            continue
        n_files += len(files)
        unreadable += [file.name for file in files if not os.access(file, os.R_OK) or not file.is_file()]
    put = f"Put the files into {layout.raw_dir}, or name their folder in CREDIT_RAW_DIR; make demo makes a book."
    if unreadable:
        return error("raw files", f"{first_of(unreadable)} cannot be read", "Give this account the right to read them.")
    if not n_files:
        return warning("raw files", f"none in {layout.raw_dir}", put)
    required = [name for name in missing if known[name].required]
    if required:
        return error("raw files", f"no file of {first_of(required)}", put)
    if missing:
        return warning("raw files", f"no file of {first_of(missing)}, which is not required", put)
    return well("raw files", f"{n_files} files of {len(known)} sources")


def check_tables(layout: Layout) -> DoctorFinding:
    """Every month of every table is a whole file of that month, with the columns of this release."""
    torn: list[str] = []
    old: list[str] = []
    moved: list[str] = []
    strays: list[str] = []
    n_files = 0
    for table in monthly_tables(layout):
        strays += [f"{table}/{file.name}" for file in stray_files(layout.table(table))]
        files = month_files(layout.table(table))
        n_files += len(files)
        whole = {month: file for month, file in files.items() if _is_whole(file)}
        torn += [f"{table} {month:%Y-%m}" for month in files if month not in whole]
        old += _refused(table, whole, partial(require_current_schema, layout.tables))
        moved += _refused(table, whole, require_own_month)
    if torn:
        mend = "Delete them and build these months again (credit-platform backfill), or restore them from a backup."
        return error("tables", f"{len(torn)} files are not whole Parquet files: {first_of(torn)}", mend)
    if moved:
        mend = "Restore them from a backup, or delete them and build these months again (credit-platform backfill)."
        return error("tables", f"rows of another month than the file is named for: {first_of(moved)}", mend)
    if old:
        mend = "Build them again: credit-platform backfill. Reading them is refused until then."
        return error("tables", f"written by a release with other columns: {first_of(old)}", mend)
    if strays:
        return warning("tables", f"no months of a table, and not read: {first_of(strays)}", "Move them elsewhere.")
    return well("tables", f"{n_files:,} files whole") if n_files else well("tables", "none built yet")


def _refused(table: str, files: dict[date, Path], require: Callable[[str, list[date], list[Path]], None]) -> list[str]:
    """The months of a table that a look refuses."""
    try:
        require(table, list(files), list(files.values()))
    except TableError as fault:
        return [f"{table} {month:%Y-%m}" for month in fault.months]
    return []


def check_recorded(layout: Layout) -> DoctorFinding:
    """Every month of every table is the file that the platform wrote last, by the log of table versions."""
    months = {table: list(month_files(layout.table(table))) for table in monthly_tables(layout)}
    known = recorded_hashes(layout)
    other = [f"{table} {month:%Y-%m}" for table, found in altered(layout, months).items() for month in found]
    unknown = sum((table, month) not in known for table, found in months.items() for month in found)
    if other:
        mend = (
            "Build these months again (credit-platform backfill) or restore them from a backup, and find out who "
            "changed them; no model is trained on them until then."
        )
        return error("recorded hashes", f"{len(other)} files are not as they were written: {first_of(other)}", mend)
    said = f", {unknown:,} of them written before hashes were recorded" if unknown else ""
    return well("recorded hashes", f"{sum(map(len, months.values())):,} files as they were written{said}")


def _is_whole(file: Path) -> bool:
    with file.open("rb") as stream:
        begins = stream.read(len(_MAGIC))
        stream.seek(max(0, file.stat().st_size - len(_MAGIC)))
        if not begins == stream.read() == _MAGIC:
            return False
    try:
        pl.scan_parquet(file, glob=False).collect_schema()
    except pl.exceptions.PolarsError:
        return False
    return True


def check_private(layout: Layout) -> DoctorFinding:
    """Files with personal data can be read by their owner alone."""
    tables = [table for table in monthly_tables(layout) if layout.tables.personal_columns(table)]
    others = stat.S_IRWXG | stat.S_IRWXO
    wide = [
        str(file)
        for table in tables
        for file in month_files(layout.table(table)).values()
        if file.stat().st_mode & others
    ]
    if wide:
        mend = "Copied without their rights? chmod 600 the month files of " + ", ".join(tables) + "."
        return warning("personal data", f"others may read {first_of(wide)}", mend)
    return well("personal data", f"{len(tables)} tables readable by their owner alone")


def check_catalog(layout: Layout) -> DoctorFinding:
    """The DuckDB file has a view of every table, and every view finds its files."""
    import duckdb

    tables, file = monthly_tables(layout), layout.datamart
    if not can_have_views(layout):
        mend = "Move the data folder to a path without a backslash; everything else works here."
        return warning("views", f"DuckDB opens no file below {layout.data_dir}", mend)
    if not file.is_file():
        found = warning("views", f"{file} is not there", _MEND)
        return found if tables else well("views", "no table to look at yet")
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            views = {
                f"{schema}.{name}": text
                for schema, name, text in connection.execute(
                    "select schema_name, view_name, sql from duckdb_views() where not internal"
                ).fetchall()
            }
    except duckdb.Error as fault:
        return error("views", f"{file} does not open: {str(fault).splitlines()[0]}", _MEND)
    expected = {_view_of(table): months_pattern(layout, table).strip("[]") for table in tables}
    lost = sorted(set(expected) - set(views))
    strayed = sorted(view for view, source in expected.items() if view in views and source not in views[view])
    if strayed:
        return error("views", f"{first_of(strayed)} read another folder: this one was moved or copied", _MEND)
    if lost:
        return warning("views", f"no view of {first_of(lost)}", _MEND)
    return well("views", f"{len(views)} views of {len(tables)} tables")


def _view_of(table: str) -> str:
    schema, *rest = table.split("/")
    return f"{schema}.{'_'.join(rest)}"


def check_logs(layout: Layout) -> DoctorFinding:
    """Every line of the append-only logs is a record; only the last may have been cut off."""
    folders = (layout.audit_log().parent, layout.alerts().parent)
    files = sorted(file for folder in folders for file in folder.glob("*.jsonl"))
    broken: list[str] = []
    torn: list[str] = []
    for file in files:
        *lines, rest = file.read_bytes().split(b"\n")
        broken += [f"{file.name}, line {n}" for n, line in enumerate(lines, start=1) if line and not _is_record(line)]
        if rest:
            torn.append(file.name)
    if broken:
        return error(
            "logs", f"no record: {first_of(broken)}", "Restore the file from a backup; nothing else writes it."
        )
    if torn:
        return warning("logs", f"the last line of {first_of(torn)} was cut off by a crash", f"{_MEND} It is left out.")
    return well("logs", f"{len(files)} logs whole" if files else "none yet")


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def check_audit(book: Book) -> DoctorFinding:
    """The chain of decisions is unbroken, and the versions it vouches for are as they were."""
    found = verdict(book)
    if found["faults"]:
        mend = "Restore audit and models from a backup, and find out who changed them; nothing is promoted until then."
        return error("audit", first_of(found["faults"], 2), mend)
    return well("audit", f"{found['records']} decisions in an unbroken chain, {found['versions']} versions verified")


def check_leftovers(folder: Path, *, now: float) -> DoctorFinding:
    """Nothing is left of a process that was killed: no restore that broke off, no half-written file."""
    for left in unfinished(folder):
        found = f"{left}: a restore is under way or was broken off; this holds the only copy of what was there before"
        mend = f"If none is under way, put that back (credit-platform restore {left} --yes), then restore again."
        return error("leftovers", found, mend)
    parts = [
        Path(where, name)
        for where, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if fnmatch(name, HIDDEN_PART)
    ]
    old = [part for part in parts if part.exists() and now - part.stat().st_mtime >= ABANDONED_AFTER_SECONDS]
    if old:
        found = f"{len(old)} half-written files of killed processes, such as {old[0].name}"
        return warning("leftovers", found, f"{_MEND} Nothing reads them.")
    return well("leftovers", f"{len(parts)} being written" if parts else "none")
