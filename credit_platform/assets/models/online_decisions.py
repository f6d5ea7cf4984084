"""The asset of decisions taken online: the log of the service as a monthly table.

Which row of the log is a case's is said in `lake.governance.last_decisions`; what the pipeline decides, in `decisions`.
"""

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.lake.governance.last_decisions import decided_online
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, same_month
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import ONLINE_DECISIONS


def online_decisions_asset(portfolio: Portfolio, axis: MonthlyAxis) -> dg.AssetsDefinition:
    """What the service decided of the book's cases; months in which it decided nothing are empty."""

    @dg.asset(
        **table_spec(portfolio, ONLINE_DECISIONS, axis.scoring_months),
        deps=[dg.AssetDep(asset_key("gold/feature_store"), partition_mapping=same_month())],
    )
    def decided_by_the_service(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        months = months_of(context.partition_keys)
        decided = decided_online(lake, months)
        for month in months:
            rows = decided.filter(snapshot_month=month)
            shown = {
                "n_cases": rows.height,
                "n_decisions": int(rows["n_decisions"].sum()),
                "n_not_in_the_book": rows[portfolio.cases.customer].null_count(),
                "versions": ", ".join(rows["model_version"].unique().sort()) or "none",
            }
            context.add_asset_metadata(shown, partition_key=month_key(month))
        return decided

    return decided_by_the_service
