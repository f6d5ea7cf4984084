from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.errors import SourceError
from credit_platform.lake.raw.sources import RawSource, read_source, source_files, source_months
from credit_platform.lake.tables.monthly import Lake
from credit_platform.schemas.source_cells import SourceCells

SOURCE = RawSource("lms_loan_daily", ("id", "note", "snapshot_date"), SourceCells(("id",)), required=True)
OPTIONAL = RawSource("lms_loan_daily", SOURCE.columns, SOURCE.cells, required=False)
JANUARY, FEBRUARY, MARCH = date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1)
LINEAGE = ["snapshot_month", "source_file", "source_line"]


def deliver(lake: Lake, *lines: str, name: str = "lms_loan_daily.csv", header: str = "id,note,snapshot_date") -> Path:
    file = lake.layout.raw_dir / name
    file.write_text("\n".join([header, *lines]) + "\n")
    return file


def as_parquet(file: Path, target: str) -> None:
    pl.read_csv(file, infer_schema=False).write_parquet(file.with_name(target))
    file.unlink()


def test_a_row_keeps_its_text_and_gains_month_file_and_line(lake: Lake) -> None:
    deliver(lake, "01, x ,2023-01-01", ",,2023-02-01")
    rows = read_source(lake.layout, SOURCE, [JANUARY, FEBRUARY])
    assert rows.columns == [*SOURCE.columns, *LINEAGE]
    assert rows.rows() == [
        ("01", " x ", "2023-01-01", JANUARY, "lms_loan_daily.csv", 2),
        (None, None, "2023-02-01", FEBRUARY, "lms_loan_daily.csv", 3),
    ]


def test_only_the_months_asked_for_are_returned(lake: Lake) -> None:
    deliver(lake, "a,x,2023-01-01", "b,x,2023-02-01")
    assert read_source(lake.layout, SOURCE, [FEBRUARY])["id"].to_list() == ["b"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_one_file_per_month_reads_like_one_file(lake: Lake, suffix: str) -> None:
    for n, month in enumerate((JANUARY, FEBRUARY)):
        file = deliver(lake, f"{n},x,{month}", name=f"lms_loan_daily_{month:%Y_%m}.csv")
        if suffix == "parquet":
            as_parquet(file, f"lms_loan_daily_{month:%Y_%m}.parquet")
    rows = read_source(lake.layout, SOURCE, [JANUARY, FEBRUARY])
    assert rows["id"].to_list() == ["0", "1"]
    assert rows["source_file"].to_list() == [f"lms_loan_daily_2023_0{n}.{suffix}" for n in (1, 2)]
    assert source_months(lake.layout, SOURCE) == [JANUARY, FEBRUARY]


def test_typed_parquet_cells_become_text_and_lines_count_rows_from_one(lake: Lake) -> None:
    frame = pl.DataFrame({"id": [1, 2], "note": [0.5, None], "snapshot_date": [JANUARY, FEBRUARY]})
    frame.write_parquet(lake.layout.raw_dir / "lms_loan_daily.parquet")
    rows = read_source(lake.layout, SOURCE, [JANUARY, FEBRUARY])
    assert rows.select("id", "note", "snapshot_date", "source_line").rows() == [
        ("1", "0.5", "2023-01-01", 1),
        ("2", None, "2023-02-01", 2),
    ]


def test_day_first_dates_are_read_as_such_and_left_as_written(lake: Lake) -> None:
    deliver(lake, "a,x,1/1/23", "b,x,01/02/23")
    rows = read_source(lake.layout, SOURCE, [JANUARY, FEBRUARY])
    assert rows["snapshot_month"].to_list() == [JANUARY, FEBRUARY]
    assert rows["snapshot_date"].to_list() == ["1/1/23", "01/02/23"]


def test_a_day_above_twelve_settles_the_order_of_slashed_dates(lake: Lake) -> None:
    deliver(lake, "a,x,15/1/23", "b,x,15/2/23")
    assert source_months(lake.layout, SOURCE) == [JANUARY, FEBRUARY]


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (("2023-01-01", "1/2/23"), r"line 3: snapshot_date '1/2/23' is not written as the file's other dates"),
        (("1/1/23", "2023-02-01"), r"line 2: snapshot_date '1/1/23' is not written"),
        (("2/1/23", "3/1/23"), r"read both as day/month and as month/day"),
        (("2023-01-01", ""), r"line 3: snapshot_date None is not written"),
        (("2023-01-01", "2023-02-30"), r"line 3: snapshot_date '2023-02-30' is no date"),
        (("soon", "later"), r"line 2: snapshot_date 'soon' is not written"),
    ],
    ids=["mixed", "mixed the other way", "ambiguous", "empty", "no day of the calendar", "no date at all"],
)
def test_dates_that_cannot_be_told_for_sure_are_refused(lake: Lake, dates: tuple[str, str], said: str) -> None:
    deliver(lake, *(f"a,x,{text}" for text in dates))
    with pytest.raises(SourceError, match=said):
        read_source(lake.layout, SOURCE, [JANUARY])


