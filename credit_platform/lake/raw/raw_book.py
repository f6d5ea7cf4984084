"""A whole book as raw files: writing a generated one month by month, so that memory stays flat, and reading any one.

Which files were generated is written down with their hashes, so that a file that somebody put there, or changed, is
never taken for one of them. What the rows say belongs to `synthetic`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path

import polars as pl

from credit_platform.lake.files import whole_file, write_text
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.dating import attach_month
from credit_platform.lake.raw.readers import file_content, parse_file
from credit_platform.lake.raw.sources import RawSource, source_files
from credit_platform.lake.tables.table_versions import file_sha256
from credit_platform.portfolios.loans.generator.book import MonthOfSources
from credit_platform.portfolios.portfolio import Portfolio

GENERATED_MARK = ".generated-by-demo"
_SAID = "These files were generated; clean deletes those of them that nobody has changed since."


def has_raw_files(layout: Layout) -> bool:
    """Whether the raw folder holds any delivered file."""
    return bool(_delivered(layout))


def delivered_hashes(layout: Layout) -> dict[str, str]:
    """SHA-256 of every delivered file in the raw folder, by its name."""
    return {file.name: file_sha256(file) for file in _delivered(layout) if file.is_file()}


def _delivered(layout: Layout) -> list[Path]:
    return sorted(file for file in layout.raw_dir.glob("*") if file.suffix.lower() in {".csv", ".parquet"})


def generated_files(layout: Layout) -> list[Path]:
    """What generating a book left in the raw folder: the files that are still as they were made, and the notes on them.

    Empty where nothing was generated, and where the mark says nothing of hashes: then nobody knows whose the files are.
    """
    mark = layout.raw_dir / GENERATED_MARK
    try:
        made = json.loads(mark.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    files = [file for file in _delivered(layout) if file.name in made and file.is_file()]
    notes = [file for file in (mark, layout.planted()) if file.is_file()]
    return [*(file for file in files if file_sha256(file) == made[file.name]), *notes]


def write_book(layout: Layout, book: Iterable[MonthOfSources], *, on_month: Callable[[], None]) -> None:
    """Write one CSV file per source; none appears before all are whole. `on_month` is called after each month.

    A month whose columns are not those of its source's first month gets a file of its own, named for the month.
    """
    sources = [field.name for field in fields(MonthOfSources)]
    headers: dict[str, list[str]] = {}
    written = {layout.raw_dir / f"{source}.csv" for source in sources}
    with ExitStack() as stack:
        parts = {source: stack.enter_context(whole_file(layout.raw_dir / f"{source}.csv")) for source in sources}
        streams = {source: stack.enter_context(part.open("wb")) for source, part in parts.items()}
        for n, month in enumerate(book):
            for source, stream in streams.items():
                rows: pl.DataFrame = getattr(month, source)
                if headers.setdefault(source, rows.columns) == rows.columns:
                    rows.write_csv(stream, include_header=n == 0, quote_style="necessary")
                else:
                    file = _file_of_month(layout, source, rows)
                    written.add(file)
                    part = stack.enter_context(whole_file(file))
                    rows.write_csv(part, quote_style="necessary")
            on_month()
    made = {file.name: file_sha256(file) for file in sorted(written)}
    write_text(layout.raw_dir / GENERATED_MARK, json.dumps({"said": _SAID, "sha256": made}, indent=1) + "\n")


def _file_of_month(layout: Layout, source: str, rows: pl.DataFrame) -> Path:
    year, month, _ = str(rows["snapshot_date"][0]).split("-")
    return layout.raw_dir / f"{source}_{year}_{month}.csv"


def read_book(folder: Path, sources: Mapping[str, RawSource], portfolio: Portfolio) -> dict[str, pl.DataFrame]:
    """All rows of the four sources of a folder as bronze has them; nothing is written anywhere.

    Raises:
        SourceError: a source has no file, or one that cannot be read for sure.
    """
    layout = Layout(folder, folder, portfolio)
    rows = {}
    for name, source in sources.items():
        frames = []
        for file in source_files(layout, source):
            parsed = parse_file(name, source.columns, file, file_content(name, file))
            frames.append(attach_month(name, file, parsed))
        rows[name] = pl.concat(frames)
    return rows
