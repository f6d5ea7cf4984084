from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from credit_platform.errors import SourceError
from credit_platform.lake.raw.column_map import column_map
from credit_platform.lake.raw.deliveries import Reception
from credit_platform.lake.raw.sources import RawSource, read_delivery, read_source, source_months
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.data_quality import SourceGatePolicy
from credit_platform.policy.source_policy import FileForm
from credit_platform.schemas.source_cells import SourceCells

CELLS = SourceCells(("id",), numbers=("amount",), dates=("start",))
COLUMNS = ("id", "amount", "start", "note", "snapshot_date")
JANUARY, FEBRUARY = date(2023, 1, 1), date(2023, 2, 1)
MAP = {"id": "NO", "amount": "AMT", "start": "BEGIN", "note": None, "snapshot_date": "PERIOD"}


def source_of(*, has_personal_data: bool = False, **form: object) -> RawSource:
    by = column_map(
        COLUMNS,
        CELLS,
        FileForm.model_validate({"files": "tape*", "columns": MAP, "date_format": "%m%Y"} | form),
        has_personal_data=has_personal_data,
    )
    return RawSource("lms_loan_daily", COLUMNS, CELLS, required=True, read_by=by)


def deliver(lake: Lake, *lines: str, header: str = "NO,AMT,BEGIN,PERIOD,EXTRA", name: str = "tape.csv") -> Path:
    file = lake.layout.raw_dir / name
    file.write_text("".join(f"{line}\n" for line in (header, *lines) if line), encoding="utf-8")
    return file


def refusal(lake: Lake, source: RawSource) -> str:
    with pytest.raises(SourceError) as refused:
        read_source(lake.layout, source, [JANUARY])
    return str(refused.value)


def test_a_foreign_file_reads_as_if_it_had_the_contract_s_columns(lake: Lake) -> None:
    deliver(lake, "1,2.5,122022,012023,x", "2,3,122022,022023,x")
    rows = read_source(lake.layout, source_of(), [JANUARY, FEBRUARY])
    assert rows.columns == [*COLUMNS, "snapshot_month", "source_file", "source_line"]
    assert rows.rows() == [
        ("1", "2.5", "2022-12-01", None, "2023-01-01", JANUARY, "tape.csv", 2),
        ("2", "3", "2022-12-01", None, "2023-02-01", FEBRUARY, "tape.csv", 3),
    ]
    assert source_months(lake.layout, source_of()) == [JANUARY, FEBRUARY]
    assert read_delivery(lake.layout, source_of(), [JANUARY]).ignored == {"tape.csv": 1}


@pytest.mark.parametrize(
    ("form", "written", "expected"),
    [
        ({"decimal": ","}, "2,5", "2.5"),
        ({"decimal": ","}, "-,5", "-.5"),
        ({"decimal": ","}, "2.5", "2.5 (decimal sign ,)"),
        ({"decimal": ",", "thousands": "."}, "1.234.567,8", "1234567.8"),
        ({"decimal": ",", "thousands": "."}, "1.5", "1.5 (decimal sign ,)"),
        ({"decimal": ",", "thousands": "."}, "1.234", "1234"),
        ({"thousands": ","}, "1,234.5", "1234.5"),
        ({"thousands": ","}, "12,34", "12,34"),
        ({"thousands": " "}, "1\u00a0234 567", "1234567"),
        ({"thousands": "'"}, "1\u2019234.5", "1234.5"),
        ({"units": ["$", "months"]}, " 36 months", "36"),
        ({"units": ["$"]}, "-$5.10", "-5.10"),
        ({"units": ["%"]}, "n/a", "n/a"),
        ({"decimal": ","}, "1e3", "1e3"),
        ({"decimal": ","}, "40_", "40_"),
        ({"decimal": ","}, None, None),
        ({}, "2.5", "2.5"),
    ],
)
def test_a_number_is_read_by_the_lender_s_signs_or_not_at_all(
    lake: Lake, form: dict[str, Any], written: str | None, expected: str | None
) -> None:
    deliver(lake, f"1,{'' if written is None else chr(34) + written + chr(34)},122022,012023,x")
    assert read_source(lake.layout, source_of(**form), [JANUARY])["amount"].to_list() == [expected]


