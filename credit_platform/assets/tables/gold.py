"""Gold assets, and the cases table where it is made of silver tables and no source's own.

Features at application, labels at maturity and the calendar of cohorts are Polars, portfolio tables are SQL on DuckDB;
what they hold is written in each book.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import dagster as dg
import polars as pl
from dagster_duckdb import DuckDBResource

from credit_platform.assets.asset_spec import asset_key, table_output, table_spec
from credit_platform.lake.tables.catalog import TableMonths, create_as_of, create_view
from credit_platform.lake.tables.month_parts import MonthParts, by_month, month_batches
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.cohort_calendar import build_cohort_calendar
from credit_platform.monitoring.data_quality.unlabelled import find_unlabelled, quarantined_cases
from credit_platform.months import add_months, month_key, month_range, months_of
from credit_platform.partitions import MonthlyAxis, all_months_until, months_before
from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.portfolios.cases import MadeCases
from credit_platform.portfolios.feature_set import FeatureInput
from credit_platform.portfolios.portfolio import Portfolio, PortfolioTable
from credit_platform.scoring.training.windows import windows_for


def _feature_store(portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    store = "gold/feature_store"
    cases, *others = portfolio.features.inputs
    lengths = {each.table: _history(each, config) for each in others}

    @dg.asset(
        **table_spec(portfolio, store, axis.snapshot_months),
        ins={"cases": dg.AssetIn(asset_key(cases.table))},
        deps=_deps(lengths),
    )
    def features_at_application(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], cases: pl.LazyFrame
    ) -> MonthParts:
        months = months_of(context.partition_keys)
        batches = month_batches(lake.layout, [each.table for each in portfolio.features.inputs], months)

        def built() -> Iterator[tuple[date, pl.DataFrame]]:
            for batch in batches:
                of_batch = cases if len(batches) == 1 else cases.filter(pl.col("snapshot_month").is_in(batch))
                silver = {portfolio.features.inputs[0].table: of_batch} | _inputs(lake, lengths, axis, batch)
                yield from by_month(store, portfolio.features.build(silver, config).collect(), batch)

        return MonthParts(built() if len(batches) > 1 else list(built()))

    return features_at_application


def _cases(portfolio: Portfolio, made: MadeCases, axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    lengths = {each.table: _history(each, config) for each in made.inputs}

    @dg.asset(**table_spec(portfolio, portfolio.cases.table, axis.snapshot_months), deps=_deps(lengths))
    def cases_of_the_month(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.LazyFrame:
        months = months_of(context.partition_keys)
        silver = _inputs(lake, lengths, axis, months)
        return made.build(silver, months, config)

    return cases_of_the_month


def _deps(lengths: Mapping[str, int | None]) -> list[dg.AssetDep]:
    return [
        dg.AssetDep(asset_key(table), partition_mapping=months_before(n - 1) if n else all_months_until())
        for table, n in lengths.items()
    ]


def _inputs(
    lake: Lake, lengths: Mapping[str, int | None], axis: MonthlyAxis, months: Sequence[date]
) -> dict[str, pl.LazyFrame]:
    """The rows of silver tables as far back as each is looked back on."""
    silver = {}
    for table, n in lengths.items():
        first = max(axis.first_snapshot, add_months(months[0], 1 - n)) if n else axis.first_snapshot
        silver[table] = lake.scan_known(table, month_range(first, months[-1]), required=months)
    return silver


def _history(source: FeatureInput, config: ModelConfig) -> int | None:
    """Months a table is looked back on, the month itself included; None for every month there is."""
    if source.reach == "history":
        return None
    if isinstance(source.reach, int):
        return source.reach
    return 1 if source.reach == "month" else config.features.history_months(source.reach)


def _label_store(portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig) -> dg.AssetsDefinition:
    label, cases = config.label, portfolio.cases
    store, rest = (
        table_spec(portfolio, table, axis.snapshot_months) for table in ("gold/label_store", "gold/unlabelled")
    )

    @dg.multi_asset(
        # The step is called as it was when the labels alone were an asset.
        name=store["key"].to_python_identifier(),
        # Quarantine is read as well: it is written with the cases table, and a fault of its contract stops no label.
        deps=[dg.AssetDep(asset_key(cases.table), partition_mapping=all_months_until())],
        outs={"unlabelled": table_output(rest), "labels": table_output(store)},
        partitions_def=store["partitions_def"],
        backfill_policy=store["backfill_policy"],
        can_subset=True,
    )
    def labels_at_maturity(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> Iterator[dg.Output[pl.DataFrame]]:
        months = months_of(context.partition_keys)
        first_mature = add_months(axis.first_snapshot, label.lag_months)
        if any(month < first_mature for month in months):
            context.log.info(
                f"no cohort is {label.lag_months} months on book before {first_mature:%Y-%m}: earlier months are empty"
            )
        labels, unlabelled = labelled_and_not(portfolio, lake, months, label, first_cohort=axis.first_snapshot)
        is_stored = "labels" in context.op_execution_context.selected_output_names
        for month, turned in (labels_turned(lake, labels, months, cases.key) if is_stored else {}).items():
            context.log.warning(f"{month:%Y-%m}: labels differ from those known before: {turned}")
            shown = {"labels_turned": turned}
            context.add_asset_metadata(shown, asset_key=store["key"], partition_key=month_key(month))
        for output, frame in (("unlabelled", unlabelled), ("labels", labels)):
            if output in context.op_execution_context.selected_output_names:
                yield dg.Output(frame, output)

    return labels_at_maturity


def labels_turned(lake: Lake, labels: pl.DataFrame, months: Sequence[date], key: str) -> dict[date, str]:
    """What a later delivery changed of the labels that are stored, by month; months without a change are left out."""
    known = [month for month in months if lake.has("gold/label_store", month)]
    if not known:
        return {}
    case = ["snapshot_month", "cohort", key]
    before, now = (
        rows.select(*case, pl.col("label").alias(name))
        for rows, name in ((lake.scan("gold/label_store", known), "before"), (labels.lazy(), "now"))
    )
    both = now.filter(pl.col("snapshot_month").is_in(known)).join(before, on=case, how="full", coalesce=True)
    counted = both.group_by("snapshot_month").agg(
        **{
            "0 to 1": ((pl.col("before") == 0) & (pl.col("now") == 1)).sum(),
            "1 to 0": ((pl.col("before") == 1) & (pl.col("now") == 0)).sum(),
            "new": pl.col("before").is_null().sum(),
            "gone": pl.col("now").is_null().sum(),
        }
    )
    rows = counted.sort("snapshot_month").collect().rows(named=True)
    found = {row.pop("snapshot_month"): row for row in rows}
    return {
        month: ", ".join(f"{name} {n:,}" for name, n in counts.items() if n)
        for month, counts in found.items()
        if any(counts.values())
    }


def labelled_and_not(
    portfolio: Portfolio, lake: Lake, months: Sequence[date], label: LabelPolicy, *, first_cohort: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cases of the cohorts that mature in some months: gold/label_store rows, and gold/unlabelled rows."""
    cases, lag, source = portfolio.cases, label.lag_months, portfolio.case_source
    until_now = month_range(first_cohort, months[-1])
    rows = lake.scan_known(cases.table, until_now, required=months)
    since = max(first_cohort, add_months(months[0], -lag))
    of_cohorts, set_aside = (
        lake.scan_known(table, month_range(since, months[-1]), required=months)
        for table in (cases.table, f"quarantine/{source.table}")
    )
    # Rows that cases are made of name no case.
    quarantined = (
        quarantined_cases(set_aside, of_cohorts, cases, lag=lag, source_key=source.cells.key[0])
        if cases.made is None
        else rows.select(cases.key, cohort="snapshot_month").clear()
    )
    labels = (
        portfolio.outcome.build(of_cohorts, label)
        .filter(pl.col("snapshot_month").is_in(months))
        .join(quarantined, on=[cases.key, "cohort"], how="anti", maintain_order="left")
        .collect()
    )
    unlabelled = find_unlabelled(
        rows,
        labels.lazy(),
        quarantined,
        cases,
        months=months,
        first_cohort=first_cohort,
        label=label,
        left=portfolio.outcome.reason_without_label,
        is_awaited=portfolio.outcome.is_awaited,
    )
    return labels, unlabelled.collect()


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
            label=config.label,
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


def _portfolio_table(
    own: PortfolioTable, portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig
) -> dg.AssetsDefinition:
    table, cases = f"gold/{own.name}", portfolio.cases.table
    sql = own.sql if isinstance(own.sql, str) else own.sql(config.label)

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
            return connection.sql(sql).pl()

    return portfolio_as_of


def gold_assets(portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig) -> list[dg.AssetsDefinition]:
    """Feature store, label store, cohort calendar and the book's own tables; before them the cases, where made."""
    made = portfolio.cases.made
    return [
        *([_cases(portfolio, made, axis, config)] if made else []),
        _feature_store(portfolio, axis, config),
        _label_store(portfolio, axis, config),
        _cohort_calendar(portfolio, axis, config),
        *(_portfolio_table(own, portfolio, axis, config) for own in portfolio.tables),
    ]
