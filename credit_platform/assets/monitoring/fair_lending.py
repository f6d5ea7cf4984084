"""The asset that compares groups of applicants, one per model.

The figures are written in `monitoring.fair_lending`. Age is read here, for this comparison alone.
"""

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.assets.monitoring.monitoring import cohort_with_outcome, outcome_deps
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.fair_lending import age_band, measure_fair_lending, measure_reasons
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.load import Policy
from credit_platform.portfolios.portfolio import Portfolio, ProtectedGroups


def fair_lending_asset(
    model: str, protected: ProtectedGroups, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy
) -> dg.AssetsDefinition:
    """Groups by age of the cohort whose outcome is read in a month."""
    table, label = f"monitoring/{model}/fair_lending", policy.model.label
    predictions, labels = outcome_deps(model, label=label)

    @dg.asset(
        **table_spec(portfolio, table, axis.outcome_months),
        deps=[
            predictions,
            dg.AssetDep(asset_key(protected.table), partition_mapping=predictions.partition_mapping),
            labels,
        ],
    )
    def groups_beside_each_other(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        customer = portfolio.cases.customer
        tables = []
        for month in months_of(context.partition_keys):
            scored, subject = cohort_with_outcome(lake, model, month, label=label, key=portfolio.cases.key)
            ages = lake.scan(protected.table, [subject.cohort]).select(customer, age=protected.age).collect()
            band = age_band(pl.col("age"), policy.monitoring.fair_lending)
            grouped = scored.join(ages, on=customer, how="left", validate="m:1").with_columns(band)
            figures = [
                measure(grouped, subject=subject, thresholds=policy.monitoring)
                for measure in (measure_fair_lending, measure_reasons)
            ]
            measured = pl.concat(figures).sort("metric", "segment")
            context.add_asset_metadata(_told(measured), partition_key=month_key(month))
            tables.append(measured)
        return pl.concat(tables)

    return groups_beside_each_other


def _told(measured: pl.DataFrame) -> dict[str, float | str]:
    ratios = measured.filter((pl.col("metric") == "adverse_impact_ratio") & (pl.col("status") != "insufficient"))
    warned = measured.filter(pl.col("status") == "warn").select("metric", "segment").rows()
    told: dict[str, float | str] = {
        "groups": measured["segment"].n_unique(),
        "beyond_a_line": "; ".join(f"{metric} of {group}" for metric, group in warned) or "none",
    }
    lowest = ratios.drop_nulls("value").sort("value").head(1)
    if lowest.height:
        told["lowest_adverse_impact_ratio"] = round(float(lowest["value"][0]), 4)
    return told


def fair_lending_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """One asset per configured model; none where the book delivers no characteristic to compare groups by."""
    protected = portfolio.protected
    return [fair_lending_asset(model, protected, portfolio, axis, policy) for model in policy.model.models if protected]
