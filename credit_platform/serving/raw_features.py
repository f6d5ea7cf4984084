"""Raw applications to rows of the feature store, by the cleaning and the formulas of the pipeline and no others.

What Polars is to do is worked out once and carried out for every batch: planning takes longer than a few rows do. What
the lake knows of a customer is found in `history`; scoring the rows belongs to `decider`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from credit_platform.months import of_the_calendar, source_date
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.keys import KEY, key_of
from credit_platform.schemas.cleaning.rule import Strategies
from credit_platform.schemas.cleaning.strategies import under_strategies
from credit_platform.schemas.cleaning.table_cleaning import clean_few

APPLICATION, ROW, DAY, CASE, CUSTOMER, IS_DELIVERED = "application", "row", "day", "case", "customer", "is_delivered"
# The applications of a batch: their number, the keys as text, the day, whether a row of the cases' source came along.
CASES_SCHEMA = pl.Schema(
    {APPLICATION: pl.UInt32(), CASE: pl.String(), CUSTOMER: pl.String(), DAY: pl.Date(), IS_DELIVERED: pl.Boolean()}
)
FAULTS_SCHEMA = pl.Schema(
    {
        APPLICATION: pl.UInt32(),
        "source": pl.String(),
        ROW: pl.Int64(),
        "column": pl.String(),
        "rule": pl.String(),
        "reason": pl.String(),
    }
)
_NO_FAULTS = pl.DataFrame(schema=FAULTS_SCHEMA)
_MONTH, _SNAPSHOT = "snapshot_month", "snapshot_date"
_OWN, _CASES = "application.", "cases"
_FEW = 2_000  # rows


@dataclass(frozen=True)
class KeyColumns:
    """Under which raw names an application says its case and its customer; None where the book makes it of others."""

    case: str | None
    customer: str | None


@cache
def key_columns(portfolio: Portfolio) -> KeyColumns:
    """The names of a book's own raw columns for case and customer."""
    cases = portfolio.cases
    case = None if cases.made is not None else raw_column(portfolio.case_source, cases.key)
    customers = (raw_column(source, cases.customer) for source in portfolio.sources)
    return KeyColumns(case, next(filter(None, customers), None))


def given_schema(source: Source) -> pl.Schema:
    """What rows that are handed in look like: the source's columns as text, their application and their place."""
    return pl.Schema({APPLICATION: pl.UInt32(), ROW: pl.Int64(), **dict.fromkeys(source.columns, pl.String())})


