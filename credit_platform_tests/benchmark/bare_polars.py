"""The tables of `build_month` without Dagster: the same pure functions and SQL, the same files, no history, no checks.

Started as a process of its own, so that its cost includes its imports: `bare_polars DATA_DIR RAW_DIR FIRST LAST`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from credit_platform.lake.raw.sources import RawSource, read_source
from credit_platform.lake.tables.catalog import TableMonths, create_as_of, create_view
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.score import row_balance_sql
from credit_platform.months import month_range, parse_month
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.config import loan_label
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.outcome.labels import label_loans
from credit_platform.portfolios.loans.outcome.roll_rates import roll_rates_sql
from credit_platform.portfolios.loans.outcome.vintages import vintages_sql
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.schemas.cleaning.table_cleaning import Cleaned
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials

_SILVER: dict[str, tuple[str, Callable[[pl.LazyFrame], Cleaned]]] = {
    "loan_snapshots": ("lms_loan_daily", clean_loan_snapshots),
    "customer_attributes": ("features_attributes", clean_attributes),
    "customer_financials": ("features_financials", clean_financials),
    "customer_clickstream": ("feature_clickstream", clean_clickstream),
}


def _bronze(lake: Lake, months: Sequence[date], config: ModelConfig) -> None:
    for name, columns in ((each.name, each.columns) for each in LOANS.sources):
        source = RawSource(name, columns, LOANS.source(name).cells, required=config.sources[name].required)
        lake.write(f"bronze/{name}", read_source(lake.layout, source, months), months)


def _silver(lake: Lake, months: Sequence[date]) -> None:
    for name, (source, clean) in _SILVER.items():
        cleaned = clean(lake.scan(f"bronze/{source}", months))
        rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
        lake.write(f"quarantine/{name}", quarantined, months)
        lake.write(f"silver/{name}", rows, months)


def _gold(lake: Lake, months: Sequence[date], config: ModelConfig) -> None:
    loans, label = lake.scan("silver/loan_snapshots", months), loan_label(config.label)
    features = build_feature_store(
        loans,
        lake.scan("silver/customer_attributes", months),
        lake.scan("silver/customer_financials", months),
        lake.scan("silver/customer_clickstream", months),
        clickstream_months=config.features.history_months("clickstream"),
    )
    lake.write("gold/feature_store", features.collect(), months)
    labels = label_loans(loans, label)
    lake.write("gold/label_store", labels.collect(), months)


def _portfolio(lake: Lake, months: Sequence[date], config: ModelConfig) -> None:
    days = loan_label(config.label).dpd_threshold
    for table, sql in (("gold/vintages", vintages_sql(days)), ("gold/roll_rates", roll_rates_sql(days))):
        with duckdb.connect() as connection:
            create_view(connection, "loan_snapshots", lake.layout, [TableMonths("silver/loan_snapshots", months)])
            create_as_of(connection, months)
            lake.write(table, connection.sql(sql).pl(), months)


def _row_balance(lake: Lake, months: Sequence[date]) -> None:
    counted = []
    with duckdb.connect() as connection:
        create_as_of(connection, months)
        for name, (source, _) in _SILVER.items():
            places = {"bronze": f"bronze/{source}", "silver": f"silver/{name}", "quarantine": f"quarantine/{name}"}
            for view, place in places.items():
                create_view(connection, view, lake.layout, [TableMonths(place, months)])
            counted.append(connection.sql(row_balance_sql(name, LOANS.source(source).columns)).pl())
    lake.write("monitoring/row_balance", pl.concat(counted).sort("snapshot_month", "table"), months)


def build(data_dir: Path, raw_dir: Path, first: date, last: date) -> None:
    """Write every table of a range of months that begins with the book's first."""
    lake, months, config = (
        Lake.at(data_dir, raw_dir, portfolio=LOANS),
        month_range(first, last),
        LOANS.load_policy().model,
    )
    _bronze(lake, months, config)
    _silver(lake, months)
    _gold(lake, months, config)
    _portfolio(lake, months, config)
    _row_balance(lake, months)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]), parse_month(sys.argv[3]), parse_month(sys.argv[4]))
