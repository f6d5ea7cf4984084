"""The ways in which a cell is read, and that all give the same value."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from credit_platform.errors import SourceError
from credit_platform.lake.raw.readers import parse_file
from credit_platform.portfolios.loans.portfolio import LOANS as LOAN_BOOK
from credit_platform.schemas.cleaning.keys import PLACEHOLDERS
from credit_platform.schemas.cleaning.table_cleaning import clean_table
from credit_platform_tests.bad_inputs.delivery import (
    CLICKS,
    LOANS,
)
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.source_rows import bronze_rows

NUMBER_TEXTS = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.decimals(-(10**17), 10**17, places=2, allow_nan=False).map(str),
    st.sampled_from(["", " ", "_", "7_", " 7", "7 ", "+7", "1e3", "1E3", "1_000", "0x10", "07", "7.0", ".5", "5.",
                     "--5", "nan", "NaN", "inf", "-0", "-0.0", "1e400", "9007199254740993", "2147483648",
                     "-2147483648", "1000000000001", "999999999999", "\u0663", *PLACEHOLDERS]),
)  # fmt: skip


KEY_TEXTS = st.sampled_from(["CUS_0x1", " CUS_0x2", "a", "", "_", "NM", "CUS 0x3", "\u00a0CUS_0x4", "CUS_0x5\u200b"])


DATE_TEXTS = st.sampled_from(
    ["2023-01-01", " 2023-01-01", "1/1/23", "01/01/23", "2023-1-1", "0000-01-01", "2023-02-30", "", "10000-01-01"]
)


def _rows_of(source: str) -> st.SearchStrategy[list[dict[str, str | None]]]:
    known = LOAN_BOOK.source(source)
    cells = {
        column: st.one_of(NUMBER_TEXTS, st.none())
        if column in known.cells.numbers
        else st.one_of(DATE_TEXTS, st.none())
        if "date" in column
        else st.one_of(KEY_TEXTS, st.none())
        for column in known.columns
    }
    return st.lists(st.fixed_dictionaries({}, optional=cells), min_size=1, max_size=6)


@case(
    "D7",
    given="any text in any cell of a table that is read in a hurry",
    right="the same value, the same repairs and the same rows set aside as when it is read sign by sign",
)
@pytest.mark.parametrize("source", [LOANS, CLICKS])
def test_the_fast_and_the_slow_reading_of_cells_agree(source: str) -> None:
    table = LOAN_BOOK.source(source).cleaning
    assert table is not None
    assert table.plain_values
    slow = replace(table, plain_values=None)

    @settings(max_examples=100)
    @given(rows=_rows_of(source))
    def agree(rows: list[dict[str, str | None]]) -> None:
        bronze = bronze_rows(source, *rows)
        for one, other in zip(clean_table(bronze, table), clean_table(bronze, slow), strict=True):
            order = [name for name in ("source_line", "loan_id", "customer_id") if name in one.collect_schema()]
            assert_frame_equal(one.sort(order).collect(), other.sort(order).collect())

    agree()


CSV_CELLS = st.text(st.sampled_from('ab ,"\\\n\u00e9;_1'), max_size=6)


@settings(max_examples=200)
@given(rows=st.lists(st.tuples(CSV_CELLS, CSV_CELLS, CSV_CELLS), min_size=1, max_size=5))
@example(rows=[('say "hi"', "C:\\", "")])
def test_csv_text_gives_the_cells_that_pythons_own_reader_gives(rows: list[tuple[str, str, str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("x", "y", "z"), *rows])
    try:
        read = parse_file("t", ("x", "y", "z"), Path("t.csv"), out.getvalue().encode())
    except SourceError as error:
        # A cell with a line break and as many commas as a row has may have swallowed the next one.
        assert any("\n" in cell and cell.count(",") >= 2 for row in rows for cell in row), error  # noqa: PT017 - what was generated, not what was raised
        return
    found = [tuple(cell or "" for cell in row) for row in read.select("x", "y", "z").rows()]
    assert found == rows


@settings(max_examples=200)
@given(text=st.text(st.sampled_from('ab,"\\\n '), max_size=24))
@example(text='"5\\"",x\n"6\\"",y')
@example(text='a,"b "c" d"\n')
def test_text_that_is_accepted_is_read_as_pythons_own_strict_reader_reads_it(text: str) -> None:
    content = f"x,y\n{text}\n"
    try:
        read = parse_file("t", ("x", "y"), Path("t.csv"), content.encode())
    except SourceError:
        return
    strict = [row for row in csv.reader(io.StringIO(content, newline=""), strict=True) if row][1:]
    found = [[cell or "" for cell in row] for row in read.select("x", "y").rows()]
    assert found == strict


TYPED = {
    "whole numbers": pl.Series([1, -5, 2**53], dtype=pl.Int64),
    "small whole numbers": pl.Series([1, -5, 127], dtype=pl.Int8),
    "floats": pl.Series([0.1, 1e-7, 123456789.125], dtype=pl.Float64),
    "decimals": pl.Series([Decimal("1.10"), Decimal("-0.05"), Decimal("90000000000000.00")]),
}


@pytest.mark.parametrize("kind", TYPED)
def test_a_number_of_a_parquet_file_is_the_number_its_text_says(tmp_path: Path, kind: str) -> None:
    series = TYPED[kind].alias("x")
    buffer = io.BytesIO()
    series.to_frame().write_parquet(buffer)
    typed = parse_file("t", ("x",), tmp_path / "t.parquet", buffer.getvalue())
    written = "x\n" + "".join(f"{value}\n" for value in series.to_list())
    as_text = parse_file("t", ("x",), tmp_path / "t.csv", written.encode())
    assert typed["x"].cast(pl.Float64).to_list() == as_text["x"].cast(pl.Float64).to_list()
