"""Months for rows of a book without a calendar: cases are given theirs, and what belongs to a case has the case's.

A file that tells a month, by its name or by a column of dates, is believed. The other cases are drawn: those with a
label evenly over the labelled months, each label for itself, those without over the months after them, in the order of
a seeded hash of their keys. So the same files give the same months wherever they lie and however they are ordered.
How many months there are is said by policy, which column is what by the book.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.column_map import ColumnMap
from credit_platform.lake.raw.dating import attach_month
from credit_platform.lake.raw.raw_file import RawFile, ReadWhole
from credit_platform.lake.raw.readers import RawTable, kept_of_parts, read_parts, read_table
from credit_platform.lake.raw.sources import RawSource, source_files
from credit_platform.months import add_months
from credit_platform.policy.calendar_policy import AssignedCohortPolicy
from credit_platform.portfolios.portfolio import AssignedMonths
from credit_platform.portfolios.source import CaseLink
from credit_platform.schemas.cleaning.keys import key_of

_CASE, _KEY, _MONTH = "case", "key", "snapshot_month"


@dataclass(frozen=True, eq=False)
class CaseCalendar:
    """What the months of a book's cases follow from.

    Attributes:
        cases: the source in which cases are first seen.
        key: its column of the case's key.
        columns: which of its columns tell label and date.
        cohorts: the months that are given, by policy.
        others: the sources through which rows may find their case, with the link of each.
    """

    cases: RawSource
    key: str
    columns: AssignedMonths
    cohorts: AssignedCohortPolicy
    others: Mapping[str, tuple[RawSource, CaseLink]]

    def months(self, layout: Layout) -> pl.DataFrame:
        """One row per case of all files: its key and its month, the first where it has several."""
        return _case_months(self._state(layout, self.cases), _files(layout, self.cases), self)

    def cases_of(self, layout: Layout, source: str) -> pl.DataFrame:
        """One row per key of a source through which others find their case: the key, and the case's."""
        raw, link = self.others[source]
        return _case_keys(self._state(layout, raw), _files(layout, raw), raw, link)

    def fingerprint(self, layout: Layout, link: CaseLink) -> str:
        """Of all files that the months of rows with a link depend on, and of the policy."""
        through = self._state(layout, self.others[link.through][0]) if link.through else ()
        said = repr((self._state(layout, self.cases), through, self.cohorts.model_dump_json()))
        return hashlib.sha256(said.encode()).hexdigest()

    def _state(self, layout: Layout, source: RawSource) -> tuple[str, ...]:
        files = source_files(layout, source)
        return (source.read_by.fingerprint, *(f"{file.name}:{_sha256(source.name, file)}" for file in files))


@dataclass(frozen=True)
class DatedByCase:
    """How rows get their months in a book without a calendar."""

    calendar: CaseCalendar
    link: CaseLink
    source: RawSource

    def fingerprint(self, layout: Layout, /) -> str:
        """Of the files of the cases, and of the source that leads to them."""
        return self.calendar.fingerprint(layout, self.link)

    def attach(self, layout: Layout, _source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, /) -> pl.DataFrame:
        """The month the file is for, or of each row's case; rows of cases nobody delivered are spread by their keys.

        Raises:
            SourceError: the file has dates, and one of them is none.
        """
        told = _told_month(self.calendar, self.source, file, frame, by)
        if told is not None:
            return told
        return self._of_cases(layout, file, frame)

    def attach_part(
        self, layout: Layout, _source: str, file: Path, frame: pl.DataFrame, by: ColumnMap, /
    ) -> pl.DataFrame:
        """The same for some of a file's rows, where none has a date."""
        if _has_dates(self.calendar, frame):
            raise ReadWhole
        return self.attach(layout, _source, file, frame, by)

    def _of_cases(self, layout: Layout, file: Path, frame: pl.DataFrame) -> pl.DataFrame:
        months = self.calendar.months(layout)
        if self.link.through is not None:
            leading = self.calendar.cases_of(layout, self.link.through)
            months = leading.join(months, on=_CASE).select(pl.col(_KEY).alias(_CASE), _MONTH)
        found = _joined(frame, self.link.column, months)
        missing = found.filter(pl.col(_MONTH).is_null()).select(pl.col(self.link.column).unique())
        if missing.height:
            spread = _spread(missing, self.link.column, self.calendar.cohorts)
            found = found.join(spread, on=self.link.column, how="left", nulls_equal=True, maintain_order="left")
            found = found.with_columns(pl.coalesce(_MONTH, "spread")).drop("spread")
        return found.select(
            pl.exclude("source_line", _MONTH), _MONTH, pl.lit(file.name).alias("source_file"), "source_line"
        )


def _told_month(
    calendar: CaseCalendar, source: RawSource, file: Path, frame: pl.DataFrame, by: ColumnMap
) -> pl.DataFrame | None:
    """The rows with the month that a file itself tells; None where it tells none."""
    if _has_dates(calendar, frame):
        return attach_month(source.name, file, frame, by)
    named = source.month_in_name(file)
    if named is None:
        return None
    dated = frame.with_columns(pl.lit(named).alias(_MONTH), source_file=pl.lit(file.name))
    return dated.select(pl.exclude("source_line"), "source_line")


def _has_dates(calendar: CaseCalendar, frame: pl.DataFrame) -> bool:
    dates = calendar.columns.date
    return dates in frame.columns and bool(frame[dates].is_not_null().any())


