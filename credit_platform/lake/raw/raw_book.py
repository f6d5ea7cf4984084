"""A whole book as raw files: writing a generated one month by month, so that memory stays flat, and reading any one.

The hashes of generated files are recorded, so a file that somebody added or changed is never taken for one of them.
What the rows contain belongs to the portfolio's generator.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import BinaryIO

import polars as pl

from credit_platform.lake.files import whole_file, write_text
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_file import file_content, format_of
from credit_platform.lake.raw.sources import RawSource, dated_rows, source_files
from credit_platform.lake.tables.table_versions import file_sha256
from credit_platform.portfolios.generator import GeneratedBook
from credit_platform.portfolios.portfolio import Portfolio

GENERATED_MARK = ".generated-by-demo"
_SAID = "These files were generated; clean deletes those of them that nobody has changed since."


def has_raw_files(layout: Layout) -> bool:
    """Whether the raw folder contains any delivered file."""
    return bool(_delivered(layout))


def delivered_hashes(layout: Layout) -> dict[str, str]:
    """SHA-256 of every delivered file in the raw folder, by its name."""
    return {file.name: file_sha256(file) for file in _delivered(layout) if file.is_file()}


def _delivered(layout: Layout) -> list[Path]:
    return sorted(file for file in layout.raw_dir.glob("*") if format_of(file))


def generated_files(layout: Layout) -> list[Path]:
    """The files of a generated book in the raw folder that nobody has changed since, and the files that describe them.

    Empty where nothing was generated, and where the mark has no hashes: then it is unknown who wrote the files.
    """
    mark = layout.raw_dir / GENERATED_MARK
    try:
        made = json.loads(mark.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    files = [file for file in _delivered(layout) if file.name in made and file.is_file()]
    notes = [file for file in (mark, layout.ground_truth()) if file.is_file()]
    return [*(file for file in files if file_sha256(file) == made[file.name]), *notes]


def write_book(
    layout: Layout, book: GeneratedBook, *, on_month: Callable[[], None], is_corrected: bool = False
) -> None:
    """Write one CSV file per source, or per name of files that the book says; none appears before all are whole.

    `on_month` is called after each month. A source that the generator delivers month by month has a file per month,
    named for it; of any other, a month whose columns are not those of its file's first month gets such a file.
    `is_corrected` writes the rows as they are delivered again.
    """
    monthly = layout.portfolio.required_generator.monthly_files
    headers: dict[str, list[str]] = {}
    streams: dict[str, BinaryIO] = {}
    written: set[Path] = set()
    with ExitStack() as stack:
        for month in book.months:
            delivered = book.corrected_rows(month) if is_corrected else book.rows(month)
            for name, rows in delivered.items():
                if name in monthly or headers.setdefault(name, rows.columns) != rows.columns:
                    file = _file_of_month(layout, name, month)
                    written.add(file)
                    part = stack.enter_context(whole_file(file))
                    rows.write_csv(part, quote_style="necessary")
                    continue
                is_first = name not in streams
                if is_first:
                    file = layout.raw_dir / f"{name}.csv"
                    written.add(file)
                    streams[name] = stack.enter_context(stack.enter_context(whole_file(file)).open("wb"))
                rows.write_csv(streams[name], include_header=is_first, quote_style="necessary")
            on_month()
    made = {file.name: file_sha256(file) for file in sorted(written)}
    write_text(layout.raw_dir / GENERATED_MARK, json.dumps({"said": _SAID, "sha256": made}, indent=1) + "\n")


def _file_of_month(layout: Layout, source: str, month: date) -> Path:
    return layout.raw_dir / f"{source}_{month:%Y_%m}.csv"


def read_book(folder: Path, sources: Mapping[str, RawSource], portfolio: Portfolio) -> dict[str, pl.DataFrame]:
    """All rows of every source of a folder as bronze has them; nothing is written anywhere.

    Raises:
        SourceError: a source has no file, or one that cannot be read with certainty.
    """
    layout = Layout.of(folder, folder, portfolio)
    rows = {}
    for name, source in sources.items():
        files = source_files(layout, source)
        rows[name] = pl.concat(dated_rows(layout, source, file, file_content(name, file)).rows for file in files)
    return rows
