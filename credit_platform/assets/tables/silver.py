"""Silver and quarantine assets: typed and cleaned rows, and those that cannot be repaired, made together.

The rules of cleaning are in each book; nothing here decides about a row.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import TableSpec, asset_key, table_output, table_spec
from credit_platform.lake.tables.month_parts import MonthParts, by_month, month_batches
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, all_months_until
from credit_platform.policy.data_quality import CleaningPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.cases import Cases
from credit_platform.portfolios.cleaning_rules import check_strategies
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.rule import Strategies
from credit_platform.schemas.cleaning.strategies import NO_CHANGES
from credit_platform.schemas.cleaning.table_cleaning import Cleaned, count_rejections, count_repairs


def _silver_asset(
    source: Source, portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, strategies: Strategies
) -> dg.AssetsDefinition:
    bronze = f"bronze/{source.name}"
    quarantine, silver = (
        table_spec(portfolio, f"{layer}/{source.table}", axis.snapshot_months) for layer in ("quarantine", "silver")
    )

    @dg.multi_asset(
        # The step is called as it was when silver alone was an asset.
        name=silver["key"].to_python_identifier(),
        deps=[dg.AssetDep(asset_key(bronze), partition_mapping=all_months_until() if source.look_back else None)],
        outs={"quarantined": table_output(quarantine), "rows": table_output(silver)},
        partitions_def=silver["partitions_def"],
        backfill_policy=silver["backfill_policy"],
        can_subset=True,
    )
    def cleaned_rows(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> Iterator[dg.Output[MonthParts | pl.DataFrame]]:
        months = months_of(context.partition_keys)
        selected = context.op_execution_context.selected_output_names
        batches, table, rest = month_batches(lake.layout, [bronze], months), *map(_name, (silver, quarantine))
        set_aside: list[pl.DataFrame] = []
        shown: dict[date, dict[str, int | dg.MetadataValue]] = {}

        def show(output: str, of: Sequence[date]) -> None:
            key = context.asset_key_for_output(output)
            for month in of if output in selected else ():
                context.add_asset_metadata(shown[month], asset_key=key, partition_key=month_key(month))

        def cleaned() -> Iterator[tuple[date, pl.DataFrame]]:
            for batch in batches:
                with lake.layout.tables.disclosing(bronze):
                    rows, quarantined = clean_source(
                        source, portfolio.cases, lake, months=batch, config=config, strategies=strategies
                    )
                set_aside.append(quarantined)
                shown.update(_shown(rows, quarantined, batch))
                show("rows", batch)
                yield from by_month(table, rows, batch)

        # In this order: a replay makes both again where the log has silver, when the months before it are there. Asked
        # for alone, a table is written with the other all the same: together they are all rows of bronze.
        parts = cleaned() if len(batches) > 1 else list(cleaned())
        if "rows" in selected:
            yield dg.Output(MonthParts(parts), "rows")
        else:
            lake.write_months(table, parts)
        quarantined = pl.concat(set_aside)
        if "quarantined" in selected:
            show("quarantined", months)
            yield dg.Output(quarantined, "quarantined")
        else:
            lake.write(rest, quarantined, months)

    return cleaned_rows


def _name(table: TableSpec) -> str:
    return table["key"].to_user_string()


def clean_source(
    source: Source,
    cases: Cases,
    lake: Lake,
    *,
    months: Sequence[date],
    config: ModelConfig,
    strategies: Strategies,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Silver and quarantined rows; where cleaning looks back, with what silver has of the months before.

    The months of a range are cleaned at once, unless they hold an id with two dates of its start: what a row means then
    depends on the months before it.
    """
    bronze, table, look_back = lake.scan(f"bronze/{source.name}", months), f"silver/{source.table}", source.look_back
    if look_back is None:
        return _both(source.clean(bronze, config, strategies))
    before = [month for month in lake.months(table) if month < months[0]]
    past = (lake.scan(table, before) if before else source.silver.create_empty(lazy=True)).select(look_back.columns)
    rows, quarantined = _both(look_back.clean(bronze, config, strategies, past))
    start = cases.start if table == cases.table else None
    if start is None or len(months) == 1 or not start.needs_order(rows, quarantined):
        return rows, quarantined
    parts: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    for month in months:
        of_the_month = bronze.filter(pl.col("snapshot_month") == month)
        parts.append(_both(look_back.clean(of_the_month, config, strategies, past)))
        past = pl.concat([past, parts[-1][0].lazy().select(look_back.columns)])
    rows, quarantined = (pl.concat(frames) for frames in zip(*parts, strict=True))
    return rows, quarantined


def _both(cleaned: Cleaned) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
    return rows, quarantined


def _shown(
    rows: pl.DataFrame, quarantined: pl.DataFrame, months: Sequence[date]
) -> dict[date, dict[str, int | dg.MetadataValue]]:
    """What each month shows of its cleaning."""
    set_aside, repaired = _by_month(quarantined), _by_month(rows.filter(pl.col("repairs").list.len() > 0))
    repairs, rejections = count_repairs(rows), count_rejections(quarantined)
    return {
        month: {
            "rows_quarantined": set_aside.get(month, 0),
            "rows_repaired": repaired.get(month, 0),
            "repairs_by_rule": _by_rule("cells repaired", repairs.get(month, {})),
            "quarantined_by_rule": _by_rule("rows quarantined", rejections.get(month, {})),
        }
        for month in months
    }


def _by_month(rows: pl.DataFrame) -> dict[date, int]:
    return dict(rows.group_by("snapshot_month").len().iter_rows())


def _by_rule(counted: str, counts: Mapping[str, int]) -> dg.MetadataValue:
    """One table for all rules: a key per rule would push the numbers one wants off the screen."""
    lines = [f"| {rule} | {n:,} |" for rule, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    if not lines:
        return dg.MetadataValue.md("none")
    return dg.MetadataValue.md("\n".join([f"| rule | {counted} |", "|---|---:|", *lines]))


def silver_assets(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, cleaning: CleaningPolicy | None = None
) -> list[dg.AssetsDefinition]:
    """One asset per source, which writes a silver table and its quarantine table.

    Raises:
        PolicyError: `cleaning` names no rule, or a strategy its rule does not allow.
    """
    strategies = cleaning.strategies if cleaning is not None else NO_CHANGES
    check_strategies(portfolio, strategies)
    return [_silver_asset(source, portfolio, axis, config, strategies) for source in portfolio.sources]
