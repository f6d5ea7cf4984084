"""Which files have arrived in the raw folder, whether they are whole, and which months their rows are of.

A file is taken for whole once neither its size nor its time has changed for a while. What was seen is kept in one file,
so that a file is read once; whether a month is built from it, and what its gates say, belongs to `deliveries`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
from pydantic import TypeAdapter

from credit_platform.errors import SourceError
from credit_platform.lake.files import whole_file
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_file import RawFile
from credit_platform.lake.raw.readers import RawTable
from credit_platform.lake.raw.sources import RawSource, kept_rows, source_files
from credit_platform.months import is_of_a_book, month_key

# What Polars makes of the same text may differ from release to release.
_READ_BY = f"polars {pl.__version__}"


@dataclass(frozen=True)
class SeenFile:
    """One file as it was seen last.

    Attributes:
        source: its source.
        state: size, time of change and number of the file; other bytes give another.
        since: when it was first seen so.
        months: for every month its rows and a fingerprint of them; None while it has not settled.
        problem: why it cannot be read.
    """

    source: str
    state: str
    since: datetime
    months: Mapping[str, tuple[int, int]] | None = None
    problem: str | None = None

    def rows(self, month: date) -> tuple[int, int]:
        """Rows of a month, and their fingerprint; zeros where it has none."""
        return (self.months or {}).get(month_key(month), (0, 0))


@dataclass(frozen=True)
class Asking:
    """From which content a month was last asked to be built, the how many-th time that was, and when.

    The number is 0 where something else has built it.
    """

    content: str
    n: int
    at: datetime


@dataclass(frozen=True)
class Arrivals:
    """Every file of the raw folder, by name, and what was last asked for each month."""

    files: Mapping[str, SeenFile] = field(default_factory=dict)
    asked: Mapping[str, Asking] = field(default_factory=dict)
    read_by: str = _READ_BY

    @property
    def unsettled(self) -> list[str]:
        """The files that may still be written to."""
        return [name for name, seen in self.files.items() if seen.months is None and seen.problem is None]

    def months(self, sources: Iterable[str]) -> list[date]:
        """The months that any of some sources has rows of, rising."""
        wanted = set(sources)
        keys = {key for seen in self.files.values() if seen.source in wanted for key in seen.months or {}}
        return sorted(map(date.fromisoformat, keys))

    def has(self, source: str, month: date) -> bool:
        """Whether a source has rows of a month."""
        return any(seen.rows(month)[0] for seen in self.files.values() if seen.source == source)

    def content(self, month: date) -> str:
        """The rows of a month in all files of all sources, as one number: other rows give another."""
        total = sum(hash_ for seen in self.files.values() for hash_ in seen.rows(month)[1:]) % 2**64
        rows = sum(seen.rows(month)[0] for seen in self.files.values())
        return f"{rows}-{total:016x}"

    def last_asking(self, month: date) -> Asking | None:
        """What was last asked for a month."""
        return self.asked.get(month_key(month))

    def asking(self, month: date, n: int, now: datetime) -> "Arrivals":
        """The same where a month is asked to be built from what lies there now."""
        return replace(self, asked={**self.asked, month_key(month): Asking(self.content(month), n, now)})


_FORM = TypeAdapter(Arrivals)


def read_arrivals(layout: Layout) -> Arrivals:
    """What was seen last; nothing before the first look, and where another release of the reader wrote it."""
    file = layout.arrivals()
    if not file.is_file():
        return Arrivals()
    seen = _FORM.validate_json(file.read_bytes())
    return seen if seen.read_by == _READ_BY else Arrivals()


def keep_arrivals(layout: Layout, arrivals: Arrivals) -> None:
    """Write down what was seen."""
    with whole_file(layout.arrivals()) as part:
        part.write_text(json.dumps(asdict(arrivals), default=str), encoding="utf-8")


def look(
    layout: Layout, sources: Mapping[str, RawSource], now: datetime, *, settle_seconds: int, before: Arrivals
) -> Arrivals:
    """What lies in the raw folder now; a file that settled since the last look is read."""
    files: dict[str, SeenFile] = {}
    for source in sources.values():
        for file in _files(layout, source):
            state = _state(layout, source, file)
            seen = before.files.get(file.name)
            if seen is None or (seen.source, seen.state) != (source.name, state):
                seen = SeenFile(source.name, state, now)
            # The time of the last change of a file on another machine may be by another clock: being quiet while it is
            # looked at will do as well.
            quiet_since = min(seen.since, datetime.fromtimestamp(file.stat().st_ctime, tz=UTC))
            is_new = seen.months is None and seen.problem is None
            is_settled = now - quiet_since >= timedelta(seconds=settle_seconds)
            files[file.name] = _read(layout, source, file, seen) if is_new and is_settled else seen
    return replace(before, files=files)


def _files(layout: Layout, source: RawSource) -> list[Path]:
    try:
        return source_files(layout, source)
    except SourceError:
        return []


def _state(layout: Layout, source: RawSource, file: Path) -> str:
    """Other bytes give another, and so does another way to read them."""
    about = file.stat()
    return f"{about.st_size}:{about.st_mtime_ns}:{about.st_ino}:{source.fingerprint(layout)}"


def _read(layout: Layout, source: RawSource, file: Path, seen: SeenFile) -> SeenFile:
    try:
        found = kept_rows(layout, source, RawFile(source.name, file), partial(_months_of, columns=source.columns))
    except SourceError as error:
        return replace(seen, problem=str(error))
    months = pl.concat(found).group_by("snapshot_month").agg(pl.col("n", "total").sum())
    return replace(
        seen, months={month_key(month): (n, total) for month, n, total in months.iter_rows() if is_of_a_book(month)}
    )


def _months_of(table: RawTable, columns: tuple[str, ...]) -> pl.DataFrame:
    # Not the line numbers: the same rows in another order, or under another name, are the same delivery.
    hashed = table.rows.select("snapshot_month", row=pl.Series(table.rows.select(columns).hash_rows(seed=0)))
    return hashed.group_by("snapshot_month").agg(n=pl.len(), total=(pl.col("row") // 2**32).sum())
