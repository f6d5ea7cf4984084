from __future__ import annotations

import subprocess
import threading
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from credit_platform.lake.layout import MONTH_FILE
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.campaigns.book_under_attack import SPEC, AttackedBook
from credit_platform_tests.campaigns.data_folder import fingerprints
from credit_platform_tests.campaigns.readers import RestlessReader, rows_of_tables, rows_through_views

pytestmark = pytest.mark.slow

MONTHS = month_range(date(2023, 1, 1), date(2023, 3, 1))
# Apart from one another, so that every process also builds months another one is about to look back on.
TOGETHER = [add_months(SPEC.first_month, n) for n in (1, 3, 4, 6, 7, 9)]


@pytest.fixture(scope="module")
def one_after_the_other(attacked_book: AttackedBook) -> dict[str, str]:
    """What one process writes for all the months."""
    attacked_book.run("alone", "init")
    attacked_book.run("alone", "backfill", "--job", "build_month", "--to", f"{TOGETHER[-1]:%Y-%m}")
    return fingerprints(attacked_book.lake("alone").layout.data_dir)


def start_month(book: AttackedBook, name: str, month: date) -> subprocess.Popen[str]:
    key = f"{month:%Y-%m}"
    return book.start(name, "backfill", "--job", "build_month", "--from", key, "--to", key)


def test_six_processes_and_a_reader_on_one_empty_folder_end_as_one_process_does(
    attacked_book: AttackedBook, one_after_the_other: dict[str, str]
) -> None:
    attacked_book.run("crowd", "init")
    lake = attacked_book.lake("crowd")
    for state in ("empty", "finished"):
        reader = RestlessReader(lake)
        reader.start()
        processes = [start_month(attacked_book, "crowd", month) for month in TOGETHER]
        outputs = [process.communicate(timeout=600)[0] for process in processes]
        reader.finish()

        assert [process.returncode for process in processes] == [0] * len(TOGETHER), "\n".join(outputs)
        assert reader.failures == [], state
        assert reader.rounds > 0
        # A month is not there or is there whole: nobody ever saw fewer rows of it, nor more.
        assert reader.seen <= rows_of_tables(lake) | rows_through_views(lake.layout.datamart), state
        assert fingerprints(lake.layout.data_dir) == one_after_the_other, state


def test_months_started_one_shortly_after_the_other_never_miss_the_history_being_built(
    attacked_book: AttackedBook, one_after_the_other: dict[str, str]
) -> None:
    attacked_book.run("queue", "init")
    lake = attacked_book.lake("queue")
    processes = [start_month(attacked_book, "queue", TOGETHER[-1])]
    for month in TOGETHER[:-1]:
        # Spread over the life of the first, so that some look at its silver tables while they are being written.
        threading.Event().wait(1.5)
        processes.append(start_month(attacked_book, "queue", month))
    outputs = [process.communicate(timeout=600)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), "\n".join(outputs)
    assert fingerprints(lake.layout.data_dir) == one_after_the_other


def labels_of_size(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "snapshot_month": [month for month in MONTHS for _ in range(rows)],
            "size": pl.Series([rows] * rows * len(MONTHS), dtype=pl.Int64),
        }
    )


def test_a_reader_sees_the_old_month_or_the_new_one_or_is_refused_but_never_a_mixture(tmp_path: Path) -> None:
    """Both readers open a file twice, first for its footer; replaced in between by other rows, it is refused."""
    lake, table = Lake.at(tmp_path, portfolio=LOANS), "gold/label_store"
    versions = [labels_of_size(rows) for rows in (10, 200_000)]
    lake.write(table, versions[0], MONTHS)
    by_month = "select min(size), max(size), count(*) from read_parquet(?) group by snapshot_month"
    finished = threading.Event()

    def replace_again_and_again() -> None:
        for n in range(1, 120):
            lake.write(table, versions[n % 2], MONTHS)
        finished.set()

    writer = threading.Thread(target=replace_again_and_again, daemon=True)
    writer.start()
    seen: set[tuple[int, int, int]] = set()
    while not finished.is_set():
        with suppress(duckdb.Error), closing(duckdb.connect()) as connection:
            seen |= set(connection.execute(by_month, [str(lake.layout.table(table) / MONTH_FILE)]).fetchall())
        with suppress(pl.exceptions.PolarsError):
            size = pl.col("size")
            months = lake.scan(table, MONTHS).group_by("snapshot_month")
            summary = months.agg(size.min().alias("smallest"), size.max().alias("largest"), rows=pl.len())
            seen |= set(summary.select("smallest", "largest", "rows").collect().iter_rows())
    writer.join()
    assert {smallest for smallest, _, _ in seen} == {10, 200_000}
    assert all(smallest == largest == rows for smallest, largest, rows in seen)


def test_readers_are_not_disturbed_by_a_month_written_again_with_the_same_rows(tmp_path: Path) -> None:
    lake, table = Lake.at(tmp_path, portfolio=LOANS), "gold/label_store"
    lake.write(table, labels_of_size(1000), MONTHS)
    before = {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in lake.layout.table(table).iterdir()}
    lake.write(table, labels_of_size(1000), MONTHS)
    after = {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in lake.layout.table(table).iterdir()}
    assert len(after) == len(MONTHS)
    assert after == before
