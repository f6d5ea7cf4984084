"""Silver assets: typed and cleaned rows, with what cannot be repaired set aside in quarantine.

The rules of cleaning are in each book; nothing here decides about a row.
"""

from collections.abc import Mapping

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key, table_declaration
from credit_platform.assets.resources import LakeResource
from credit_platform.months import month_key
from credit_platform.partitions import MonthlyAxis, run_months
from credit_platform.policy.data_quality import CleaningPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.cleaning_rules import check_strategies
from credit_platform.portfolios.portfolio import Portfolio, Source
from credit_platform.schemas.cleaning.rule import Strategies
from credit_platform.schemas.cleaning.strategies import NO_CHANGES
from credit_platform.schemas.cleaning.table_cleaning import count_rejections, count_repairs


def _silver_asset(
    source: Source, portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, strategies: Strategies
) -> dg.AssetsDefinition:
    name, table = source.table, f"silver/{source.table}"

    @dg.asset(
        **table_declaration(portfolio, table, axis.snapshot_months),
        ins={"bronze": dg.AssetIn(asset_key(f"bronze/{source.name}"))},
    )
    def cleaned_rows(context: dg.AssetExecutionContext, lake: LakeResource, bronze: pl.LazyFrame) -> pl.DataFrame:
        cleaned = source.clean(bronze, config, strategies)
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
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, cleaning: CleaningPolicy | None = None
) -> list[dg.AssetsDefinition]:
    """One asset per silver table; each writes its quarantine table beside it.

    Raises:
        PolicyError: `cleaning` names no rule, or a strategy its rule does not allow.
    """
    strategies = cleaning.strategies if cleaning is not None else NO_CHANGES
    check_strategies(portfolio, strategies)
    return [_silver_asset(source, portfolio, axis, config, strategies) for source in portfolio.sources]