@pytest.mark.parametrize(
    ("form", "written", "expected"),
    [
        ("%d.%m.%Y", "31.12.2022", "2022-12-31"),
        ("%m/%d/%Y", "1/2/2023", "2023-01-02"),
        ("%m/%d/%Y", "1/2/23", "1/2/23 (not %m/%d/%Y)"),
        ("%m/%d/%Y", "2022-12-31", "2022-12-31 (not %m/%d/%Y)"),
        ("%b-%Y", "Dec-2022", "2022-12-01"),
        ("%b-%Y", "Foo-2022", "Foo-2022 (not %b-%Y)"),
        ("%d.%m.%Y", "30.2.2023", "2023-02-30"),
        ("%d.%m.%Y", "01.01.0000", "0000-01-01"),
        ("%m%Y", "132022", "2022-13-01"),
        ("%b-%Y", "unknown", "unknown"),
        ("%Y%m%d", "00000000", "0000-00-00"),
        ("%d/%m/%y", "1/2/23", "2023-02-01"),
    ],
)
def test_a_date_is_read_by_the_lender_s_form_or_not_at_all(lake: Lake, form: str, written: str, expected: str) -> None:
    deliver(lake, f'1,2,"{written}",012023,x')
    source = source_of(date_format={"start": form, "snapshot_date": "%m%Y"})
    assert read_source(lake.layout, source, [JANUARY])["start"].to_list() == [expected]


@pytest.mark.parametrize(
    ("header", "is_personal", "says"),
    [
        ("NUMBER,AMT,BEGIN,PERIOD,NOTE", False, "column NO (id) is missing; nearest to NO in the header: NOTE"),
        ("NBR,AMT,BEGIN,PERIODE,E", False, "column NO (id), PERIOD (snapshot_date) is missing; no name"),
        ("NO,AMT,BEGIN,PERIODE,E", False, "nearest to PERIOD in the header: PERIODE"),
        ("NO,AMT,BEGIN,PERIODE,E", True, "nearest to PERIOD in the header: column 4."),
        ("NO,AMT,BEGIN,PERIOD,AMT", False, "column AMT (amount) appears more than once"),
        ("7,Ada Lovelace,913-74-1218,122022,x", False, "none of the mapped columns is in its first line, which has 5"),
        ("NO;AMT;BEGIN;PERIOD;E", False, "The header is separated by ';', not by ','"),
    ],
)
def test_a_header_that_the_map_is_not_for_is_refused(lake: Lake, header: str, says: str, *, is_personal: bool) -> None:
    deliver(lake, "1,2,122022,012023,x", header=header)
    said = refusal(lake, source_of(has_personal_data=is_personal))
    assert says in said
    assert "sources.lms_loan_daily in model_config.yaml" in said
    assert "Ada" not in said
    assert "PERIODE" not in said or not is_personal


def test_columns_of_no_use_may_have_any_name_even_ours_and_twice(lake: Lake) -> None:
    deliver(lake, "a,b,c,1,2,122022,012023,d", header="source_line,X,X,NO,AMT,BEGIN,PERIOD,amount")
    row = read_source(lake.layout, source_of(), [JANUARY]).row(0, named=True)
    assert (row["id"], row["amount"], row["source_line"]) == ("1", "2", 2)


def test_a_file_without_a_header_is_read_by_position(lake: Lake) -> None:
    places = {"id": 1, "amount": 2, "start": 3, "note": None, "snapshot_date": 4}
    source = source_of(columns=places, has_header=False, delimiter="|")
    deliver(lake, "1|2|122022|012023|x", "2|3|122022|012023|x", header="")
    assert read_source(lake.layout, source, [JANUARY])["source_line"].to_list() == [1, 2]
    deliver(lake, "1|2|122022|012023|x", "2|3|122022", header="")
    assert "tape.csv, line 2: 3 cells where the header has 5" in refusal(lake, source)
    deliver(lake, "1|2|122022", header="")
    assert "column 4 (snapshot_date) is missing" in refusal(lake, source)


