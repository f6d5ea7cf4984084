"""Folders of any name, altered and broken files, full disks, pipes, and policy no parser can bear.

What cannot be done on this machine, such as mounting a disk of one megabyte, is skipped.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from io import StringIO
from pathlib import Path

import duckdb
import polars as pl
import pytest
from rich.console import Console

from credit_platform.assets.models.training import train_as_of
from credit_platform.cli.backup.backup import back_up
from credit_platform.cli.doctor import content, data
from credit_platform.cli.doctor.findings import DoctorFinding
from credit_platform.cli.instance import open_instance
from credit_platform.errors import PolicyError, SettingsError, SourceError, StorageError, TableError
from credit_platform.lake.files import locked_for_writing, whole_file
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.readers import file_content
from credit_platform.lake.storage_faults import storage_error
from credit_platform.lake.tables.catalog import TableMonths, create_view, refresh_datamart
from credit_platform.lake.tables.monthly import Lake, StrayFileWarning
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import child_environment, read_book_file
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.small_book import FIRST_TRAINING, LAST, MODELS, BookFolders

MONTHS = [date(2023, 1, 1), date(2023, 2, 1)]
TABLE = "gold/label_store"
ODD = "br[1] per%20cent a?b #'ü=x"
NAMES = ["br[1]", "per%20cent", "a?b", "#1", "two words", "größe", "o'brien", 'say "x"', "a=b", "st*r", "{a,b}", "c:d",
         "back\\slash", "$HOME", "~", "-x", ODD]  # fmt: skip


def labels(*months: date, label: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "loan_id": f"L{n}",
                "customer_id": f"C{n}",
                "label": label,
                "label_def": "30dpd_6mob",
                "dpd": 0,
                "cohort": date(2022, 1, 1),
                "snapshot_month": month,
            }
            for n, month in enumerate(months)
        ],
        schema={name: column.dtype for name, column in LOANS.outcome.schema.columns().items()},
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_at(tmp_path / "data")


def lake_at(folder: Path) -> Lake:
    lake = Lake.at(folder, portfolio=LOANS)
    lake.write(TABLE, labels(*MONTHS), MONTHS)
    return lake


@pytest.fixture(scope="module")
def odd_book(small_book: BookFolders, tmp_path_factory: pytest.TempPathFactory) -> BookFolders:
    """Two months of the small book, built by the program in a folder with every sign that others read as something."""
    root = tmp_path_factory.mktemp("odd") / ODD
    shutil.copytree(small_book.raw_dir, root / "raw")
    book = BookFolders(root / "data", root / "raw", small_book.policy_dir)
    assert book.command("init", "--first-month", "2023-01", "--last-month", "2024-08").returncode == 0
    built = book.command("backfill", "--to", "2023-02")
    assert built.returncode == 0, built.stdout + built.stderr
    return book


@case(
    "E1",
    given="a data folder called br[1], per%20cent or a?b",
    right="build, views, run history, doctor, backup and restore work as in any other",
)
def test_a_book_in_an_odd_folder_is_built_looked_at_and_restored(odd_book: BookFolders, tmp_path: Path) -> None:
    assert odd_book.lake.months("gold/feature_store") == MONTHS
    with duckdb.connect(str(odd_book.layout.datamart), read_only=True) as connection:
        assert connection.sql("select count(*) from gold.feature_store").fetchall()[0][0] > 0
        assert "br[1]" not in [
            name for (name,) in connection.sql("select column_name from duckdb_columns()").fetchall()
        ]
    settings = odd_book.settings()
    with open_instance(settings) as instance:
        assert instance.get_runs_count() > 0
    assert (odd_book.data_dir / ".dagster" / "storage" / "history" / "runs.db").is_file()
    findings = data.data_findings(settings, odd_book.data_dir) + content.content_findings(settings)
    assert [found for found in findings if found.level == "error"] == []
    assert {found.level for found in findings if found.check in {"tables", "views", "recorded hashes"}} == {"ok"}
    backup = tmp_path / ODD
    assert back_up(settings, Console(file=StringIO()), backup) == 0
    other = BookFolders(tmp_path / "other [2]" / "data", tmp_path / "other [2]" / "raw", odd_book.policy_dir)
    restored = other.verb("restore", str(backup))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert other.lake.months("gold/feature_store") == MONTHS
    assert not [stray for stray in tmp_path.parent.glob("br[[]1]*") if stray.name != ODD]


def test_the_home_of_the_ui_has_no_sign_that_dagster_reads_as_a_pattern(odd_book: BookFolders) -> None:
    home = odd_book.data_dir / ".dagster"
    named = child_environment(odd_book.settings(), home)["DAGSTER_HOME"]
    assert "[" not in named
    assert Path(named).resolve() == home.resolve()


@pytest.mark.parametrize("name", NAMES)
def test_tables_and_views_work_below_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    lake = lake_at(tmp_path / name / "data")
    assert lake.months(TABLE) == MONTHS
    assert lake.scan(TABLE, MONTHS).collect().height == 2
    with duckdb.connect() as connection:
        create_view(connection, "x", lake.layout, [TableMonths(TABLE, MONTHS)])
        assert connection.sql("select count(*), count(columns(*)) from x").fetchall()[0][0] == 2
        assert connection.sql("select * from x").columns == labels().columns
    refresh_datamart(lake.layout)
    assert data.check_catalog(lake.layout).level == ("warning" if "\\" in name else "ok")
    assert data.check_tables(lake.layout).level == "ok"


def flip_labels(file: Path) -> None:
    frame = pl.read_parquet(file, glob=False)
    metadata = {name: value for name, value in pl.read_parquet_metadata(file).items() if name.startswith("credit")}
    frame.with_columns(label=(1 - pl.col("label")).cast(pl.Int8)).write_parquet(file, metadata=metadata)


@case(
    "E2",
    given="the labels of a whole month flipped in their file; a month's file copied in the place of another",
    right="doctor and training name table and month, and nothing is trained; a file of another month is never read",
)
def test_nothing_is_trained_on_an_altered_table(book_copy: BookFolders) -> None:
    month = date(2023, 9, 1)
    flip_labels(book_copy.layout.month_file(TABLE, month))
    found = data.check_recorded(book_copy.layout)
    assert (found.level, "1 files are not as they were written: gold/label_store 2023-09" in found.found) == (
        "error",
        True,
    )
    with pytest.raises(TableError, match=r"gold/label_store, 2023-09: the file is not the one the platform wrote"):
        train_as_of(book_copy.lake, MODELS[0], FIRST_TRAINING, book_copy.settings().policy)
    run = book_copy.verb("train", "--as-of", f"{FIRST_TRAINING:%Y-%m}", "--model", MODELS[0])
    assert run.returncode == 1
    assert "gold/label_store, 2023-09" in run.stdout + run.stderr


@case(
    "E10",
    given="features altered before their loans are scored, labels before they are held against the scores",
    right="neither is used: by the runs, nor by `score`; each names table and month",
)
@pytest.mark.parametrize(("table", "month", "job"), [("gold/feature_store", LAST, "score_month"),
                                                     (TABLE, LAST, "monitor_month")])  # fmt: skip
def test_nothing_is_scored_or_measured_on_an_altered_table(
    book_copy: BookFolders, table: str, month: date, job: str
) -> None:
    file = book_copy.layout.month_file(table, month)
    pl.read_parquet(file).reverse().write_parquet(file)
    key = f"{month:%Y-%m}"
    ways = [("backfill", "--from", key, "--to", key, "--job", job)]
    ways += [("score", "--as-of", key, "--model", MODELS[0])] if job == "score_month" else []
    for way in ways:
        run = book_copy.verb(*way)
        assert run.returncode == 1
        assert f"{table}, {key}: the file is not the one the platform wrote" in run.stdout + run.stderr


@pytest.mark.parametrize("way", ["scan", "view", "doctor"])
def test_a_file_of_another_month_is_found_whatever_reads_it(lake: Lake, way: str) -> None:
    first, second = (lake.layout.month_file(TABLE, month) for month in MONTHS)
    second.write_bytes(first.read_bytes())
    said = "gold/label_store, 2023-02: the file contains rows of another month"
    if way == "scan":
        with pytest.raises(TableError, match=said):
            lake.scan(TABLE, MONTHS)
    elif way == "view":
        with duckdb.connect() as connection, pytest.raises(TableError, match=said):
            create_view(connection, "x", lake.layout, [TableMonths(TABLE, MONTHS)])
    else:
        found = data.check_tables(lake.layout)
        assert (found.level, "gold/label_store 2023-02" in found.found) == ("error", True)


def test_a_month_written_again_and_one_the_log_does_not_know_are_as_written(lake: Lake) -> None:
    lake.write(TABLE, labels(*MONTHS, label=1), MONTHS)
    assert data.check_recorded(lake.layout).level == "ok"
    lake.layout.table_version_log().unlink()
    assert "2 of them written before hashes were recorded" in data.check_recorded(lake.layout).found


DISKS = {"full": "size=300k", "full later": "size=9m", "out of inodes": "nr_inodes=60", "read-only": "ro"}


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A small file system of its own; skips where this account may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", request.param, "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this account may not mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@case(
    "E3",
    given="a disk that is full, out of inodes or read-only; a history that another process holds",
    right="one sentence: which file, what is wrong, what to do; exit 1, no traceback",
)
@pytest.mark.parametrize("disk", DISKS.values(), ids=list(DISKS), indirect=True)
def test_a_disk_that_takes_nothing_is_one_sentence(small_book: BookFolders, disk: Path) -> None:
    book = BookFolders(disk / "data", small_book.raw_dir, small_book.policy_dir)
    run = book.command("backfill", "--to", "2023-01", CREDIT_FIRST_MONTH="2023-01", CREDIT_LAST_MONTH="2024-08")
    said = run.stdout + run.stderr
    assert run.returncode == 1
    assert "Traceback" not in said
    assert str(disk) in run.stderr
    assert "CREDIT_DATA_DIR" in said or "df -i" in said
    assert len(run.stderr.splitlines()) <= 4


def test_a_history_that_another_process_holds_is_one_sentence(
    odd_book: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit_platform.cli.instance._LOCK_SECONDS", 0.1)
    file = odd_book.data_dir / ".dagster" / "storage" / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("begin exclusive")
        run = odd_book.verb("backfill", "--to", "2023-01")
    assert (run.returncode, run.stdout) == (1, "")
    assert f"{file} cannot be used: database is locked. Another process uses it" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO])
def test_every_fault_of_the_system_is_said_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    file = tmp_path / "x.parquet"
    with (
        pytest.raises(StorageError, match=rf"x\.parquet cannot be \w+: {os.strerror(number)}\. \w+"),
        whole_file(file) as part,
    ):
        part.touch()
    with pytest.raises(StorageError, match=r"log\.jsonl cannot be"), locked_for_writing(tmp_path / "log.jsonl") as log:
        log.append(b"{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl"]


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StorageError, match=r"cannot be written: (Not a directory|File exists)\. Move away"):
        lake_at(tmp_path / "data")


def test_an_error_that_is_not_of_storage_stays_what_it_is() -> None:
    assert storage_error(KeyError("x")) is None
    assert storage_error(FileNotFoundError(errno.ENOENT, "none", "/x")) is None
    assert storage_error(duckdb.BinderException("no column x")) is None


@case(
    "E4",
    given="2022-13-01.parquet beside the months of a table; a month's file cut off",
    right="the stray is named, warned of and not read; the broken file is named with table and month",
)
@pytest.mark.parametrize("name", ["2022-13-01", "0000-01-01", "2023-00-01", "2023-02-15", "notes", "2023-01-01 (copy)"])
def test_a_stray_file_is_warned_of_and_not_read(lake: Lake, name: str) -> None:
    shutil.copy(lake.layout.month_file(TABLE, MONTHS[0]), lake.layout.table(TABLE) / f"{name}.parquet")
    with pytest.warns(StrayFileWarning, match=rf"gold/label_store: .*{name[:7]}.* is no month of the table"):
        assert lake.months(TABLE) == MONTHS
    refresh_datamart(lake.layout)
    with duckdb.connect(str(lake.layout.datamart), read_only=True) as connection:
        assert connection.sql("select count(*) from gold.label_store").fetchall() == [(2,)]
    found = data.check_tables(lake.layout)
    assert (found.level, f"gold/label_store/{name}.parquet" in found.found) == ("warning", True)


@pytest.mark.parametrize("kept", [-20, 0, 100])
def test_a_broken_month_is_named_with_its_table(lake: Lake, kept: int) -> None:
    file = lake.layout.month_file(TABLE, MONTHS[1])
    file.write_bytes(file.read_bytes()[:kept])
    said = r"gold/label_store, 2023-02: .*2023-02-01\.parquet is not a whole Parquet file\. Delete it and build"
    with pytest.raises(TableError, match=said):
        lake.scan(TABLE, MONTHS)
    with duckdb.connect() as connection, pytest.raises(TableError, match=said):
        create_view(connection, "x", lake.layout, [TableMonths(TABLE, MONTHS)])


def _broken_link(file: Path) -> None:
    file.symlink_to("/none")


@case(
    "E9",
    given="a pipe, a folder or a broken link under the name of a month among the months of a table",
    right="the stray is named, warned of and not read; nothing waits for it",
)
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, _broken_link])
def test_what_is_no_file_is_no_month(lake: Lake, make: Callable[[Path], object]) -> None:
    make(lake.layout.table(TABLE) / "2023-03-01.parquet")
    with pytest.warns(StrayFileWarning, match=r"gold/label_store: .*2023-03-01.* is no month of the table"):
        assert lake.months(TABLE) == MONTHS
    refresh_datamart(lake.layout)
    with duckdb.connect(str(lake.layout.datamart), read_only=True) as connection:
        assert connection.sql("select count(*) from gold.label_store").fetchall() == [(2,)]
    found = data.check_tables(lake.layout)
    assert (found.level, f"{TABLE}/2023-03-01.parquet" in found.found) == ("warning", True)
    assert data.check_catalog(lake.layout).level == "ok"


def _device(file: Path) -> None:
    file.symlink_to("/dev/zero")


@case(
    "E5",
    given="a pipe or a device under the name of a raw file",
    right="refused by its name at once",
)
@pytest.mark.parametrize(("make", "kind"), [(os.mkfifo, "a pipe"), (_device, "a device")])
def test_what_is_no_file_is_refused_by_its_name(tmp_path: Path, make: Callable[[Path], object], kind: str) -> None:
    file = tmp_path / "lms_loan_daily.csv"
    make(file)
    began = time.monotonic()
    with pytest.raises(SourceError, match=rf"source lms_loan_daily: lms_loan_daily\.csv: not a file but {kind}"):
        file_content("lms_loan_daily", file)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("verb", [["init"], ["score"], ["doctor"]], ids=lambda verb: verb[0])
def test_no_verb_waits_for_a_pipe(small_book: BookFolders, tmp_path: Path, verb: list[str]) -> None:
    book = BookFolders(tmp_path / "data", tmp_path / "raw", small_book.policy_dir)
    book.raw_dir.mkdir()
    pipe = book.raw_dir / "lms_loan_daily.csv"
    os.mkfifo(pipe)
    arguments = [*verb, str(pipe), "--model", MODELS[0]] if verb == ["score"] else verb
    run = book.verb(*arguments)
    assert run.returncode != 0
    assert "lms_loan_daily.csv" in run.stdout + run.stderr


NESTED = "[" * 3000
UNBEARABLE = {
    "no calendar": ("label: {mob: 1000000000}", "label.mob", "less than or equal to 1200"),
    "brackets": (f"label: {NESTED}{']' * 3000}", "label", "nested more than 50 deep"),
    "open brackets": (f"label: {{mob: {NESTED}", "label.mob", "nested more than 50 deep"),
    "braces": ("label: " + "{a: " * 3000, "label.a", "nested more than 50 deep"),
    "indents": ("".join(f"{' ' * n}a:\n" for n in range(300)), "a.a", "nested more than 50 deep"),
    "aliases": (
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{x}: &{x} [{','.join(['*' + y] * 10)}]\n" for y, x in zip("abcdefgh", "bcdefghi", strict=True)),
        "i",
        "20,000 values",
    ),
    "digits": (f"label: {{mob: {'9' * 5000}}}", "label.mob", "valid integer"),
    "a large number": ("random_seed: 1000000000000000000000", "random_seed", "beyond 2,147,483,647"),
    "a day no month has": ("label: {mob: 2023-13-45}", "label.mob", "valid integer"),
    "a whole book": (f"label: '{'x' * 3_000_000}'", "(whole file)", "3,000,0"),
    "a window of centuries": ("windows: {relative: {train: 99999}}", "windows.relative.train", "1200"),
    "a sexagesimal": ("label: {mob: '1:30'}", "label.mob", "valid integer"),
    "thousands by underscores": ("selection: {min_samples: 1_000}", "selection.min_samples", "valid integer"),
    "an alias of itself": ("label: &a {mob: *a}", "(whole file)", "recursive"),
}


@case(
    "E6",
    given="mob: 1000000000; 3,000 nested brackets; mob: 010",
    right="refused with file, key and reason within a second; numbers are those of YAML 1.2, so 010 is ten",
)
@pytest.mark.parametrize("name", UNBEARABLE)
def test_policy_nobody_can_bear_is_refused_at_once(tmp_path: Path, name: str) -> None:
    text, key, reason = UNBEARABLE[name]
    file = tmp_path / "model_config.yaml"
    file.write_text(text)
    began = time.process_time()
    with pytest.raises(PolicyError) as refused:
        LOANS.load_policy(tmp_path)
    assert time.process_time() - began < 1
    assert (refused.value.file, refused.value.key.startswith(key)) == (str(file), True), refused.value
    assert reason in refused.value.reason
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, _broken_link])
def test_policy_that_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "model_config.yaml")
    with pytest.raises(
        PolicyError, match=r"model_config\.yaml: \(whole file\): is a folder, a pipe, a device or a link to nothing"
    ):
        LOANS.load_policy(tmp_path)


@pytest.mark.parametrize(("text", "suffix"), [("[" * 100_000, "json"), ('{"a":' * 5000, "json"), ("9" * 5000, "json")])
def test_json_nobody_can_bear_is_refused_as_well(tmp_path: Path, text: str, suffix: str) -> None:
    (tmp_path / f"model_config.{suffix}").write_text(text)
    with pytest.raises(PolicyError, match="model_config"):
        LOANS.load_policy(tmp_path)


@pytest.mark.parametrize(("written", "read"), [("010", 10), ("0o10", 8), ("0x1F", 31), ("+7", 7), ("6", 6)])
def test_numbers_are_those_of_yaml_1_2(tmp_path: Path, written: str, read: int) -> None:
    (tmp_path / "model_config.yaml").write_text(f"label: {{mob: {written}}}")
    assert LOANS.load_policy(tmp_path).model.label.lag_months == read


@pytest.mark.parametrize(("written", "read"), [("1e-2", 0.01), (".5", 0.5), ("5.0e-1", 0.5), ("1E-1", 0.1)])
def test_floats_are_those_of_yaml_1_2(tmp_path: Path, written: str, read: float) -> None:
    (tmp_path / "model_config.yaml").write_text(f"promotion: {{min_uplift: {written}}}")
    assert LOANS.load_policy(tmp_path).model.promotion.min_uplift == read


@case(
    "E7",
    given="a platform.yaml of 3,000 brackets, or a first month of year 9999",
    right="refused with file, key and reason at once, as policy is",
)
@pytest.mark.parametrize(
    ("text", "said"),
    [(f"first_month: {NESTED}", "first_month: is nested"), ("first_month: 9999-12-01", "no month of the years 1900")],
)
def test_a_book_file_nobody_can_bear_is_refused_at_once(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said):
        read_book_file(file)


def _without_rows(book: BookFolders) -> None:
    month = book.lake.months("bronze/lms_loan_daily")[-1]
    kept = book.lake.scan("bronze/features_financials", [month]).collect().clear()
    book.lake.write("bronze/features_financials", kept, [month])


def _unread(book: BookFolders) -> None:
    shutil.rmtree(book.layout.table("bronze/features_attributes"))


def _lost(book: BookFolders) -> None:
    month = book.lake.months("silver/loan_snapshots")[-1]
    kept = book.lake.scan("silver/loan_snapshots", [month]).collect()[3:]
    book.lake.write("silver/loan_snapshots", kept, [month])


def _set_aside(book: BookFolders) -> None:
    month = book.lake.months("quarantine/loan_snapshots")[-1]
    rows = book.lake.scan("bronze/lms_loan_daily", [month]).collect().head(60)
    made = rows.select(
        "snapshot_month", "source_file", "source_line", rule=pl.lit("x"), reason=pl.lit("y"), raw_text=pl.lit("{}")
    )
    schema = book.layout.tables["quarantine/loan_snapshots"]
    book.lake.write("quarantine/loan_snapshots", made.select(schema.column_names()), [month])


def _uncovered(book: BookFolders) -> None:
    month = book.lake.months("gold/feature_store")[-1]
    known = book.lake.scan("gold/feature_store", [month]).collect()
    book.lake.write("gold/feature_store", known.with_columns(has_financials=pl.lit(value=False)), [month])


LOOKS: dict[str, tuple[Callable[[BookFolders], None], Callable[[BookFolders], DoctorFinding], str]] = {
    "a source gone dark": (
        _without_rows,
        lambda book: content.check_sources(book.lake, book.settings().policy),
        "no row of features_financials in 2024-08",
    ),
    "a source that could not be read": (
        _unread,
        lambda book: content.check_sources(book.lake, book.settings().policy),
        "no row of features_attributes in 2023-01",
    ),
    "rows lost": (_lost, lambda book: content.check_balance(book.lake), "loan_snapshots 2024-08: 3 missing"),
    "rows set aside": (_set_aside, lambda book: content.check_set_aside(book.lake), "loan_snapshots"),
    "no coverage": (_uncovered, lambda book: content.check_coverage(book.lake), "known to financials"),
}


@case(
    "E8",
    given="a source gone dark, loans without a source, rows set aside or lost in a book that is built",
    right="doctor names the source or table, the month and the share",
)
@pytest.mark.parametrize("name", LOOKS)
def test_doctor_finds_what_is_wrong_in_the_rows(book_copy: BookFolders, name: str) -> None:
    spoil, look, said = LOOKS[name]
    assert look(book_copy).level == "ok", look(book_copy)
    spoil(book_copy)
    found = look(book_copy)
    assert found.level in {"warning", "error"}
    assert said in found.found
    assert found.mend


def test_layouts_of_one_folder_are_equal_however_it_is_called(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    assert Layout.of(folder, folder / "raw", LOANS).table(TABLE) == folder / TABLE
