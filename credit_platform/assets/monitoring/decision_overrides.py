"""The asset that reads the optional log of decisions and tells what people's overrides came to.

The figures are written in `monitoring.decision_overrides`, the file is read in `lake.raw.decisions`.
"""

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import table_spec
from credit_platform.assets.monitoring.monitoring import cohort_with_outcome, outcome_deps
from credit_platform.lake.raw.decisions import read_decisions
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.decision_overrides import NOT_SUPPLIED, measure_overrides, read_log
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.load import Policy
from credit_platform.portfolios.portfolio import Portfolio

_SHOWN = ("override_rate", "low_side_bad_rate", "comparable_bad_rate", "decisions_set_aside")


def overrides_asset(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    """Overrides of the cohort whose outcome is read in a month, beside what each model says of the same loans."""
    table, models, label = "monitoring/overrides", list(policy.model.models), policy.model.label

    @dg.asset(
        **table_spec(portfolio, table, axis.outcome_months),
        deps=outcome_deps(*models, label=label),
    )
    def decisions_of_people(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        key = portfolio.cases.key
        raw = read_decisions(lake.layout)
        log = None if raw is None else read_log(raw, case_key=key)
        tables = []
        for month in months_of(context.partition_keys):
            for model in models:
                scored, at = cohort_with_outcome(lake, model, month, label=label, key=key)
                tables.append(measure_overrides(scored, log, case_key=key, subject=at, thresholds=policy.monitoring))
            told = _told(tables[-1]) if log is not None else {"decisions": NOT_SUPPLIED}
            context.add_asset_metadata(told, partition_key=month_key(month))
        return pl.concat(tables)

    return decisions_of_people


def _told(measured: pl.DataFrame) -> dict[str, float | str]:
    rows = measured.filter((pl.col("segment") == "all") & pl.col("metric").is_in(_SHOWN)).drop_nulls("value")
    values = {str(metric): round(float(value), 4) for metric, value in rows.select("metric", "value").iter_rows()}
    return {"decisions": "supplied", **values}