class RawFeatures:
    """Makes features of one book's raw applications. One thread at a time may use it.

    Args:
        portfolio: the book.
        config: its model configuration.
        strategies: of its cleaning.
    """

    def __init__(self, portfolio: Portfolio, config: ModelConfig, strategies: Strategies) -> None:
        self._portfolio, self._config = portfolio, config
        self._slots: dict[str, pl.DataFrame] = {}
        # Of sources whose rows do not depend on others; a few sound rows of them need no plan.
        self._plain = {
            source.name: under_strategies(source.cleaning, strategies)
            for source in portfolio.sources
            if source.cleaning is not None and source.look_back is None
        }
        self._cleaned = {
            source.name: source.clean(self._slot(source.name, _bronze_schema(source)), config, strategies)
            for source in portfolio.sources
        }
        tables = self._empty = {f"silver/{source.table}": source.silver.create_empty() for source in portfolio.sources}
        of, applied = portfolio.cases, portfolio.cases.applied
        silver = {table: self._slot(table, empty.schema) for table, empty in tables.items()}
        if applied is not None:
            keys = pl.Schema({_MONTH: pl.Date(), _SNAPSHOT: pl.Date(), of.key: pl.String(), of.customer: pl.String()})
            made = applied.build(self._slot(_CASES, keys), silver, config)
            is_delivered = of.table in tables
            silver[of.table] = (
                pl.concat([silver[of.table].filter(of.is_new), made], how="diagonal") if is_delivered else made
            )
        self._features = portfolio.features.build(silver, config)

    def _slot(self, name: str, schema: pl.Schema) -> pl.LazyFrame:
        return pl.defer(lambda: self._slots[name], schema=schema, validate_schema=False)

    def of(
        self, cases: pl.DataFrame, given: Mapping[str, pl.DataFrame], known: Mapping[str, pl.DataFrame]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The features of a batch, and what is wrong with the applications that have none.

        Args:
            cases: as `CASES_SCHEMA`, keys as cleaning writes them.
            given: source to the rows handed in, as `given_schema`; sources without any are left out.
            known: asset key to silver rows of the lake, of customers that handed in no row of the source, as far back
                as the features look and no later than the month of the case; tables without any are left out.

        Returns:
            `application` and the columns of gold/feature_store, and faults as `FAULTS_SCHEMA`. An application may be in
            neither: it is no case.
        """
        portfolio, of = self._portfolio, self._portfolio.cases
        named = _named(portfolio, cases)
        faults = [_NO_FAULTS, *_without_key(named, portfolio)]
        for source in portfolio.sources:
            table = f"silver/{source.table}"
            silver = [known[table]] if table in known else []
            if source.name in given:
                rows, found = self._clean(source, _dated(portfolio, source, given[source.name], named))
                silver, faults = [rows, *silver], [*faults, *found]
            self._slots[table] = pl.concat(silver) if silver else self._empty[table]
        at_fault = pl.concat(faults)
        wanted = named
        if at_fault.height:
            wanted = named.join(at_fault, on=APPLICATION, how="anti")
        keys = [_MONTH, of.key]
        self._slots[_CASES] = wanted.filter(~pl.col(IS_DELIVERED)).select(*keys, _SNAPSHOT, of.customer)
        # To look for a better plan takes longer than a few rows do in any.
        flags = pl.QueryOptFlags.none() if cases.height <= _FEW else pl.QueryOptFlags()
        features = self._features.collect(optimizations=flags).join(
            wanted.select(APPLICATION, *keys), on=keys, maintain_order="left"
        )
        return features, at_fault

    def _clean(self, source: Source, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        bronze, faults = _bronze(source, rows), _foreign(self._portfolio, source, rows)
        if source.name in self._plain and rows.height <= _FEW:
            few = clean_few(bronze, self._plain[source.name])
            if few is not None:
                return few, faults
        self._slots[source.name] = bronze
        cleaned = self._cleaned[source.name]
        clean = cleaned.rows.collect()
        if clean.height != rows.height:
            faults.append(_rejected(source, cleaned.quarantined.collect()))
        return clean, faults


def _bronze_schema(source: Source) -> pl.Schema:
    texts = dict.fromkeys(source.columns, pl.String())
    return pl.Schema({**texts, _MONTH: pl.Date(), "source_file": pl.String(), "source_line": pl.Int64()})


def _named(portfolio: Portfolio, cases: pl.DataFrame) -> pl.DataFrame:
    """The applications under the book's own names: month, day, key, customer."""
    of, applied = portfolio.cases, portfolio.cases.applied
    day = pl.col(DAY).dt.month_end() if applied is not None and applied.is_of_a_month else pl.col(DAY)
    customer = CUSTOMER if key_columns(portfolio).customer else CASE
    named = cases.select(
        APPLICATION,
        IS_DELIVERED,
        day.alias(_SNAPSHOT),
        day.dt.truncate("1mo").alias(_MONTH),
        pl.col(CASE).alias(of.key),
        pl.col(customer).alias(of.customer),
    )
    return named if applied is None else named.with_columns(pl.col(of.key).fill_null(applied.key))


def raw_column(source: Source, silver: str) -> str | None:
    """The raw column a silver key is read from; None where the source has none."""
    value = source.cleaning.values.get(silver) if source.cleaning is not None else None
    return None if value is None else value.meta.root_names()[0].removeprefix(KEY)


@cache
def own_keys(portfolio: Portfolio, name: str) -> tuple[tuple[str, str], ...]:
    """Raw columns of a source, each with the silver key it holds, the case's or the customer's."""
    keys, source = (portfolio.cases.key, portfolio.cases.customer), portfolio.source(name)
    return tuple((column, key) for key in keys if (column := raw_column(source, key)) is not None)


def _dated(portfolio: Portfolio, source: Source, rows: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Rows with the keys and the day that they need not repeat, their month, and beside them the application's own."""
    # A raw column may have the name of a silver one.
    own = named.select(APPLICATION, _MONTH, pl.all().exclude(APPLICATION, _MONTH, IS_DELIVERED).name.prefix(_OWN))
    rows = rows.join(own, on=APPLICATION, maintain_order="left")
    filled = {column: pl.col(column).fill_null(pl.col(_OWN + key)) for column, key in own_keys(portfolio, source.name)}
    if source.date is None or portfolio.assigned_months is not None or source.date not in source.columns:
        return rows.with_columns(**filled)
    filled[source.date] = pl.col(source.date).fill_null(pl.col(_OWN + _SNAPSHOT).dt.to_string("%Y-%m-%d"))
    month = of_the_calendar(source_date(source.date)).dt.truncate("1mo")
    return rows.with_columns(**filled).with_columns(month.fill_null(pl.col(_MONTH)).alias(_MONTH))


def _bronze(source: Source, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        *source.columns,
        _MONTH,
        source_file=pl.col(APPLICATION).cast(pl.String),
        source_line=pl.col(ROW) + 1,
    )


def _rejected(source: Source, quarantined: pl.DataFrame) -> pl.DataFrame:
    columns = {rule.name: rule.column for rule in source.rules}
    return _faults(
        quarantined.with_columns(
            pl.col("source_file").cast(pl.UInt32).alias(APPLICATION),
            (pl.col("source_line") - 1).alias(ROW),
            pl.col("rule").replace_strict(columns, default="", return_dtype=pl.String).alias("column"),
            source=pl.lit(source.name),
        )
    )


def _foreign(portfolio: Portfolio, source: Source, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows that name another case or customer than their application does."""
    found: list[pl.DataFrame] = []
    for column, key in own_keys(portfolio, source.name):
        other = rows.filter(pl.col(column) != pl.col(_OWN + key))
        if other.height:  # as a rule none, and reading keys closely takes long
            other = other.filter(key_of(pl.col(column)) != pl.col(_OWN + key))
            reason = pl.lit(f"{column}: not that of the application")
            said = {"column": pl.lit(column), "rule": pl.lit("key_is_the_application_s"), "reason": reason}
            found.append(_faults(other.with_columns(source=pl.lit(source.name), **said)))
    return found


def _without_key(named: pl.DataFrame, portfolio: Portfolio) -> list[pl.DataFrame]:
    of, raw = portfolio.cases, key_columns(portfolio)
    if not named[of.key].null_count() + named[of.customer].null_count():
        return []
    names = {of.customer: raw.customer or raw.case or of.customer, of.key: raw.case or of.key}
    parts = [
        _faults(
            named.filter(pl.col(key).is_null()).with_columns(
                column=pl.lit(name),
                source=pl.lit(""),
                rule=pl.lit("key_is_readable"),
                reason=pl.lit(f"{name}: missing, or no key"),
                row=pl.lit(0, pl.Int64),
            )
        )
        for key, name in names.items()
    ]
    return [pl.concat(parts).unique([APPLICATION, "column"], maintain_order=True)]


def _faults(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in FAULTS_SCHEMA.items())
