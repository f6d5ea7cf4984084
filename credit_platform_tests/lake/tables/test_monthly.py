from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest

from credit_platform.errors import MissingMonthsError, TableError
from credit_platform.lake.tables.catalog import refresh_datamart
from credit_platform.lake.tables.monthly import Lake, StrayFileWarning, parquet_bytes

TABLE = "gold/label_store"
MONTHS = [date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1)]


def rows(*months: date) -> pl.DataFrame:
    return pl.DataFrame(
        {"snapshot_month": months, "n": range(len(months))}, schema={"snapshot_month": pl.Date, "n": pl.Int64}
    )


def test_every_month_asked_for_is_written_and_empty_where_the_frame_has_no_row(lake: Lake) -> None:
    counts = lake.write(TABLE, rows(MONTHS[0], MONTHS[0], MONTHS[2]), MONTHS)
    assert counts == {MONTHS[0]: 2, MONTHS[1]: 0, MONTHS[2]: 1}
    assert lake.months(TABLE) == MONTHS
    empty = lake.scan(TABLE, [MONTHS[1]]).collect()
    assert empty.height == 0
    assert empty.schema == rows().schema


def test_a_month_is_one_file_named_by_its_first_day(lake: Lake) -> None:
    lake.write(TABLE, rows(MONTHS[0]), MONTHS[:1])
    assert (lake.layout.data_dir / "gold" / "label_store" / "2023-01-01.parquet").is_file()
    assert lake.has(TABLE, MONTHS[0])
    assert not lake.has(TABLE, MONTHS[1])


def test_months_are_read_in_the_order_given(lake: Lake) -> None:
    lake.write(TABLE, rows(*MONTHS), MONTHS)
    read = lake.scan(TABLE, [MONTHS[2], MONTHS[0]]).collect()
    assert read["snapshot_month"].to_list() == [MONTHS[2], MONTHS[0]]


def test_a_missing_month_is_named_with_its_table(lake: Lake) -> None:
    lake.write(TABLE, rows(MONTHS[0]), MONTHS[:1])
    with pytest.raises(MissingMonthsError, match=r"gold/label_store has no file for 2023-02, 2023-03\.") as error:
        lake.scan(TABLE, MONTHS)
    assert error.value.months == tuple(MONTHS[1:])


def test_reading_no_month_at_all_is_an_error(lake: Lake) -> None:
    with pytest.raises(MissingMonthsError, match="no file for any month"):
        lake.scan(TABLE, [])


def test_only_required_months_must_be_there_in_a_history(lake: Lake) -> None:
    lake.write(TABLE, rows(MONTHS[0], MONTHS[2]), [MONTHS[0], MONTHS[2]])
    known = lake.scan_known(TABLE, MONTHS, required=[MONTHS[2]]).collect()
    assert known["snapshot_month"].to_list() == [MONTHS[0], MONTHS[2]]
    with pytest.raises(MissingMonthsError, match="2023-02"):
        lake.scan_known(TABLE, MONTHS, required=[MONTHS[1]])


@pytest.mark.parametrize("stranger", [MONTHS[2], None])
def test_rows_of_a_month_not_asked_for_are_refused_before_anything_is_written(
    lake: Lake, stranger: date | None
) -> None:
    frame = pl.DataFrame({"snapshot_month": [MONTHS[0], stranger]}, schema={"snapshot_month": pl.Date})
    with pytest.raises(TableError, match="rows of months that this run does not write"):
        lake.write(TABLE, frame, MONTHS[:2])
    assert lake.months(TABLE) == []


def test_the_same_rows_give_the_same_bytes_and_a_month_written_again_is_replaced(lake: Lake) -> None:
    file = lake.layout.month_file(TABLE, MONTHS[0])
    lake.write(TABLE, rows(MONTHS[0]), MONTHS[:1])
    first = file.read_bytes()
    lake.write(TABLE, rows(MONTHS[0], MONTHS[0]), MONTHS[:1])
    assert file.read_bytes() != first
    lake.write(TABLE, rows(MONTHS[0]), MONTHS[:1])
    assert file.read_bytes() == first


def test_leftover_parts_and_strange_files_are_no_months(lake: Lake) -> None:
    lake.write(TABLE, rows(MONTHS[0]), MONTHS[:1])
    for name in (".2023-02-01.parquet.abc.part", "notes.parquet", "2023-02-15.parquet", "2023-03-01.csv"):
        (lake.layout.table(TABLE) / name).write_bytes(b"half")
    with pytest.warns(StrayFileWarning, match="gold/label_store: .* is no month of the table and is not read"):
        assert lake.months(TABLE) == MONTHS[:1]


def test_a_new_month_is_seen_in_the_datamart_without_a_refresh(lake: Lake) -> None:
    lake.write(TABLE, rows(MONTHS[0]), MONTHS[:1])
    refresh_datamart(lake.layout)
    lake.write(TABLE, rows(MONTHS[1]), MONTHS[1:2])
    with duckdb.connect(str(lake.layout.datamart), read_only=True) as connection:
        assert connection.sql("select count(*) from gold.label_store").fetchall() == [(2,)]


def test_a_small_frame_as_bytes_reads_back(lake: Lake) -> None:
    file = lake.layout.raw_dir / "x.parquet"
    file.write_bytes(parquet_bytes(rows(*MONTHS)))
    assert pl.read_parquet(file).equals(rows(*MONTHS))
