"""Gold assets: features at application, labels at maturity, the calendar of cohorts, portfolio tables.

Features and labels are Polars, portfolio tables are SQL on DuckDB; both are written in the pure packages.
"""

from datetime import date

import dagster as dg
import polars as pl
from dagster_duckdb import DuckDBResource

from credit_platform.assets.asset_spec import asset_key, table_declaration
from credit_platform.assets.resources import LakeResource
from credit_platform.lake.tables.catalog import TableMonths, create_as_of, create_view
from credit_platform.monitoring.data_quality.cohort_calendar import build_cohort_calendar
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis, all_months_until, months_before, run_months
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.outcome.labels import label_loans
from credit_platform.portfolios.loans.outcome.roll_rates import roll_rates_sql
from credit_platform.portfolios.loans.outcome.vintages import vintages_sql
from credit_platform.portfolios.tables import TABLES
from credit_platform.scoring.training.windows import windows_for

_LOANS = "silver/loan_snapshots"


def _feature_store(axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    table, history = "gold/feature_store", config.features.clickstream_months

    @dg.asset(
        **table_declaration(table, TABLES[table], axis.snapshot_months),
        ins={"loans": dg.AssetIn(asset_key(_LOANS))},
        deps=[
            dg.AssetDep(asset_key("silver/customer_attributes"), partition_mapping=all_months_until()),
            dg.AssetDep(asset_key("silver/customer_financials"), partition_mapping=all_months_until()),
            dg.AssetDep(asset_key("silver/customer_clickstream"), partition_mapping=months_before(history - 1)),
        ],
    )
    def features_at_application(
        context: dg.AssetExecutionContext, lake: LakeResource, loans: pl.LazyFrame
    ) -> pl.LazyFrame:
        months = run_months(context)
        until_now = axis.snapshots_until(months[-1])
        first_click = max(axis.first_snapshot, add_months(months[0], 1 - history))
        return build_feature_store(
            loans,
            lake.lake.scan_known("silver/customer_attributes", until_now, required=months),
            lake.lake.scan_known("silver/customer_financials", until_now, required=months),
            lake.lake.scan_known("silver/customer_clickstream", month_range(first_click, months[-1]), required=months),
            clickstream_months=history,
        )

    return features_at_application


def _label_store(axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    table, label = "gold/label_store", config.label

    @dg.asset(
        **table_declaration(table, TABLES[table], axis.snapshot_months),
        ins={"loans": dg.AssetIn(asset_key(_LOANS))},
    )
    def labels_at_maturity(context: dg.AssetExecutionContext, loans: pl.LazyFrame) -> pl.LazyFrame:
        first_mature = add_months(axis.first_snapshot, label.mob)
        if any(month < first_mature for month in run_months(context)):
            context.log.info(
                f"no cohort is {label.mob} months on book before {first_mature:%Y-%m}: earlier months are empty"
            )
        return label_loans(loans, dpd_threshold=label.dpd_threshold, mob=label.mob, label_def=label.label_def)

    return labels_at_maturity


def _cohort_calendar(axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    table, labels = "gold/cohort_calendar", "gold/label_store"

    @dg.asset(
        **table_declaration(table, TABLES[table], axis.snapshot_months),
        deps=[dg.AssetDep(asset_key(name), partition_mapping=all_months_until()) for name in (_LOANS, labels)],
    )
    def cohorts_on_their_way(context: dg.AssetExecutionContext, lake: LakeResource) -> pl.LazyFrame:
        months = run_months(context)
        until_now = axis.snapshots_until(months[-1])
        return build_cohort_calendar(
            months=months,
            first_cohort=axis.first_snapshot,
            mob=config.label.lag_months,
            written=lake.lake.scan_known(_LOANS, until_now, required=months),
            labels=lake.lake.scan_known(labels, until_now, required=months),
            label_months=lake.lake.months(labels),
            roles={month: _roles(axis, config, month) for month in months if month >= axis.first_training},
        )

    return cohorts_on_their_way


def _roles(axis: MonthlyAxis, config: ModelConfig, month: date) -> dict[date, str]:
    """Sample of every cohort in a training as of a month."""
    windows = windows_for(month, config)
    roles = {cohort: windows.role_of(cohort) for cohort in axis.snapshots_until(month)}
    return {cohort: role for cohort, role in roles.items() if role != "outside"}


def _portfolio_table(axis: MonthlyAxis, name: str, sql: str) -> dg.AssetsDefinition:
    table = f"gold/{name}"

    @dg.asset(
        **table_declaration(table, TABLES[table], axis.snapshot_months, kind="duckdb"),
        deps=[dg.AssetDep(asset_key(_LOANS), partition_mapping=all_months_until())],
    )
    def portfolio_as_of(context: dg.AssetExecutionContext, lake: LakeResource, duckdb: DuckDBResource) -> pl.DataFrame:
        months = run_months(context)
        with duckdb.get_connection() as connection:
            known = [month for month in lake.lake.months(_LOANS) if month <= months[-1]]
            create_view(connection, "loan_snapshots", lake.layout, [TableMonths(_LOANS, known)])
            create_as_of(connection, months)
            return connection.sql(sql).pl()

    return portfolio_as_of


def gold_assets(axis: MonthlyAxis, config: ModelConfig) -> list[dg.AssetsDefinition]:
    """Feature store, label store, cohort calendar, vintages and roll rates."""
    return [
        _feature_store(axis, config),
        _label_store(axis, config),
        _cohort_calendar(axis, config),
        _portfolio_table(axis, "vintages", vintages_sql()),
        _portfolio_table(axis, "roll_rates", roll_rates_sql()),
    ]
