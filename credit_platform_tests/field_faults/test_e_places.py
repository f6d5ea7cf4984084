"""Folders of any name, altered and broken files, full disks, pipes, and policy no parser can bear.

What cannot be done on this machine, such as mounting a disk of one megabyte, is skipped.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
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
from credit_platform.cli.instance import open_instance
from credit_platform.errors import SourceError, TableError
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_file import file_content
from credit_platform.lake.tables.catalog import TableMonths, create_view, refresh_datamart
from credit_platform.lake.tables.monthly import Lake, StrayFileWarning
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import child_environment
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.places import MONTHS, ODD, TABLE, broken_link, labels, lake_at
from credit_platform_tests.small_book import FIRST_TRAINING, LAST, MODELS, BookFolders


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_at(tmp_path / "data")


NAMES = ["br[1]", "per%20cent", "a?b", "#1", "two words", "größe", "o'brien", 'say "x"', "a=b", "st*r", "{a,b}", "c:d",
         "back\\slash", "$HOME", "~", "-x", ODD]  # fmt: skip


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
    named = child_environment([odd_book.settings()], home)["DAGSTER_HOME"]
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


@pytest.mark.slow
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


@case(
    "E9",
    given="a pipe, a folder or a broken link under the name of a month among the months of a table",
    right="the stray is named, warned of and not read; nothing waits for it",
)
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, broken_link])
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


def test_layouts_of_one_folder_are_equal_however_it_is_called(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    assert Layout.of(folder, folder / "raw", LOANS).table(TABLE) == folder / TABLE
