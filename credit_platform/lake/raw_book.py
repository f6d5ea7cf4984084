"""Writing a generated book as the four raw files, month by month, so that memory stays flat at any size.

What the rows say belongs to `synthetic`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import fields

from credit_platform.lake.files import whole_file, write_text
from credit_platform.lake.layout import Layout
from credit_platform.synthetic.book import MonthOfSources

GENERATED_MARK = ".generated-by-demo"


def has_raw_files(layout: Layout) -> bool:
    """Whether the raw folder holds any delivered file."""
    return any(file.suffix.lower() in {".csv", ".parquet"} for file in layout.raw_dir.glob("*"))


def write_book(layout: Layout, book: Iterable[MonthOfSources], *, on_month: Callable[[], None]) -> None:
    """Write one CSV file per source; none appears before all are whole. `on_month` is called after each month."""
    sources = [field.name for field in fields(MonthOfSources)]
    with ExitStack() as stack:
        parts = {source: stack.enter_context(whole_file(layout.raw_dir / f"{source}.csv")) for source in sources}
        streams = {source: stack.enter_context(part.open("wb")) for source, part in parts.items()}
        for n, month in enumerate(book):
            for source, stream in streams.items():
                getattr(month, source).write_csv(stream, include_header=n == 0, quote_style="necessary")
            on_month()
    write_text(layout.raw_dir / GENERATED_MARK, "The files in this folder were generated; clean may delete them.\n")
