"""Tables of two lives: schema, rows, and every cell, exactly.

Which files belong together is found in `pairing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from credit_platform_tests.campaigns.same_life.differences import Difference
from credit_platform_tests.campaigns.same_life.translation import Translation

_EXAMPLES = 3
_SOURCES = "sources/"


def compare_parquet(old: Path, new: Path, file: str, translation: Translation) -> tuple[int, list[Difference]]:
    """Rows of the new table, and how two files differ that are not the same bytes."""
    was, now = pl.read_parquet(old), pl.read_parquet(new)
    found = list(compare_frames(was, now, file, translation))
    if not found:
        metadata = [
            {key: value for key, value in pl.read_parquet_metadata(each).items() if key != "ARROW:schema"}
            for each in (old, new)
        ]
        if was.columns == now.columns and metadata[0] != metadata[1]:
            found = [Difference(file, "metadata of the file", examples=(f"{metadata[0]} -> {metadata[1]}",))]
        elif was.equals(now) and old.read_bytes() != new.read_bytes():
            found = [Difference(file, "bytes", examples=("the same rows and columns in other bytes",))]
    return now.height, found


def rows_of(file: Path) -> int:
    """Rows of a Parquet file; 0 of any other."""
    return pl.scan_parquet(file).select(pl.len()).collect().item() if file.suffix == ".parquet" else 0


def compare_csv(old: Path, new: Path, file: str, translation: Translation) -> tuple[int, list[Difference]]:
    """Rows of the new table, and how two CSV files differ."""
    was, now = (pl.read_csv(each, infer_schema=False) for each in (old, new))
    found = list(compare_frames(was, now, file, translation))
    if not found and was.equals(now) and old.read_bytes() != new.read_bytes():
        found = [Difference(file, "bytes", examples=("the same rows and columns in other bytes",))]
    return now.height, found


def compare_frames(old: pl.DataFrame, new: pl.DataFrame, file: str, translation: Translation) -> Iterator[Difference]:
    """Every difference of two tables that is not declared, by column."""
    there = set(new.columns)
    names = {column: translation.column(column, there, file) for column in old.columns}
    old = old.rename(names)
    for column in old.columns:
        if column not in there:
            yield Difference(file, column, examples=("the column is gone",))
    for column in new.columns:
        if column not in old.columns:
            yield Difference(file, column, examples=("the column is new",))
    shared = [column for column in new.columns if column in old.columns]
    if [column for column in old.columns if column in there] != shared:
        yield Difference(file, "order of columns", examples=(f"{old.columns} -> {new.columns}",))
    if old.height != new.height:
        yield Difference(file, "rows", abs(old.height - new.height), (f"{old.height} rows -> {new.height} rows",))
        return
    changed = [column for column in shared if not translation.declared.is_of_the_moment(file, column)]
    found = [each for column in changed for each in _compare_column(old[column], new[column], file, translation)]
    if found and _is_shuffled(old.select(changed), new.select(changed), file, translation):
        yield Difference(file, "order of rows", examples=("the same rows in another order",))
        return
    yield from found


def _compare_column(old: pl.Series, new: pl.Series, file: str, translation: Translation) -> Iterator[Difference]:
    if old.dtype != new.dtype:
        yield Difference(file, old.name, examples=(f"type {old.dtype} -> {new.dtype}",))
        return
    if _is_equal(old, new):
        return
    was, now = _translated(old, new, file, translation)
    differs = ~was.eq_missing(now)
    n = int(differs.sum())
    if n:
        rows = differs.arg_true().head(_EXAMPLES).to_list()
        yield Difference(file, old.name, n, tuple(f"row {row}: {was[row]!r} -> {now[row]!r}" for row in rows))


def _is_equal(old: pl.Series, new: pl.Series) -> bool:
    return bool(old.eq_missing(new).all())


def _translated(old: pl.Series, new: pl.Series, file: str, translation: Translation) -> tuple[pl.Series, pl.Series]:
    """Both columns as texts are compared: by the names of the new life, files of deliveries without their folder."""
    if old.dtype != pl.String:
        return old, new
    if file.startswith(_SOURCES) and old.name == "path":
        return old.str.split("/").list.last(), new.str.split("/").list.last()
    return _mapped(old, lambda text: translation.old(text, file)), _mapped(
        new, lambda text: translation.new(text, file)
    )


def _mapped(texts: pl.Series, said: Callable[[str], str]) -> pl.Series:
    known = texts.drop_nulls().unique().to_list()
    return texts.replace(known, [said(text) for text in known])


def _is_shuffled(old: pl.DataFrame, new: pl.DataFrame, file: str, translation: Translation) -> bool:
    """Whether two tables hold the same rows in another order."""
    pairs = [_translated(old[column], new[column], file, translation) for column in new.columns]
    was, now = (pl.DataFrame([pair[side] for pair in pairs]) for side in (0, 1))
    if was.schema != now.schema:
        return False
    was, now = (
        each.select(pl.concat_str(pl.all().map_batches(_as_text), separator="\x1f").alias("row")) for each in (was, now)
    )
    return was["row"].sort().equals(now["row"].sort())


def _as_text(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.List):
        column = column.cast(pl.List(pl.String)).list.join("\x1e")
    return column.cast(pl.String).fill_null("\x00")
