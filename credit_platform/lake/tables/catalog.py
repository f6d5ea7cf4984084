"""DuckDB over the Parquet files: views for SQL assets, and the file of views for people.

A DuckDB file is never the store; writing tables does not belong here.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from credit_platform.errors import MissingMonthsError
from credit_platform.lake.files import one_at_a_time, plain_path, whole_file
from credit_platform.lake.layout import LAYERS, MONTH_FILE, Layout, is_month, month_files
from credit_platform.lake.tables.monthly import require_readable
from credit_platform.lake.tables.sample_views import SampleSources, create_sample_views
from credit_platform.previous_release import former_names

# A folder may be called `a=b`; that is no column.
_AS_STORED = "hive_partitioning = false"
# A pattern cannot tell month 13 from month 12, nor year 0 from others.
_YEAR, _MONTH = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9][0-9]|[1-9][0-9]{3})", "(0[1-9]|1[0-2])"
_IS_MONTH = f"regexp_matches(filename, '{_YEAR}-{_MONTH}-01[.]parquet$')"

# Of every version of every model.
_METADATA = "*/[0-9]*/metadata.json"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _escaped(folder: Path) -> str:
    """A folder as a pattern that matches it alone, whatever it is called; a backslash cannot be written in one."""
    place = plain_path(folder) if "\\" in str(folder) else folder
    return re.sub(r"[*?[]", r"[\g<0>]", str(place))


def months_pattern(layout: Layout, table: str) -> str:
    """The DuckDB literal of the pattern, or of the files, by which a view finds the months of a table."""
    folder = layout.table(table).resolve()
    # A pipe or a folder that is called like a month would be waited for, or stop every query.
    is_pure = all(file.is_file() or not is_month(file) for file in folder.glob(MONTH_FILE))
    names = [MONTH_FILE] if is_pure else [file.name for file in month_files(folder).values()]
    listed = [_literal(f"{_escaped(folder)}/{name}") for name in names]
    return listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"


class TableMonths(NamedTuple):
    """Some months of a table."""

    table: str
    months: Sequence[date]


def create_view(connection: DuckDBPyConnection, view: str, layout: Layout, parts: Sequence[TableMonths]) -> None:
    """Make a view over some months of one table, or of tables with the same columns, in an in-memory connection.

    Raises:
        MissingMonthsError: one of the months has no file.
        TableError: one was written under another version of its schema, is not whole or contains another month.
    """
    files: list[Path] = []
    for table, months in parts:
        found = {month: layout.month_file(table, month) for month in months}
        missing = [month for month, file in found.items() if not file.is_file()]
        if missing or not found:
            raise MissingMonthsError(table=table, months=missing)
        require_readable(layout.tables, table, list(found), list(found.values()))
        files += found.values()
    listed = ", ".join(_literal(f"{_escaped(file.parent)}/{file.name}") for file in files)
    connection.execute(f'create or replace view "{view}" as select * from read_parquet([{listed}], {_AS_STORED})')  # noqa: S608 - our own paths, quoted


def create_as_of(connection: DuckDBPyConnection, months: Sequence[date]) -> None:
    """Make the one-column table `as_of(snapshot_month)` of the months a query is asked for."""
    connection.execute("create or replace table as_of (snapshot_month date)")
    connection.executemany("insert into as_of values (?)", [[month] for month in months])


def monthly_tables(layout: Layout) -> list[str]:
    """Every table of the data folder that has at least one month, by asset key."""
    folders = {
        file.parent
        for layer in LAYERS
        for file in layout.table(layer).rglob(MONTH_FILE)
        if is_month(file) and file.is_file()
    }
    return sorted(folder.relative_to(layout.data_dir).as_posix() for folder in folders)


def _shown_columns(layout: Layout, table: str) -> str:
    hidden = ", ".join(f'"{column}"' for column in layout.tables.personal_columns(table))
    return f"* exclude ({hidden})" if hidden else "*"


def can_have_views(layout: Layout) -> bool:
    """Whether DuckDB opens files in the data folder: it takes a backslash in a name for a separator."""
    return "\\" not in str(layout.datamart.resolve())


def refresh_datamart(layout: Layout) -> None:
    """Build the file of views beside the old one and swap it in.

    `gold/label_store` becomes `gold.label_store`, `monitoring/gradient_boosting/action` becomes
    `monitoring.gradient_boosting_action`. Months written later appear in the views by themselves; only a new table
    needs a refresh. Readers that hold the old file open keep it until they close it. Columns with personal data are
    left out; whoever may see them reads the Parquet file. A table that had another name in the previous release has a
    view under that as well. Once a version is stored there are views of samples, such as `samples.train`, and once
    the tables they read are there those that the book declares (`Portfolio.views`). Below a folder with a backslash in
    its name there is none: DuckDB opens no file there.
    """
    if not can_have_views(layout):
        return
    with one_at_a_time(layout.datamart), whole_file(layout.datamart) as part, TemporaryDirectory() as folder:
        # DuckDB cannot write below a folder with a question mark in its name.
        made = Path(folder) / part.name
        _make_views(layout, str(made))
        shutil.copyfile(made, part)


def _make_views(layout: Layout, file: str) -> None:
    import duckdb

    with duckdb.connect(file) as connection:
        tables = monthly_tables(layout)
        for table in tables:
            schema = table.split("/")[0]
            source = f"{_months_of(layout, table)} where {_IS_MONTH}"
            connection.execute(f'create schema if not exists "{schema}"')
            columns = _shown_columns(layout, table)
            for named in (table, *former_names(table)):
                view = f'"{schema}"."{"_".join(named.split("/")[1:])}"'
                connection.execute(f"create or replace view {view} as select {columns} from {source}")  # noqa: S608 - our own names
        if (sources := _sample_sources(layout, tables)) is not None:
            create_sample_views(connection, sources)
        _make_own_views(connection, layout.portfolio.views)
        connection.execute("checkpoint")


def _make_own_views(connection: DuckDBPyConnection, views: Mapping[str, str]) -> None:
    from duckdb import CatalogException

    for name, sql in views.items():
        # A table that is not built has no view yet, and then nothing that reads it has one.
        with suppress(CatalogException):
            connection.execute(f'create or replace view "{name}" as {sql}')


def _months_of(layout: Layout, table: str) -> str:
    return f"read_parquet({months_pattern(layout, table)}, {_AS_STORED})"


def _sample_sources(layout: Layout, tables: Sequence[str]) -> SampleSources | None:
    """What samples are read from; None while there is no version, or not what it was made of."""
    features, labels, decisions = "gold/feature_store", "gold/label_store", "decision/batch"
    folder, cases = layout.model("*").parent.resolve(), layout.portfolio.cases
    if not {features, labels} <= set(tables) or not any(folder.glob(_METADATA)):
        return None

    def months(table: str) -> str:
        return f"(select * from {_months_of(layout, table)} where {_IS_MONTH})"  # noqa: S608 - our own paths, quoted

    return SampleSources(
        metadata=_literal(f"{_escaped(folder)}/{_METADATA}"),
        features=months(features),
        labels=months(labels),
        decisions=months(decisions) if decisions in tables else None,
        shown=_shown_columns(layout, features),
        case=cases.key,
        customer=cases.customer,
    )
