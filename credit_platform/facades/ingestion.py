"""Files and rows: what was delivered, loading it, and how good it is.

Features, labels and models stand in the modules beside this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.assets.tables.bronze import sources
from credit_platform.automation.jobs import BUILD_MONTH
from credit_platform.checks.contracts import MonthVerdict, contract_verdicts
from credit_platform.cli.book import Book
from credit_platform.cli.run.missing import table_months
from credit_platform.errors import MissingMonthsError, SettingsError, SourceError
from credit_platform.facades.runs import run_months
from credit_platform.lake.raw.delivery_log import read_known_files
from credit_platform.lake.raw.raw_file import file_content
from credit_platform.lake.raw.sources import RawSource, dated_rows, source_files
from credit_platform.lake.tables.catalog import refresh_datamart


def _sources(book: Book) -> dict[str, RawSource]:
    settings = book.settings
    return sources(settings.portfolio, settings.policy.model, settings.first_month)


@dataclass(frozen=True)
class DataIngestionPipeline:
    """From delivered files to typed, cleaned rows."""

    book: Book

    def discover(self) -> pl.DataFrame:
        """The delivered files: `source, file, month`, the month null where the name says none."""
        files = FileUtils(self.book)
        found = [
            (name, file.name, source.month_in_name(file))
            for name, source in _sources(self.book).items()
            for file in files.of_source(name)
        ]
        return pl.DataFrame(found, {"source": pl.String, "file": pl.String, "month": pl.Date}, orient="row")

    def registered(self) -> pl.DataFrame:
        """The files that were read, and which months they have: the log of files by source, with their hashes."""
        layout = self.book.lake.layout
        known = {name: read_known_files(layout, name) for name in _sources(self.book)}
        parts = [log.select(pl.lit(name).alias("source"), pl.all()) for name, log in known.items() if log is not None]
        return pl.concat(parts, how="diagonal_relaxed") if parts else pl.DataFrame()

    def load(self, first: date, last: date) -> pl.DataFrame:
        """Build the bronze and silver months of a range, with what is set aside; rows by table and month.

        Raises:
            SettingsError: the range does not lie in the book.
            TableError: a delivery was refused, or a step failed; says which and why.
        """
        tables = self.book.lake.layout.tables
        silver = [table for table in tables.shared if table.startswith(("bronze/", "silver/"))]
        months = run_months(self.book, BUILD_MONTH, first, last, [*silver, *tables.quarantines])
        counts = [
            self.book.lake.scan(table, months).group_by("snapshot_month").agg(rows=pl.len()).collect()
            for table in silver
        ]
        named = [
            rows.select(pl.lit(table).alias("table"), pl.all()) for table, rows in zip(silver, counts, strict=True)
        ]
        return pl.concat(named).sort("table", "snapshot_month")

    def coverage(self) -> pl.DataFrame:
        """The months of every table, as `credit-platform status`: `table, present, empty, missing`, each months.

        Raises:
            AuditError: the audit log was tampered with.
        """
        found = [(one.table, *map(list, (one.present, one.empty, one.missing))) for one in table_months(self.book)]
        months = pl.List(pl.Date)
        schema = {"table": pl.String(), "present": months, "empty": months, "missing": months}
        return pl.DataFrame(found, schema, orient="row")


@dataclass(frozen=True)
class DataQualityChecker:
    """Whether stored tables meet their contracts, and how good each source is."""

    book: Book

    def check(self, table: str, months: Sequence[date]) -> dict[date, MonthVerdict]:
        """Every month of a table against its schema class, by asset key such as `gold/label_store`.

        Raises:
            MissingMonthsError: a month was never built, or there is no such table.
            TableError: a month was written by a release with other columns.
        """
        schema = self.book.lake.layout.tables.schema(table)
        if schema is None:
            raise MissingMonthsError(table=table, months=list(months))
        return contract_verdicts(self.book.lake.scan(table, months), schema, months)

    def scores(self, months: Sequence[date]) -> pl.DataFrame:
        """Rows of `monitoring/data_quality`: six dimensions per source and month. Raises as `check`."""
        return self.book.lake.scan("monitoring/data_quality", months).collect()


@dataclass(frozen=True)
class FileUtils:
    """The raw files of a book."""

    book: Book

    def of_source(self, source: str) -> list[Path]:
        """The files of a source by name; none where none is delivered.

        Raises:
            SettingsError: the book has no such source.
        """
        try:
            return source_files(self.book.lake.layout, self._source(source))
        except SourceError:
            return []

    def read(self, source: str, file: Path) -> pl.DataFrame:
        """The rows of one file as text, with the month, file and line of each.

        Raises:
            SettingsError: the book has no such source.
            SourceError: the file cannot be read for sure.
        """
        known = self._source(source)
        return dated_rows(self.book.lake.layout, known, file, file_content(known.name, file)).rows

    def _source(self, name: str) -> RawSource:
        known = _sources(self.book)
        if name not in known:
            raise SettingsError(name="source", reason=f"no source {name!r}", fix=f"Choose one of {', '.join(known)}.")
        return known[name]


@dataclass(frozen=True)
class DatabaseUtils:
    """SQL over the tables: the views of `datamart.duckdb`, which is made anew and never the store."""

    book: Book

    def views(self) -> list[str]:
        """The views, as `gold.feature_store`; those without a schema are the book's own."""
        rows = self.query(
            "select schema_name, view_name from duckdb_views() where not internal order by schema_name, view_name"
        )
        return [view if schema == "main" else f"{schema}.{view}" for schema, view in rows.iter_rows()]

    def query(self, sql: str) -> pl.DataFrame:
        """The rows of a query that only reads.

        Raises:
            MissingMonthsError: nothing is built yet, so there is no file of views.
        """
        import duckdb

        file = self.book.lake.layout.datamart
        if not file.is_file():
            raise MissingMonthsError(table=file.name, months=[])
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.sql(sql).pl()

    def refresh(self) -> None:
        """Make the file of views anew."""
        refresh_datamart(self.book.lake.layout)


@dataclass(frozen=True)
class ValidationUtils:
    """Rows at hand against the contract of a table."""

    book: Book

    def check(self, table: str, rows: pl.DataFrame) -> dict[date, MonthVerdict]:
        """Every month of rows in memory against the schema class of a table.

        Raises:
            MissingMonthsError: there is no such table.
        """
        schema = self.book.lake.layout.tables.schema(table)
        if schema is None:
            raise MissingMonthsError(table=table, months=[])
        return contract_verdicts(rows.lazy(), schema, sorted(rows["snapshot_month"].unique().to_list()))