def test_messages_about_cells_name_the_lender_s_column_and_form(lake: Lake) -> None:
    deliver(lake, "1,2,122022,012023,x", "1,2,122022,2023-01-01,x")
    said = refusal(lake, source_of())
    assert "tape.csv, line 3: PERIOD (snapshot_date)" in said
    assert "Write every PERIOD (snapshot_date) as %m%Y" in said
    deliver(lake, "1,2,122022,012023,x", "NO,AMT,BEGIN,PERIOD,EXTRA")
    assert "line 3: the header is repeated" in refusal(lake, source_of())


def test_another_encoding_and_delimiter_are_read_and_a_wrong_byte_has_its_line(lake: Lake) -> None:
    source = source_of(columns=MAP | {"note": "EXTRA"}, encoding="cp1252", delimiter=";")
    file = deliver(lake)
    file.write_bytes('NO;AMT;BEGIN;PERIOD;EXTRA\n1;2;122022;012023;"Größe; 1"\n'.encode("cp1252"))
    assert read_source(lake.layout, source, [JANUARY])["note"].to_list() == ["Größe; 1"]
    file.write_bytes(b"NO;AMT;BEGIN;PERIOD;EXTRA\n1;2;122022;012023;\x81\n")
    assert "tape.csv, line 2: a byte that is not cp1252" in refusal(lake, source)
    utf16 = source_of(encoding="utf-16")
    file.write_bytes("NO,AMT,BEGIN,PERIOD,EXTRA\n1,2,122022,012023,x\n".encode("utf-16"))
    assert read_source(lake.layout, utf16, [JANUARY]).height == 1


def test_typed_parquet_columns_need_no_form(lake: Lake) -> None:
    frame = pl.DataFrame(
        {
            "NO": pl.Series(["1"], dtype=pl.Categorical()),
            "AMT": [1234.5],
            "BEGIN": [date(2022, 12, 31)],
            "PERIOD": [20230105],
            "EXTRA": [[1]],
        }
    )
    frame.write_parquet(lake.layout.raw_dir / "tape.parquet")
    source = source_of(decimal=",", thousands=".", date_format={"start": "%d.%m.%Y", "snapshot_date": "%Y%m%d"})
    row = read_source(lake.layout, source, [JANUARY]).row(0, named=True)
    assert (row["id"], row["amount"], row["start"]) == ("1", "1234.5", "2022-12-31")
    assert (row["snapshot_date"], row["source_line"]) == ("2023-01-05", 1)


def test_a_file_of_a_pattern_that_cannot_be_read_spoils_the_month_it_is_named_for(lake: Lake) -> None:
    deliver(lake, "1,2,122022,012023,x", name="tape_2023_01.txt")
    deliver(lake, header="rubbish", name="tape_2023_02.txt")
    delivery = read_delivery(lake.layout, source_of(files="tape_*.txt"), [JANUARY, FEBRUARY])
    assert list(delivery.unreadable) == [FEBRUARY]
    assert delivery.rows.height == 1


def test_a_changed_map_is_another_reading_of_the_same_bytes(lake: Lake) -> None:
    deliver(lake, "1,2.0,122022,012023,3.0")
    read: list[tuple[str, str]] = []
    for source in (source_of(), source_of(columns=MAP | {"amount": "EXTRA"}), source_of()):
        received = Reception(lake, source, SourceGatePolicy(), JANUARY, FEBRUARY, False, "run").receive([JANUARY])  # noqa: FBT003
        known = pl.read_parquet(lake.layout.known_files(source.name))["sha256"].item()
        read.append((received.receipts[0].content_sha256, known))
    first, second, again = read
    assert first == again
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_an_optional_source_that_was_never_delivered_is_empty(lake: Lake) -> None:
    optional = replace(source_of(), required=False)
    assert read_source(lake.layout, optional, [JANUARY]).height == 0
    assert "no file tape*" in refusal(lake, source_of())
