"""Gold assets: features at application, labels at maturity, the calendar of cohorts, portfolio tables.

Features and labels are Polars, portfolio tables are SQL on DuckDB; both are written in each book.
"""

from datetime import date

import dagster as dg
import polars as pl
from dagster_duckdb import DuckDBResource

from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.lake.tables.catalog import TableMonths, create_as_of, create_view
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.cohort_calendar import build_cohort_calendar
from credit_platform.months import add_months, month_range, months_of
from credit_platform.partitions import MonthlyAxis, all_months_until, months_before
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.feature_set import FeatureInput
from credit_platform.portfolios.portfolio import Portfolio, PortfolioTable
from credit_platform.scoring.training.windows import windows_for


def _feature_store(portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    cases, *others = portfolio.features.inputs
    lengths = {each.table: _history(each, config) for each in others}

    @dg.asset(
        **table_spec(portfolio, "gold/feature_store", axis.snapshot_months),
        ins={"cases": dg.AssetIn(asset_key(cases.table))},
        deps=[
            dg.AssetDep(asset_key(table), partition_mapping=months_before(n - 1) if n else all_months_until())
            for table, n in lengths.items()
        ],
    )
    def features_at_application(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], cases: pl.LazyFrame
    ) -> pl.LazyFrame:
        months = months_of(context.partition_keys)
        silver = {portfolio.features.inputs[0].table: cases}
        for table, n in lengths.items():
            first = max(axis.first_snapshot, add_months(months[0], 1 - n)) if n else axis.first_snapshot
            silver[table] = lake.scan_known(table, month_range(first, months[-1]), required=months)
        return portfolio.features.build(silver, config)

    return features_at_application


def _history(source: FeatureInput, config: ModelConfig) -> int | None:
    """Months a table is looked back on, the month itself included; None for every month there is."""
    if source.reach == "history":
        return None
    return 1 if source.reach == "month" else config.features.history_months(source.reach)


def _label_store(portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    table, label = "gold/label_store", config.label

    @dg.asset(
        **table_spec(portfolio, table, axis.snapshot_months),
        ins={"cases": dg.AssetIn(asset_key(portfolio.cases.table))},
    )
    def labels_at_maturity(context: dg.AssetExecutionContext, cases: pl.LazyFrame) -> pl.LazyFrame:
        first_mature = add_months(axis.first_snapshot, label.lag_months)
        if any(month < first_mature for month in months_of(context.partition_keys)):
            context.log.info(
                f"no cohort is {label.lag_months} months on book before {first_mature:%Y-%m}: earlier months are empty"
            )
        return portfolio.outcome.build(cases, label)

    return labels_at_maturity


def _cohort_calendar(portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    table, labels, cases = "gold/cohort_calendar", "gold/label_store", portfolio.cases

    @dg.asset(
        **table_spec(portfolio, table, axis.snapshot_months),
        deps=[dg.AssetDep(asset_key(name), partition_mapping=all_months_until()) for name in (cases.table, labels)],
    )
    def cohorts_on_their_way(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.LazyFrame:
        months = months_of(context.partition_keys)
        until_now = axis.snapshots_until(months[-1])
        return build_cohort_calendar(
            months=months,
            first_cohort=axis.first_snapshot,
            lag=config.label.lag_months,
            cases=cases,
            written=lake.scan_known(cases.table, until_now, required=months),
            labels=lake.scan_known(labels, until_now, required=months),
            label_months=lake.months(labels),
            roles={month: _roles(axis, config, month) for month in months if month >= axis.first_training},
        )

    return cohorts_on_their_way


def _roles(axis: MonthlyAxis, config: ModelConfig, month: date) -> dict[date, str]:
    """Sample of every cohort in a training as of a month."""
    windows = windows_for(month, config)
    roles = {cohort: windows.role_of(cohort) for cohort in axis.snapshots_until(month)}
    return {cohort: role for cohort, role in roles.items() if role != "outside"}


def _portfolio_table(own: PortfolioTable, portfolio: Portfolio, axis: MonthlyAxis) -> dg.AssetsDefinition:
    table, cases = f"gold/{own.name}", portfolio.cases.table

    @dg.asset(
        **table_spec(portfolio, table, axis.snapshot_months, kind="duckdb"),
        deps=[dg.AssetDep(asset_key(cases), partition_mapping=all_months_until())],
    )
    def portfolio_as_of(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], duckdb: DuckDBResource
    ) -> pl.DataFrame:
        months = months_of(context.partition_keys)
        with duckdb.get_connection() as connection:
            known = [month for month in lake.months(cases) if month <= months[-1]]
            create_view(connection, cases.split("/")[1], lake.layout, [TableMonths(cases, known)])
            create_as_of(connection, months)
            return connection.sql(own.sql).pl()

    return portfolio_as_of


def gold_assets(portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig) -> list[dg.AssetsDefinition]:
    """Feature store, label store, cohort calendar and the book's own tables."""
    return [
        _feature_store(portfolio, axis, config),
        _label_store(portfolio, axis, config),
        _cohort_calendar(portfolio, axis, config),
        *(_portfolio_table(own, portfolio, axis) for own in portfolio.tables),
    ]
