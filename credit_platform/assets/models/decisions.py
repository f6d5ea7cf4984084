"""The asset of decisions: of all that the models say of a case, what the champion of the month says.

Which model is champion in a month is policy; scoring belongs to `predictions`. What a person decides otherwise does not
belong here.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.lake.provenance import require_unaltered
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, same_month
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import DECISIONS


def decisions_asset(portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    """The decisions of the book's cases; they wait for no model that is never champion."""

    @dg.asset(
        **table_spec(portfolio, DECISIONS, axis.scoring_months),
        deps=[
            dg.AssetDep(asset_key(f"prediction/{model}"), partition_mapping=same_month()) for model in config.champions
        ],
    )
    def decided_by_the_champion(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        months = months_of(context.partition_keys)
        decided = decisions_of(lake, config, months)
        for (month,), rows in decided.group_by("snapshot_month"):
            shown = {"champion": rows["model"][0], "model_version": rows["model_version"][0], **_shares(rows)}
            context.add_asset_metadata(shown, partition_key=month_key(month))
        return decided

    return decided_by_the_champion


def decisions_of(lake: Lake, config: ModelConfig, months: Sequence[date]) -> pl.DataFrame:
    """The decisions of some months, as `decision/batch` has them: the rows of each month's champion.

    Raises:
        MissingMonthsError: the champion of a month has not scored it.
        TableError: a file of predictions was altered since it was written.
    """
    found = []
    for month in months:
        table = f"prediction/{config.champion_in(month)}"
        require_unaltered(lake.layout, {table: [month]})
        found.append(lake.scan(table, [month]))
    return pl.concat(found).collect()


def undecided_months(lake: Lake, config: ModelConfig) -> list[date]:
    """Months that their champion has scored and that have no decisions, as an earlier release or a crash left."""
    scored = {model: set(lake.months(f"prediction/{model}")) for model in config.champions}
    known, decided = sorted(set().union(*scored.values())), set(lake.months(DECISIONS))
    return [month for month in known if month not in decided and month in scored[config.champion_in(month)]]


def _shares(rows: pl.DataFrame) -> dict[str, float | int]:
    n_declined = rows.filter(decision="decline").height
    return {"n_decided": rows.height, "declined_share": round(n_declined / rows.height, 4)}
