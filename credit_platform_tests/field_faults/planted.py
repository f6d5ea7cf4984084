"""A person whose name and number stand in every row of a delivery, and where they must never be found again."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from credit_platform_tests.bad_inputs.delivery import ATTRIBUTES, by_bytes, by_rows, read_rows, write_rows

NAME, NUMBER = "Zyxwell Quorbleton", "987-65-4329"
# Without dashes the number may be cut at either end; digits that go on, or follow a point, are a float's.
_SIGNS = re.compile(rb"zyxwell|quorbleton|987-65-4329|(?<![\d.])9?8765432\d?(?!\d)", re.IGNORECASE)
# What a lender delivered stands there, for its owner's eyes.
_FOR_ITS_OWNER = frozenset({"bronze", "quarantine", "raw"})
Spoil = Callable[[Path], object]


def plant(file: Path) -> None:
    """Give every row the person's name and number."""
    header, *rows = read_rows(file)
    put = {header.index("Name"): NAME, header.index("SSN"): NUMBER} if "Name" in header else {}
    write_rows(file, [header, *([put.get(place, cell) for place, cell in enumerate(row)] for row in rows)])


def found_in(text: str | bytes) -> list[str]:
    """What of the person a text holds."""
    return sorted({match.decode() for match in _SIGNS.findall(text.encode() if isinstance(text, str) else text)})


def leaks(data_dir: Path, *, besides: frozenset[str] = frozenset(), since: float = 0) -> Iterator[str]:
    """Every file of a data folder that holds something of the person, but those of its owner and tables `besides`.

    Only files written at `since` or later, in seconds of the epoch; a copied tree keeps the times of its files.
    """
    for file in sorted(data_dir.rglob("*")):
        inner = file.relative_to(data_dir).parts
        if file.is_file() and not (_FOR_ITS_OWNER | besides) & set(inner) and file.stat().st_mtime >= since:
            content = _plain(file.read_bytes())
            if found_in(content):
                yield f"{'/'.join(inner)}: {found_in(content)}"


def _plain(content: bytes) -> bytes:
    """The rows of a Parquet file, which is compressed; any other file, and one that is broken, as it is."""
    if not content.startswith(b"PAR1"):
        return content
    try:
        return pl.read_parquet(io.BytesIO(content)).write_ndjson().encode()
    except pl.exceptions.PolarsError:
        return content


def _shifted(by: int) -> Spoil:
    return by_rows(lambda rows: [rows[0], *(row[-by:] + row[:-by] for row in rows[1:])])


def _as_other_parquet(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Spoil:
    def spoil(file: Path) -> None:
        change(pl.read_csv(file, infer_schema=False)).write_parquet(file.with_suffix(".parquet"))
        file.unlink()

    return spoil


def _in_place_of(source: str) -> Spoil:
    """The file delivered under the name of another source, without its header."""

    def spoil(file: Path) -> None:
        (file.parent / f"{source}.csv").write_bytes(file.read_bytes().split(b"\n", 1)[1])

    return spoil


def _dated(text: str, *lines: int) -> Spoil:
    return by_rows(lambda rows: [[*row[:-1], text] if line in lines else row for line, row in enumerate(rows, start=1)])


ODD_PLACES: dict[str, Spoil] = {
    "sound": lambda _file: None,
    "no header": by_rows(lambda rows: rows[1:]),
    "no header, semicolons": by_rows(lambda rows: rows[1:], separator=";"),
    "a name above the header": by_bytes(lambda content: NAME.encode() + b"\n" + content),
    "a name as a column": by_rows(lambda rows: [[*rows[0], NAME], *([*row, NUMBER] for row in rows[1:])]),
    "a number for a column's name, twice": by_rows(lambda rows: [[NUMBER, NUMBER, *row[2:]] for row in rows]),
    "semicolons": by_rows(lambda rows: rows, separator=";"),
    "shifted by one": _shifted(1),
    "shifted by two": _shifted(2),
    "shifted back by one": _shifted(-1),
    "shifted back by two": _shifted(-2),
    "a name for a date": _dated(NAME, 8),
    "numbers for dates": _dated(NUMBER, *range(2, 22)),
    "ragged": by_rows(lambda rows: [*rows[:7], [*rows[7], NAME, NUMBER], *rows[8:]]),
    "cut off": by_bytes(lambda content: content[:-30]),
    "a quote that stays open": by_bytes(lambda content: content.replace(NAME.encode(), f'"{NAME}'.encode(), 1)),
    "a quote within": by_bytes(lambda content: content.replace(NAME.encode(), b'Zyxwell "Z" Quorbleton', 1)),
    "Latin-1": by_bytes(lambda content: content.replace(NAME.encode(), NAME.encode() + b"\xe9", 1)),
    "UTF-16": by_bytes(lambda content: content.decode().encode("utf-16")),
    "carriage returns": by_rows(lambda rows: rows, end="\r"),
    "NUL bytes": by_bytes(lambda content: content.replace(NAME.encode(), NAME.encode() + b"\0", 1)),
    "a cell of 200,000 characters": by_bytes(lambda content: content.replace(NAME.encode(), NAME.encode() * 10_000, 1)),
    "one key for all": by_rows(lambda rows: [rows[0], *([NAME, *row[1:]] for row in rows[1:])]),
    "Parquet, a name as a column": _as_other_parquet(lambda frame: frame.rename({"Age": NAME})),
    "Parquet, a list of categories": _as_other_parquet(
        lambda frame: frame.with_columns(Age=pl.concat_list(pl.col("Name").cast(pl.Enum([NAME]))))
    ),
    "Parquet, a struct": _as_other_parquet(lambda frame: frame.with_columns(Age=pl.struct(pl.lit(1).alias(NAME)))),
    "in place of the loans": _in_place_of("lms_loan_daily"),
    "in place of the clickstream": _in_place_of("feature_clickstream"),
}
SOURCE = ATTRIBUTES