def test_files_of_one_source_may_write_dates_differently(lake: Lake) -> None:
    deliver(lake, "a,x,2023-01-01", name="lms_loan_daily_1.csv")
    deliver(lake, "b,x,1/2/23", name="lms_loan_daily_2.csv")
    assert source_months(lake.layout, SOURCE) == [JANUARY, FEBRUARY]


def test_a_missing_file_is_named_with_its_folder(lake: Lake) -> None:
    (lake.layout.raw_dir / "lms_loan_daily.txt").touch()
    with pytest.raises(
        SourceError, match=r"no file lms_loan_daily\*\.csv or lms_loan_daily\*\.csv\.gz or lms_loan_daily\*\.parquet"
    ) as error:
        source_files(lake.layout, SOURCE)
    assert error.value.culprit == str(lake.layout.raw_dir)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,remark,snapshot_date", "column note is missing and unknown column remark"),
        ("id,snapshot_date,extra", "column note is missing and unknown column extra"),
    ],
)
def test_missing_and_unknown_columns_are_named(lake: Lake, header: str, said: str) -> None:
    deliver(lake, "a,b,c", header=header)
    with pytest.raises(SourceError, match=rf"lms_loan_daily\.csv: {said}"):
        read_source(lake.layout, SOURCE, [JANUARY])


def test_a_month_without_rows_in_a_required_source_is_an_error_that_names_it(lake: Lake) -> None:
    deliver(lake, "a,x,2023-01-01")
    with pytest.raises(SourceError, match=r"2023-02, 2023-03: no row has a snapshot date in this month"):
        read_source(lake.layout, SOURCE, [JANUARY, FEBRUARY, MARCH])


def test_a_month_without_rows_in_an_optional_source_is_empty(lake: Lake) -> None:
    deliver(lake, "a,x,2023-01-01")
    assert read_source(lake.layout, OPTIONAL, [FEBRUARY]).height == 0
    assert read_source(lake.layout, OPTIONAL, [JANUARY, FEBRUARY]).height == 1


@pytest.mark.parametrize("name", ["lms_loan_daily.csv", "lms_loan_daily.parquet"])
def test_a_file_that_cannot_be_read_is_named(lake: Lake, name: str) -> None:
    (lake.layout.raw_dir / name).write_bytes(b"\x00\xff\xfe" * 7 if name.endswith("parquet") else b"")
    with pytest.raises(SourceError, match=rf"{name}: not a readable"):
        read_source(lake.layout, SOURCE, [JANUARY])


def test_line_breaks_in_quoted_cells_move_the_lines_after_them(lake: Lake) -> None:
    deliver(lake, 'a,"two\nlines",2023-01-01', "b,x,2023-01-01", 'c,"and\n\nthree",2023-01-01', "d,x,2023-01-01")
    rows = read_source(lake.layout, SOURCE, [JANUARY])
    assert rows["source_line"].to_list() == [2, 4, 5, 8]
    assert rows["note"][0] == "two\nlines"


def test_the_last_line_needs_no_line_break(lake: Lake) -> None:
    file = deliver(lake, "a,x,2023-01-01", "b,x,2023-01-01")
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    assert read_source(lake.layout, SOURCE, [JANUARY])["source_line"].to_list() == [2, 3]


def test_the_ledger_records_path_hash_rows_and_months_of_every_file(lake: Lake) -> None:
    first = deliver(lake, "a,x,2023-01-01", "b,x,2023-01-01", "c,x,2023-02-01", name="lms_loan_daily_1.csv")
    second = deliver(lake, "d,x,2023-03-01", name="lms_loan_daily_2.csv")
    read_source(lake.layout, SOURCE, [JANUARY])
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (first, first, second)]
    assert pl.read_parquet(lake.layout.known_files("lms_loan_daily")).rows() == [
        (str(first), digests[0], 3, JANUARY, 2),
        (str(first), digests[1], 3, FEBRUARY, 1),
        (str(second), digests[2], 1, MARCH, 1),
    ]


def test_every_cell_equals_what_the_csv_module_reads(lake: Lake) -> None:
    cells = ['"quoted, comma"', '"say ""hi"""', "  spaced  ", "NaN", "null", "1e5", "-0.0", "_", "Zürich", "!@9#%8", ""]
    file = deliver(lake, *(f"{n},{cell},2023-01-01" for n, cell in enumerate(cells)))
    rows = read_source(lake.layout, SOURCE, [JANUARY])
    with file.open(newline="", encoding="utf-8") as stream:
        expected = [[cell or None for cell in row.values()] for row in csv.DictReader(stream)]
    assert [list(row) for row in rows.select(SOURCE.columns).iter_rows()] == expected
