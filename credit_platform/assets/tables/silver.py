"""Silver assets: typed and cleaned rows, with what cannot be repaired set aside in quarantine.

The rules of cleaning are in `lending` and `features`; nothing here decides about a row.
"""

from collections.abc import Callable, Mapping
from functools import partial

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key, table_declaration
from credit_platform.assets.resources import LakeResource
from credit_platform.months import month_key
from credit_platform.partitions import MonthlyAxis, run_months
from credit_platform.policy.data_quality import CleaningPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.cleaning_rules import check_strategies
from credit_platform.portfolios.loans.sources.attributes import clean_attributes
from credit_platform.portfolios.loans.sources.clickstream import clean_clickstream
from credit_platform.portfolios.loans.sources.financials import clean_financials
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.portfolios.tables import TABLES
from credit_platform.schemas.cleaning.strategies import NO_CHANGES
from credit_platform.schemas.cleaning.table_cleaning import Cleaned, count_rejections, count_repairs

Cleaner = Callable[[pl.LazyFrame], Cleaned]

# Silver table: the source it is made of.
SILVER_TABLES: Mapping[str, str] = {
    "loan_snapshots": "lms_loan_daily",
    "customer_attributes": "features_attributes",
    "customer_financials": "features_financials",
    "customer_clickstream": "feature_clickstream",
}


def _silver_asset(name: str, source: str, clean: Cleaner, axis: MonthlyAxis) -> dg.AssetsDefinition:
    table = f"silver/{name}"

    @dg.asset(
        **table_declaration(table, TABLES[table], axis.snapshot_months),
        ins={"bronze": dg.AssetIn(asset_key(f"bronze/{source}"))},
    )
    def cleaned_rows(context: dg.AssetExecutionContext, lake: LakeResource, bronze: pl.LazyFrame) -> pl.DataFrame:
        cleaned = clean(bronze)
        rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
        months = run_months(context)
        set_aside = lake.lake.write(f"quarantine/{name}", quarantined, months)
        repaired = dict(rows.filter(pl.col("repairs").list.len() > 0).group_by("snapshot_month").len().iter_rows())
        repairs, rejections = count_repairs(rows), count_rejections(quarantined)
        for month in months:
            counts = {"rows_quarantined": set_aside[month], "rows_repaired": repaired.get(month, 0)}
            by_rule = {
                "repairs_by_rule": _by_rule("cells repaired", repairs.get(month, {})),
                "quarantined_by_rule": _by_rule("rows quarantined", rejections.get(month, {})),
            }
            context.add_asset_metadata(counts | by_rule, partition_key=month_key(month))
        return rows

    return cleaned_rows


def _by_rule(counted: str, counts: Mapping[str, int]) -> dg.MetadataValue:
    """One table for all rules: a key per rule would push the numbers one wants off the screen."""
    lines = [f"| {rule} | {n:,} |" for rule, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    if not lines:
        return dg.MetadataValue.md("none")
    return dg.MetadataValue.md("\n".join([f"| rule | {counted} |", "|---|---:|", *lines]))


def silver_assets(
    axis: MonthlyAxis, config: ModelConfig, cleaning: CleaningPolicy | None = None
) -> list[dg.AssetsDefinition]:
    """One asset per silver table; each writes its quarantine table beside it.

    Raises:
        PolicyError: `cleaning` names no rule, or a strategy its rule does not allow.
    """
    strategies = cleaning.strategies if cleaning is not None else NO_CHANGES
    check_strategies(strategies)
    cleaners: dict[str, Cleaner] = {
        "loan_snapshots": partial(clean_loan_snapshots, day_count=config.label.day_count, strategies=strategies),
        "customer_attributes": partial(clean_attributes, strategies=strategies),
        "customer_financials": partial(clean_financials, strategies=strategies),
        "customer_clickstream": partial(clean_clickstream, strategies=strategies),
    }
    return [_silver_asset(name, source, cleaners[name], axis) for name, source in SILVER_TABLES.items()]
