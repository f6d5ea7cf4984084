"""A file read in parts gives the rows, the lines and the faults that reading it whole gives."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from credit_platform.errors import SourceError
from credit_platform.lake.raw import raw_file as module
from credit_platform.lake.raw.column_map import CONTRACT, ColumnMap
from credit_platform.lake.raw.csv_text import has_plain_quotes
from credit_platform.lake.raw.raw_file import RawFile, ReadWhole, file_content
from credit_platform.lake.raw.readers import RawTable, kept_of_parts, read_parts, read_table

COLUMNS = ("a", "b")
_CELLS = st.sampled_from(("", "1", "22", "x y", '"q"', '"c,d"', '"l\nm"', '"say ""so"""', "é", 'st"ray', '"open', "\r"))
_LINES = st.one_of(st.tuples(_CELLS, _CELLS).map(",".join), st.sampled_from(("", "alone", "1,2,3", "a,b")))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few lines."""
    monkeypatch.setattr(module, "PART_BYTES", 24)


def whole(file: Path, by: ColumnMap = CONTRACT) -> RawTable:
    return read_table("source", COLUMNS, file, file_content("source", file), by)


def in_parts(file: Path, by: ColumnMap = CONTRACT) -> tuple[pl.DataFrame, int]:
    raw = RawFile("source", file)
    read = kept_of_parts(read_parts(raw, COLUMNS, by), lambda: whole(file, by), lambda part: part.rows)
    return pl.concat(read), len(read)


def outcome(read: Callable[[], tuple[pl.DataFrame, int]]) -> tuple[pl.DataFrame, int] | str:
    """The rows and how many parts there were, or why the file is refused."""
    try:
        return read()
    except SourceError as error:
        return str(error)


def same(file: Path, by: ColumnMap = CONTRACT) -> int:
    """Compare both ways; how many parts there were, 0 of a file that is refused."""
    expected, found = outcome(lambda: (whole(file, by).rows, 1)), outcome(lambda: in_parts(file, by))
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
        return 0
    assert_frame_equal(found[0], expected[0])
    return found[1]


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINES, max_size=12), st.sampled_from(("\n", "\r\n")), st.sampled_from(("", "end")))
@example(['a",b', '"c', 'd",e', "1,2"], "\n", "end")
@example(['a",b', 'e,"c', 'd,x"', "1,2"], "\n", "end")
@example(["1,2", "", "", "3,4", ""], "\n", "end")
def test_any_text(tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str, last: str) -> None:
    file = tmp_path_factory.mktemp("file") / "source.csv"
    text = end.join(["a,b", *lines]) + (end if last else "")
    file.write_bytes(text.encode())
    same(file)


def test_parts_are_read_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "source.csv"
    file.write_text("a,b\n" + "".join(f'{n},"l\n{n} m"\n' for n in range(50)))
    assert same(file) >= 10
    file.with_suffix(".csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert same(file.with_suffix(".csv.gz")) >= 10
    file.write_text("\ufeffa,b\n" + "".join(f"{n},é\n" for n in range(50)), encoding="utf-8")
    assert same(file) >= 10


def test_a_lender_s_form_is_read_in_parts(tmp_path: Path) -> None:
    file = tmp_path / "source.csv"
    file.write_bytes("".join(f"{n};ü\n" for n in range(50)).encode("cp1252"))
    names = {"a": "column 1", "b": "column 2"}
    assert same(file, ColumnMap(names=names, has_header=False, encoding="cp1252", delimiter=";")) >= 10


@pytest.mark.parametrize("fault", [b"1,2,3\n", b"1,\xff\n", b"1,\0\n", b'1,"open\n', b"1\n"])
def test_a_fault_late_in_a_file_is_told_with_its_line(tmp_path: Path, fault: bytes) -> None:
    file = tmp_path / "source.csv"
    file.write_bytes(b"a,b\n" + b"1,2\n" * 50 + fault + b"1,2\n" * 50)
    with pytest.raises(SourceError, match="line 52"):
        in_parts(file)
    assert same(file) == 0


def test_a_packed_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "source.csv.gz"
    file.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 500)[:-20])
    assert same(file) == 0


def test_a_file_that_grows_meanwhile_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "source.csv"
    file.write_text("a,b\n" + "1,2\n" * 50)
    raw = RawFile("source", file)
    parts = read_parts(raw, COLUMNS, CONTRACT)
    next(parts)
    with file.open("a") as stream:
        stream.write("1,2\n")
    with pytest.raises(SourceError, match="changed while it was read"):
        list(parts)


def test_a_line_without_an_end_is_left_to_reading_the_whole(tmp_path: Path) -> None:
    file = tmp_path / "source.csv"
    file.write_text("a,b\n" + '1,"' + "x" * 500 + '"\n')
    with pytest.raises(ReadWhole):
        list(RawFile("source", file).texts("utf-8"))
    assert same(file) == 1


@pytest.mark.parametrize("text", ['a,"b"\n', 'a,"b""c"\n', 'a,"",b\n'])
def test_quotes_at_the_edges_of_cells_are_plain(text: str) -> None:
    assert has_plain_quotes(text.encode(), ",")


@pytest.mark.parametrize("text", ['a",b"\n', 'a,"b" \n', '"a'])
def test_other_quotes_are_not(text: str) -> None:
    assert not has_plain_quotes(text.encode(), ",")
