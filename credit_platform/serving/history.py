"""What the lake knows of the customers of a batch: their silver rows, as far back as features look.

A source that an application hands in is not asked for here. Cleaning what is handed in belongs to `raw_features`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import polars as pl
from typing_extensions import override

from credit_platform.lake.tables.month_parts import MONTH_COLUMN
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source

_NO_REPAIRS = pl.lit([], dtype=pl.List(pl.String))


class FindsRows(Protocol):
    """Where silver rows are looked up by a key."""

    def of(self, table: str, column: str, keys: pl.Series) -> pl.DataFrame:
        """The rows of a table whose `column` is one of these keys, of every month there is."""
        ...


@dataclass(frozen=True)
class ScannedRows:
    """Rows found by reading the months of a table: for many customers at once, in flat memory."""

    lake: Lake

    def of(self, table: str, column: str, keys: pl.Series) -> pl.DataFrame:
        """As `FindsRows` has it."""
        wanted = keys.unique().to_frame(column).lazy()
        return self.lake.scan(table, self.lake.months(table)).join(wanted, on=column, how="semi").collect()


@dataclass(frozen=True)
class IndexedRows(ScannedRows):
    """Rows kept in memory with an index of their keys: for a few customers at a time, in no time.

    A table is read when it is first asked for. What was repaired is not kept: no feature reads it.
    """

    _tables: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = field(default_factory=dict)
    _files: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)

    def forget_changed(self) -> bool:
        """Let go of tables whose files changed since they were read; whether there were any."""
        changed = [table for table, files in self._files.items() if files != self._state_of(table)]
        for table in changed:
            del self._files[table], self._tables[table]
        return bool(changed)

    def _state_of(self, table: str) -> tuple[tuple[str, int], ...]:
        files = (self.lake.layout.month_file(table, month) for month in self.lake.months(table))
        return tuple((file.name, file.stat().st_mtime_ns) for file in files)

    @override
    def of(self, table: str, column: str, keys: pl.Series) -> pl.DataFrame:
        rows, index = self._indexed(table, column)
        wanted = keys.drop_nulls().unique()
        first, last = (index[column].search_sorted(wanted, side) for side in ("left", "right"))
        found = [index[begin:end] for begin, end in zip(first, last, strict=True)]
        places = pl.concat(found)["place"] if found else index["place"][:0]
        return rows[places].with_columns(repairs=_NO_REPAIRS)

    def _indexed(self, table: str, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        if table not in self._tables:
            self._files[table] = self._state_of(table)
            kept = self.lake.scan(table, self.lake.months(table)).drop_nulls(column).drop("repairs")
            # Months stay where they are: to sort them would take twice their memory.
            rows = kept.collect()
            index = rows.select(column, place=pl.int_range(pl.len(), dtype=pl.UInt32)).sort(column, maintain_order=True)
            self._tables[table] = rows, index
        return self._tables[table]


def asked_of_the_lake(portfolio: Portfolio) -> dict[str, Source]:
    """Asset key to source of the silver tables that features are made of and an application need not hand in."""
    inputs = {each.table for each in portfolio.features.inputs}
    known = {f"silver/{source.table}": source for source in portfolio.sources}
    is_made = portfolio.cases.applied is not None
    return {
        table: source
        for table, source in known.items()
        if table in inputs and not (is_made and table == portfolio.cases.table)
    }


def known_rows(
    portfolio: Portfolio, config: ModelConfig, rows: FindsRows, owners: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """The silver rows that the lake has of some customers.

    Args:
        portfolio: the book.
        config: its model configuration, which says how far back evidence is summed.
        rows: where they are looked up.
        owners: source to the cases that did not hand it in: `snapshot_month`, key and customer.

    Returns:
        By asset key of tables that have owners, no row later than the last month of its owners.
    """
    found: dict[str, pl.DataFrame] = {}
    for table, source in asked_of_the_lake(portfolio).items():
        asking = owners.get(source.name)
        if asking is None or asking.is_empty():
            continue
        if portfolio.assigned_months is not None:
            found[table] = _of_cases(portfolio, source, rows, asking, found)
        else:
            months = asking[MONTH_COLUMN].unique().sort()
            own = rows.of(table, portfolio.cases.customer, asking[portfolio.cases.customer])
            found[table] = own.select(source.silver.column_names()).filter(
                _is_seen(portfolio, config, table, months[0], months[-1])
            )
    return found


def _is_seen(portfolio: Portfolio, config: ModelConfig, table: str, first: date, last: date) -> pl.Expr:
    reach = next(each.reach for each in portfolio.features.inputs if each.table == table)
    is_past = pl.col(MONTH_COLUMN) <= last
    if reach == "history":
        return is_past
    n = reach if isinstance(reach, int) else 1 if reach == "month" else config.features.history_months(reach)
    return is_past & (pl.col(MONTH_COLUMN) >= add_months(first, 1 - n))


def _of_cases(
    portfolio: Portfolio, source: Source, rows: FindsRows, asking: pl.DataFrame, found: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Of a book without a calendar: a case's rows have whatever month the case has."""
    table, columns, key = f"silver/{source.table}", source.silver.column_names(), portfolio.cases.key
    if key not in columns and source.link is not None and source.link.through is not None:
        # A row that names no case finds it by the row that does.
        leading = f"silver/{portfolio.source(source.link.through).table}"
        key = next(
            name
            for name in columns
            if name in portfolio.source(source.link.through).silver.column_names()
            and name not in {MONTH_COLUMN, "repairs"}
        )
        asking = found[leading].select(MONTH_COLUMN, key)
    own = rows.of(table, key, asking[key]).drop(MONTH_COLUMN)
    return own.join(asking.select(MONTH_COLUMN, key), on=key).select(columns)
