"""Assets over all models and tables: row balance, data quality, monitoring history.

Their SQL and pages are written in `monitoring` and `reports`; the figures of one model belong to `monitoring`, the
pages made of the history to `dashboard`.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl
from dagster_duckdb import DuckDBResource

from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.lake.files import one_at_a_time, write_text
from credit_platform.lake.tables.catalog import TableMonths, create_as_of, create_view
from credit_platform.lake.tables.month_parts import month_batches
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.score import quality_facts_sql, row_balance_sql, score_quality
from credit_platform.monitoring.measures import LAYERS, history_sql
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, months_before
from credit_platform.policy.data_quality import VolumeBand
from credit_platform.policy.load import Policy
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.portfolios.tables import tables_of
from credit_platform.reports.dashboard.data_quality import data_quality_page
from credit_platform.reports.shown_book import ShownBook

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATA_QUALITY_PAGE = "data_quality.html"


def _row_balance(portfolio: Portfolio, axis: MonthlyAxis) -> dg.AssetsDefinition:
    table = "monitoring/row_balance"

    @dg.asset(
        **table_spec(portfolio, table, axis.snapshot_months, kind="duckdb"),
        # Bronze is read as well; the graph shows it through these two.
        deps=[
            dg.AssetDep(asset_key(f"{layer}/{name}"))
            for layer in ("silver", "quarantine")
            for name in sorted(source.table for source in portfolio.sources)
        ],
    )
    def rows_accounted_for(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], duckdb: DuckDBResource
    ) -> pl.DataFrame:
        months = months_of(context.partition_keys)
        counted = []
        with duckdb.get_connection() as connection:
            for source in portfolio.sources:
                name = source.table
                places = {
                    "bronze": f"bronze/{source.name}",
                    "silver": f"silver/{name}",
                    "quarantine": f"quarantine/{name}",
                }
                sql = row_balance_sql(name, source.columns, is_keyed=bool(source.cells.key))
                with lake.layout.tables.disclosing(places["bronze"]):
                    for batch in month_batches(lake.layout, [places["bronze"]], months):
                        create_as_of(connection, batch)
                        for view, place in places.items():
                            create_view(connection, view, lake.layout, [TableMonths(place, batch)])
                        counted.append(connection.sql(sql).pl())
        return pl.concat(counted).sort("snapshot_month", "table")

    return rows_accounted_for


def _data_quality(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    table, balance = "monitoring/data_quality", "monitoring/row_balance"

    @dg.asset(
        **table_spec(portfolio, table, axis.snapshot_months, kind="duckdb"),
        # Sources and earlier months are read as well; the graph shows them through the balance.
        deps=[dg.AssetDep(asset_key(balance))],
    )
    def quality_of_sources(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], duckdb: DuckDBResource
    ) -> pl.DataFrame:
        months = months_of(context.partition_keys)
        with duckdb.get_connection() as connection:
            create_as_of(connection, months)
            create_view(connection, "balance", lake.layout, [TableMonths(balance, months)])
            create_view(connection, "cases", lake.layout, [_known_months(lake, portfolio.cases.table, months[-1])])
            counted = [
                _count_source(connection, lake, source, months, policy.data.checks.volume)
                for source in portfolio.sources
            ]
        scored = score_quality(pl.concat(counted), portfolio.words.cases)
        _show_quality(context, lake, scored, months, ShownBook.of(portfolio, policy.model))
        return scored

    return quality_of_sources


def _count_source(
    connection: "DuckDBPyConnection", lake: Lake, source: Source, months: Sequence[date], volume: VolumeBand
) -> pl.DataFrame:
    name = source.table
    views = {
        "bronze": TableMonths(f"bronze/{source.name}", months),
        "quarantine": TableMonths(f"quarantine/{name}", months),
        "silver": _known_months(lake, f"silver/{name}", months[-1]),
    }
    sql = quality_facts_sql(source, median_months=volume.median_months)
    with lake.layout.tables.disclosing(f"bronze/{source.name}"):
        for view, part in views.items():
            create_view(connection, view, lake.layout, [part])
        facts = connection.sql(sql).pl()
    return facts.with_columns(source=pl.lit(source.name), unit=pl.lit(source.due.unit))


def _show_quality(
    context: dg.AssetExecutionContext, lake: Lake, scored: pl.DataFrame, months: Sequence[date], book: ShownBook
) -> None:
    """Write the page over all months there are, and give each month of the run its totals to plot."""
    table = "monitoring/data_quality"
    file = lake.layout.report(DATA_QUALITY_PAGE)
    with one_at_a_time(file):
        # Stored before the page is drawn, and by turns: a run of other months that draws it later shows these as well.
        lake.write(table, scored, months)
        write_text(file, data_quality_page(lake.scan(table, lake.months(table)).collect(), book=book))
    totals = scored.filter(pl.col("dimension") == "total").partition_by("snapshot_month", as_dict=True)
    for month in months:
        values = {
            source: value for source, value in totals[month,].select("source", "value").iter_rows() if value is not None
        }
        context.add_asset_metadata({**values, "page": dg.MetadataValue.path(str(file))}, partition_key=month_key(month))


def _known_months(lake: Lake, table: str, until: date) -> TableMonths:
    return TableMonths(table, [month for month in lake.months(table) if month <= until])


def _history(portfolio: Portfolio, axis: MonthlyAxis, models: Sequence[str]) -> dg.AssetsDefinition:
    table, layers = "monitoring/history", tables_of(portfolio).parts(LAYERS)

    @dg.asset(
        **table_spec(portfolio, table, axis.outcome_months, kind="duckdb"),
        deps=[
            dg.AssetDep(asset_key(f"monitoring/{model}/{part}"), partition_mapping=months_before(120))
            for model in models
            for part in layers
        ],
    )
    def everything_known(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], duckdb: DuckDBResource
    ) -> pl.DataFrame:
        months = months_of(context.partition_keys)
        with duckdb.get_connection() as connection:
            create_as_of(connection, months)
            for part in layers:
                known = [_known_months(lake, f"monitoring/{model}/{part}", months[-1]) for model in models]
                create_view(connection, part, lake.layout, known)
            return connection.sql(history_sql(layers)).pl()

    return everything_known


def oversight_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """Row balance, data quality and history."""
    models = list(policy.model.models)
    return [_row_balance(portfolio, axis), _data_quality(portfolio, axis, policy), _history(portfolio, axis, models)]
