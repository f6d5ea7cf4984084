"""The asset that sums up how the service answered, month by month.

What the figures are is written in `monitoring.service_month`, what is counted in `lake.governance.service_minutes`.
"""

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.lake.governance.service_minutes import ServiceMinutes
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.service_month import AnsweredRequests, measure_service
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, same_month
from credit_platform.policy.load import Policy
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import ONLINE_DECISIONS, SERVICE


def service_asset(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    """Requests, failures and times of the service; months without service are empty."""

    @dg.asset(
        **table_spec(portfolio, SERVICE, axis.scoring_months),
        # What was decided is not read here. Without anything before it the UI could not offer all assets at once: their
        # first ones would not have the same months.
        deps=[dg.AssetDep(asset_key(ONLINE_DECISIONS), partition_mapping=same_month())],
    )
    def requests_answered(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        minutes, thresholds = ServiceMinutes(lake.layout), policy.monitoring
        tables = list[pl.DataFrame]()
        for month in months_of(context.partition_keys):
            requests = [
                AnsweredRequests(endpoint, size, one.answers, one.seconds, one.records)
                for (endpoint, size), one in minutes.of_month(month).items()
            ]
            rows = measure_service(requests, month, thresholds=thresholds.service, confidence=thresholds.confidence)
            shown = {"n_requests": int(rows["n"].sum()), "n_failed": int(rows["n_failed"].sum())}
            context.add_asset_metadata(shown, partition_key=month_key(month))
            tables.append(rows)
        return pl.concat(tables)

    return requests_answered