def _joined(frame: pl.DataFrame, column: str, months: pl.DataFrame) -> pl.DataFrame:
    """The month of each row's case, null without one; only keys that are not found as they are are read closely."""
    by_text = months.rename({_CASE: column})
    found = frame.join(by_text, on=column, how="left", maintain_order="left")
    if not found[_MONTH].null_count():
        return found
    keys = found.filter(pl.col(_MONTH).is_null()).select(column).unique()
    closely = keys.with_columns(key_of(pl.col(column)).alias(_CASE)).join(months, on=_CASE).drop(_CASE)
    if closely.is_empty():
        return found
    closely = closely.rename({_MONTH: "closely"})
    return (
        found.join(closely, on=column, how="left", maintain_order="left")
        .with_columns(pl.coalesce(_MONTH, "closely"))
        .drop("closely")
    )


@lru_cache(maxsize=4)
def _case_months(_state: tuple[str, ...], files: tuple[Path, ...], calendar: CaseCalendar) -> pl.DataFrame:
    source, columns = calendar.cases, calendar.columns
    read = tuple(name for name in (calendar.key, columns.label, columns.date) if name in source.columns)
    told: list[pl.DataFrame] = []
    untold: list[pl.DataFrame] = []
    for file in files:
        frame = _read(source, file, read)
        dated = _told_month(calendar, source, file, frame, source.read_by)
        if dated is None:
            untold.append(frame.select(pl.col(calendar.key).alias(_CASE), pl.col(columns.label).alias("label")))
        else:
            told.append(dated.select(pl.col(calendar.key).alias(_CASE), _MONTH))
    given = _assigned(pl.concat(untold), calendar.cohorts) if untold else None
    parts = [*told, *([] if given is None else [given])]
    keyed = pl.concat(parts).with_columns(key_of(pl.col(_CASE))).drop_nulls(_CASE)
    return keyed.sort(_CASE, _MONTH).unique(_CASE, keep="first", maintain_order=True)


@lru_cache(maxsize=4)
def _case_keys(_state: tuple[str, ...], files: tuple[Path, ...], source: RawSource, link: CaseLink) -> pl.DataFrame:
    key = source.cells.key[0]
    read = (_read(source, file, (key, link.column)) for file in files)
    frames = [rows.select(key_of(pl.col(key)).alias(_KEY), key_of(pl.col(link.column)).alias(_CASE)) for rows in read]
    return pl.concat(frames).drop_nulls().unique(_KEY, keep="first", maintain_order=True)


def _files(layout: Layout, source: RawSource) -> tuple[Path, ...]:
    return tuple(source_files(layout, source))


def _read(source: RawSource, file: Path, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of a file, and the line of each row."""
    raw = RawFile(source.name, file)

    def whole() -> RawTable:
        return read_table(source.name, source.columns, file, raw.content(), source.read_by, optional=source.optional)

    parts = read_parts(raw, source.columns, source.read_by, optional=source.optional)
    return pl.concat(kept_of_parts(parts, whole, lambda part: part.rows.select(*columns, "source_line")))


def _assigned(cases: pl.DataFrame, cohorts: AssignedCohortPolicy) -> pl.DataFrame:
    """The months of cases with a label, and of those without, each in the order of the hash of their keys."""
    keys = cases.with_columns(key_of(pl.col(_CASE)).fill_null(""), pl.col("label").str.strip_chars().fill_null(""))
    keys = keys.unique(_CASE, keep="first", maintain_order=True)
    ranked = keys.with_columns(hash=_hashes(keys[_CASE], cohorts.seed)).sort("hash", _CASE)
    place, size = pl.int_range(pl.len()).over("label"), pl.len().over("label")
    is_labelled = pl.col("label") != ""
    n = pl.when(is_labelled).then(cohorts.labelled).otherwise(cohorts.unlabelled)
    begin = pl.when(is_labelled).then(0).otherwise(cohorts.labelled)
    index = (begin + place.cast(pl.Int64) * n // size).alias("index")
    return ranked.select(_CASE, index).select(_CASE, _month_at("index", cohorts).alias(_MONTH))


def _spread(keys: pl.DataFrame, column: str, cohorts: AssignedCohortPolicy) -> pl.DataFrame:
    """A month for every key of a case nobody delivered."""
    index = _hashes(keys[column].fill_null(""), cohorts.seed) % (cohorts.labelled + cohorts.unlabelled)
    months = pl.DataFrame({"index": index}).select(spread=_month_at("index", cohorts))
    return keys.hstack(months)


def _month_at(index: str, cohorts: AssignedCohortPolicy) -> pl.Expr:
    all_months = [add_months(cohorts.first, n) for n in range(cohorts.labelled + cohorts.unlabelled)]
    return pl.col(index).replace_strict(dict(enumerate(all_months)), return_dtype=pl.Date)


def _hashes(keys: pl.Series, seed: int) -> pl.Series:
    """A number for every key, the same in any release of any library."""
    return pl.Series(
        [int.from_bytes(hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()) for key in keys],
        dtype=pl.UInt64,
    )


def _sha256(source: str, file: Path) -> str:
    about = file.stat()
    return _content_sha256(source, file, (about.st_size, about.st_mtime_ns, about.st_ino))


@lru_cache(maxsize=64)
def _content_sha256(source: str, file: Path, _state: tuple[int, int, int]) -> str:
    return RawFile(source, file).sha256()
