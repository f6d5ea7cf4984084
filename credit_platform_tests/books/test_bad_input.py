"""What a bad file of any source of any book comes to: an error that names it, or rows set aside, and none lost."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import polars as pl
import pytest

from credit_platform.assets.tables.bronze import sources
from credit_platform.errors import SourceError
from credit_platform.lake.raw.sources import read_source, source_files
from credit_platform.months import month_range
from credit_platform.portfolios.named import portfolio_named
from credit_platform.portfolios.source import Source
from credit_platform_tests.small_book import BookFolders

KINDS = {"loans": "small_book", "home_credit": "small_home_credit", "churn": "small_churn"}
CASES = [(kind, source.name) for kind in KINDS for source in portfolio_named(kind).sources]
each_source = pytest.mark.parametrize(("kind", "name"), CASES)


@pytest.fixture
def own(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> BookFolders:
    """The raw files of a small book, to be changed."""
    book: BookFolders = request.getfixturevalue(KINDS[kind])
    return book.copy_raw_to(tmp_path)


def read(book: BookFolders, name: str) -> pl.DataFrame:
    raw = sources(book.kind, book.settings().policy.model, book.first)[name]
    return read_source(book.layout, raw, month_range(book.first, book.last))


def file_of(book: BookFolders, name: str) -> Path:
    return source_files(book.layout, sources(book.kind, book.settings().policy.model, book.first)[name])[-1]


def cleaned(book: BookFolders, source: Source, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    found = source.clean(rows.lazy(), book.settings().policy.model, {})
    kept, aside = pl.collect_all([found.rows, found.quarantined])
    return kept, aside


@each_source
def test_a_file_without_a_needed_column_is_named_with_the_column(own: BookFolders, name: str) -> None:
    source, file = own.kind.source(name), file_of(own, name)
    column = source.needed_columns[0]
    pl.read_csv(file, infer_schema=False).drop(column).write_csv(file)
    with pytest.raises(SourceError, match=f"{file.name}.*column {column} is missing"):
        read(own, name)


@each_source
def test_a_file_whose_quotes_do_not_close_is_named(own: BookFolders, name: str) -> None:
    file = file_of(own, name)
    text = file.read_text(encoding="utf-8").splitlines()
    text[2] = '"' + text[2]
    file.write_text("\n".join(text) + "\n", encoding="utf-8")
    with pytest.raises(SourceError, match=file.name):
        read(own, name)


@each_source
def test_a_packed_file_is_read_as_the_plain_one(own: BookFolders, name: str) -> None:
    file = file_of(own, name)
    before = read(own, name)
    packed = file.with_name(f"{file.name}.gz")
    with file.open("rb") as plain, gzip.open(packed, "wb") as part:
        shutil.copyfileobj(plain, part)
    file.unlink()
    assert read(own, name).drop("source_file").equals(before.drop("source_file"))


@each_source
def test_no_cell_that_is_spoilt_loses_a_row(own: BookFolders, name: str) -> None:
    """In each column one cell of text that means nothing: the row stays with the cell emptied, or is set aside."""
    source, rows = own.kind.source(name), read(own, name).head(400)
    at = pl.int_range(pl.len())
    spoilt = rows.with_columns(
        pl.when(at == place).then(pl.lit("~nonsense~")).otherwise(pl.col(column)).alias(column)
        for place, column in enumerate(source.columns)
    )
    kept, aside = cleaned(own, source, spoilt)
    same = spoilt.height - spoilt.unique(["snapshot_month", *source.columns]).height if source.cells.key else 0
    assert kept.height + aside.height + same == spoilt.height
    source.silver.validate(kept)


@each_source
def test_rows_that_contradict_each_other_are_set_aside_together(own: BookFolders, name: str) -> None:
    source, rows = own.kind.source(name), read(own, name).head(50)
    if not source.cells.key:
        twice = pl.concat([rows, rows])
        assert cleaned(own, source, twice)[0].height == twice.height  # each line is a row of its own
        return
    other = next(column for column in reversed(source.columns) if column not in source.cells.key)
    twin = rows.head(1).with_columns(pl.lit("7").alias(other), source_line=pl.lit(9_999, pl.Int64))
    kept, aside = cleaned(own, source, pl.concat([rows, twin]))
    before, _ = cleaned(own, source, rows)
    assert kept.height == before.height - 1
    assert aside.filter(rule="key_is_unique").height == 2 or aside.height >= 2
