"""Files of raw applications to rows of the feature store, some thousand applications at a time.

A file is read as the raw source of its name is, with the lender's own columns and forms where policy says them. One
file after the other goes through once, into a folder that is deleted afterwards; memory holds one batch. Scoring the
rows and writing the result belong to the command line.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import NamedTuple

import polars as pl

from credit_platform.assets.tables.bronze import map_of
from credit_platform.errors import SettingsError, SourceError
from credit_platform.lake.raw.raw_file import FORMATS, RawFile, format_of
from credit_platform.lake.raw.readers import RawTable, kept_of_parts, read_parts, read_table
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import source_date
from credit_platform.policy.load import Policy
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.keys import key_of
from credit_platform.serving.history import ScannedRows, known_rows
from credit_platform.serving.raw_features import (
    APPLICATION,
    CASE,
    CASES_SCHEMA,
    CUSTOMER,
    DAY,
    IS_DELIVERED,
    ROW,
    RawFeatures,
    given_schema,
    key_columns,
    raw_column,
)

AT_ONCE = 20_000  # applications
_OWNER = "owner"


class Batch(NamedTuple):
    """Some of the applications.

    Attributes:
        features: the sound ones as gold/feature_store has them.
        faults: of the others: `line, source, column, rule, reason`.
        n_applications: how many there are together.
    """

    features: pl.DataFrame
    faults: pl.DataFrame
    n_applications: int


@dataclass(frozen=True)
class ApplicationFiles:
    """Raw files that are handed in to be scored, by source; the first says which applications there are.

    Attributes:
        files: source to its file. A source that is left out is asked of the lake.
        as_of: the month of applications that say no day, and the only one of those that do; None for every month.
    """

    files: Mapping[str, Path]
    as_of: date | None = None


@dataclass(frozen=True)
class _Reading:
    """Files that lie ready as text, each row with the key of its owner."""

    portfolio: Portfolio
    policy: Policy
    lake: Lake
    rows: Mapping[str, Path]
    raw: RawFeatures

    def of(self, source: str) -> pl.LazyFrame:
        """The rows of a file: the columns of its source, `row`, `owner`, `case`."""
        return pl.scan_parquet(sorted(self.rows[source].iterdir()))

    def owned(self, source: Source, applications: pl.LazyFrame) -> pl.LazyFrame:
        """The rows of some applications, each with the first one it belongs to."""
        keys = [_OWNER, CASE] if f"silver/{source.table}" == self.portfolio.cases.table else [_OWNER]
        first = applications.select(*keys, APPLICATION).unique(keys, keep="first", maintain_order=True)
        link = source.link
        if link is not None and link.through is not None:
            through = self.portfolio.source(link.through)
            leading = self.owned(through, applications).select(
                key_of(pl.col(through.cells.key[0])).alias(_OWNER), APPLICATION
            )
            first = leading.unique(_OWNER, keep="first", maintain_order=True)
        own = self.of(source.name).join(first, on=keys, nulls_equal=True, maintain_order="left")
        return own.select(given_schema(source).names())


@contextmanager
def opened(
    order: ApplicationFiles, lake: Lake, portfolio: Portfolio, policy: Policy, *, at_once: int = AT_ONCE
) -> Iterator[tuple[int, Iterator[Batch]]]:
    """How many applications the files hold, and the applications in batches, in the order of the first file.

    Raises:
        SettingsError: a source is none of the book's, or a day is missing that only `as_of` can say.
        SourceError: a file cannot be read for sure, or holds no row.
    """
    sources = [_source_named(portfolio, name) for name in order.files]
    with tempfile.TemporaryDirectory(prefix="applications-") as folder:
        rows = {source.name: Path(folder) / source.name for source in sources}
        for source in sources:
            _write_text(source, order.files[source.name], rows[source.name], portfolio, policy)
        raw = RawFeatures(portfolio, policy.model, policy.data.cleaning.strategies)
        reading = _Reading(portfolio, policy, lake, rows, raw)
        cases = _cases(order, portfolio, sources[0], reading.of(sources[0].name))
        if cases.is_empty():
            file = order.files[sources[0].name]
            reason = "it holds no application" + (f" of {order.as_of:%Y-%m}" if order.as_of else "")
            raise SourceError(source=sources[0].name, culprit=file.name, reason=reason, fix="Name another file.")
        owners = cases.select(pl.col(_OWNER).unique(maintain_order=True))
        parts = (
            cases.join(part, on=_OWNER, nulls_equal=True, maintain_order="left") for part in owners.iter_slices(at_once)
        )
        yield cases.height, (_batch(reading, part) for part in parts)


def _batch(reading: _Reading, cases: pl.DataFrame) -> Batch:
    """Features and faults of some applications."""
    portfolio, config = reading.portfolio, reading.policy.model
    cases = cases.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias(APPLICATION))
    given: dict[str, pl.DataFrame] = {}
    owners: dict[str, pl.DataFrame] = {}
    of, raw = portfolio.cases, key_columns(portfolio)
    for source in portfolio.sources:
        if source.name in reading.rows:
            given[source.name] = reading.owned(source, cases.lazy()).collect()
        else:
            owners[source.name] = cases.select(
                pl.col(DAY).dt.truncate("1mo").alias("snapshot_month"),
                pl.col(CASE).alias(of.key),
                pl.col(CUSTOMER if raw.customer else CASE).alias(of.customer),
            )
    known = known_rows(portfolio, config, ScannedRows(reading.lake), owners)
    features, found = reading.raw.of(cases.select(CASES_SCHEMA.names()), given, known)
    # A row that is set aside is missing to every application of its owner.
    numbers = cases.select(APPLICATION, _OWNER)
    spoilt = found.join(numbers, on=APPLICATION).select(_OWNER).unique()
    is_spoilt = numbers.join(spoilt, on=_OWNER, how="semi")[APPLICATION]
    sound = features.filter(~pl.col(APPLICATION).is_in(is_spoilt.implode())).sort(APPLICATION)
    missing = numbers.filter(
        ~pl.col(APPLICATION).is_in(sound[APPLICATION].implode()) & ~pl.col(APPLICATION).is_in(is_spoilt.implode())
    )
    faults = found.with_columns(line=pl.col(ROW) + 1).select("line", "source", "column", "rule", "reason")
    return Batch(sound.drop(APPLICATION), pl.concat([faults, _no_case(reading, cases, missing)]), cases.height)


def _no_case(reading: _Reading, cases: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    of, first = reading.portfolio.cases, next(iter(reading.rows))
    otherwise = of.applied.otherwise if of.applied is not None else ""
    return cases.join(missing.select(APPLICATION), on=APPLICATION, how="semi").select(
        "line",
        source=pl.lit(first),
        column=pl.lit(""),
        rule=pl.lit(f"is_a_{of.noun}"),
        reason=pl.lit(otherwise or f"is no new {of.noun}"),
    )


def _source_named(portfolio: Portfolio, name: str) -> Source:
    try:
        return portfolio.source(name)
    except StopIteration:
        known = ", ".join(source.name for source in portfolio.sources)
        raise SettingsError(name="--source", reason=f"no source is called {name!r}", fix=f"One of {known}.") from None


def _write_text(source: Source, file: Path, folder: Path, portfolio: Portfolio, policy: Policy) -> None:
    """Write the rows of a file as text, with their place and their owner, part by part."""
    if format_of(file) is None:
        reason = f"{file.name} does not end in {' or '.join(FORMATS)}"
        raise SettingsError(name="--source", reason=reason, fix="Name such a file.")
    by, raw, number = map_of(source, policy.model.sources[source.name]), RawFile(source.name, file), count()
    owner, case = _owner_column(portfolio, source), raw_column(source, portfolio.cases.key)

    def whole() -> RawTable:
        return read_table(source.name, source.columns, file, raw.content(), by, optional=source.optional_columns)

    def keep(part: RawTable) -> Path:
        path = folder / f"{next(number):06}"
        part.rows.select(
            *source.columns,
            (pl.col("source_line") - 1).alias(ROW),
            key_of(pl.col(owner)).alias(_OWNER),
            (key_of(pl.col(case)) if case else pl.lit(None, pl.String)).alias(CASE),
        ).write_parquet(path)
        return path

    folder.mkdir()
    parts = read_parts(raw, source.columns, by, optional=source.optional_columns)
    kept = set(kept_of_parts(parts, whole, keep))
    # Of a file that could not be read in parts after all, those written before count for nothing.
    for path in {*folder.iterdir()} - kept:
        path.unlink()


def _owner_column(portfolio: Portfolio, source: Source) -> str:
    """The raw column by which a row finds its applications, or the row that names them."""
    raw = key_columns(portfolio)
    own = raw_column(source, portfolio.cases.customer if raw.customer else portfolio.cases.key)
    return own or (source.link.column if source.link else source.columns[0])


def _cases(order: ApplicationFiles, portfolio: Portfolio, source: Source, rows: pl.LazyFrame) -> pl.DataFrame:
    """One row per application: its keys as text, its day, its owner, and the line it was first seen on."""
    applied, is_dated = portfolio.cases.applied, portfolio.assigned_months is None and source.date in source.columns
    is_delivered = f"silver/{source.table}" == portfolio.cases.table
    whole_months = applied is not None and applied.is_of_a_month
    if order.as_of is None and (whole_months or not is_dated):
        fix = "Say --as-of YYYY-MM."
        raise SettingsError(name="--as-of", reason=f"the rows of {source.name} do not say when to score", fix=fix)
    day = pl.lit(order.as_of, pl.Date) if whole_months or not is_dated else source_date(str(source.date))
    known = rows.select(_OWNER, CASE, day.alias(DAY), (pl.col(ROW) + 1).alias("line"))
    if order.as_of is not None:
        known = known.filter((pl.col(DAY).dt.truncate("1mo") == order.as_of).fill_null(value=True))
    keys = [_OWNER, CASE] if is_delivered else [_OWNER, DAY]
    # A loan that has many rows is applied for on the day of the first.
    found = known.sort(DAY, "line", maintain_order=True).unique(keys, keep="first", maintain_order=True).sort("line")
    return found.select(
        *(_OWNER, CASE, DAY, "line"), pl.col(_OWNER).alias(CUSTOMER), pl.lit(is_delivered).alias(IS_DELIVERED)
    ).collect()
