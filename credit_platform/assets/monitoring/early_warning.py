"""Assets of what is known of each model before the outcome: estimates, their backtest, early reads.

Figures and tests are written in `monitoring`; what follows from them is read by the action, which belongs to
`monitoring` assets.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.assets.asset_metadata import picture
from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.assets.models.training import read_cohorts
from credit_platform.assets.monitoring.action import thresholds_of
from credit_platform.assets.monitoring.monitoring import subject_of
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.early_warning.early_findings import is_news
from credit_platform.monitoring.early_warning.early_outcomes import SCORED, CohortReading, cohort_readings, early_labels
from credit_platform.monitoring.early_warning.early_performance import measure_early_performance
from credit_platform.monitoring.early_warning.estimate import RATES, measure_backtest, measure_estimate
from credit_platform.monitoring.early_warning.source_segments import is_of_all_sources
from credit_platform.monitoring.measures import Subject
from credit_platform.months import add_months, month_key, month_range, months_of
from credit_platform.partitions import MonthlyAxis, months_before
from credit_platform.policy.load import Policy
from credit_platform.portfolios.portfolio import Portfolio, ReadEarlyOutcomes
from credit_platform.reports.figures.early_performance import early_performance_svg
from credit_platform.schemas.early_warning import EarlyPerformance
from credit_platform.statistics.intervals import FloatArray


def early_warning_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """Estimate and backtest of every configured model, and its early reads where the book has any."""
    early = portfolio.outcome.early
    made: list[dg.AssetsDefinition] = []
    for model in policy.model.models:
        made += [make(model, portfolio, axis, policy) for make in (_estimate_asset, _backtest_asset)]
        if early is not None:
            made.append(_early_performance_asset(model, early, portfolio, axis, policy))
    return made


def _known_months(lake: Lake, table: str, first: date, last: date) -> list[date]:
    return [month for month in lake.months(table) if first <= month <= last]


def _estimate_asset(model: str, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    table = f"monitoring/{model}/estimate"

    @dg.asset(
        **table_spec(portfolio, table, axis.scoring_months),
        # The validation cohorts of the version are read as well; the graph shows them through the predictions.
        deps=[dg.AssetDep(asset_key(f"prediction/{model}"))],
    )
    def outcome_to_expect(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        calibrated_on: dict[str, FloatArray] = {}
        tables = []
        for month in months_of(context.partition_keys):
            scored = lake.scan(f"prediction/{model}", [month]).collect()
            subject = subject_of(lake, scored, cohort=month, month=month, model=model)
            version = subject.model_version
            if version not in calibrated_on:
                stored = lake.versions.read(model, version)
                loans = read_cohorts(lake, stored.windows.validation, policy.model.label)
                calibrated_on[version] = stored.fitted(policy.model).predict(loans)
            measured = measure_estimate(
                scored,
                validation=calibrated_on[version],
                subject=subject,
                thresholds=thresholds_of(lake, policy, model, version),
            )
            context.add_asset_metadata(
                {"model_version": version, **_estimated_numbers(measured)}, partition_key=month_key(month)
            )
            tables.append(measured)
        return pl.concat(tables)

    return outcome_to_expect


def _estimated_numbers(measured: pl.DataFrame) -> dict[str, float]:
    rows = measured.filter(pl.col("metric").is_in(RATES), segment="all").drop_nulls("value")
    return {f"estimated_{metric}": round(value, 4) for metric, value in rows.select("metric", "value").iter_rows()}


def _early_performance_asset(
    model: str, early: ReadEarlyOutcomes, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy
) -> dg.AssetsDefinition:
    table, label_mob = f"monitoring/{model}/early_reads", policy.model.label.lag_months
    # The oldest open cohort was first read against a history that ends with the cohorts mature then.
    back = 2 * (label_mob - 1) + policy.monitoring.early_performance.history_cohorts

    @dg.asset(
        **table_spec(portfolio, table, axis.scoring_months),
        deps=[
            dg.AssetDep(asset_key(name), partition_mapping=months_before(back))
            for name in (f"prediction/{model}", portfolio.cases.table)
        ],
    )
    def first_payments(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        months = months_of(context.partition_keys)
        reads = _cohort_reads(lake, early, model, first=add_months(months[0], -back), months=months, policy=policy)
        tables = []
        for month in months:
            measured = measure_early_performance(
                reads, month=month, model=model, label_mob=label_mob, thresholds=policy.monitoring
            )
            drawn = early_performance_svg(reads, measured, month=month, confidence=policy.monitoring.confidence)
            context.add_asset_metadata(
                {**_read_numbers(measured), "by_cohort": picture("early bad rate by cohort", drawn)},
                partition_key=month_key(month),
            )
            tables.append(measured)
        return pl.concat(tables).select(EarlyPerformance.column_names())

    return first_payments


def _cohort_reads(
    lake: Lake, early: ReadEarlyOutcomes, model: str, *, first: date, months: Sequence[date], policy: Policy
) -> list[CohortReading]:
    cases, reads = lake.layout.portfolio.cases, policy.monitoring.early_performance.reads
    # The months of the run must be there; what a history lacks shows in its number of cohorts.
    snapshots = lake.scan_known(cases.table, month_range(first, months[-1]), required=months)
    labels = early_labels(snapshots, reads, read=early, label=policy.model.label, until=months[-1])
    scored = lake.scan(f"prediction/{model}", _known_months(lake, f"prediction/{model}", first, months[-1]))
    return cohort_readings(labels, scored.select("snapshot_month", cases.key, *SCORED).collect(), key=cases.key)


def _read_numbers(measured: pl.DataFrame) -> dict[str, float | str]:
    """The newest reads of the month by name, and whatever departs."""
    new = measured.filter(is_news())
    numbers: dict[str, float | str] = {
        f"{metric}_{segment}": round(float(value), 4)
        for metric, segment, value in new.filter(is_of_all_sources()).select("metric", "segment", "value").iter_rows()
        if value is not None
    }
    smallest = new.get_column("holm_p_value").min()
    if isinstance(smallest, float):
        numbers["smallest_corrected_p_value"] = round(smallest, 6)
    worse = [
        f"{metric} of {segment}" for metric, segment in new.filter(status="warn").select("metric", "segment").rows()
    ]
    return numbers | {"worse_than_before": ", ".join(worse) or "none", "open_cohorts": measured["cohort"].n_unique()}


def _backtest_asset(model: str, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    table, lag = f"monitoring/{model}/estimate_backtest", policy.model.label.lag_months
    realised, estimated = f"monitoring/{model}/performance", f"monitoring/{model}/estimate"
    back = policy.monitoring.estimate.backtest_months - 1

    @dg.asset(
        **table_spec(portfolio, table, axis.outcome_months),
        deps=[
            dg.AssetDep(asset_key(realised), partition_mapping=months_before(back)),
            dg.AssetDep(asset_key(estimated), partition_mapping=months_before(back + lag, until=lag)),
        ],
    )
    def estimates_against_outcome(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        tables = []
        for month in months_of(context.partition_keys):
            first = add_months(month, -back)
            performance = lake.scan(realised, _known_months(lake, realised, first, month)).collect()
            cohorts = _known_months(lake, estimated, add_months(first, -lag), add_months(month, -lag))
            own = performance.filter(snapshot_month=month).row(0, named=True)
            measured = measure_backtest(
                performance,
                lake.scan(estimated, cohorts).collect() if cohorts else performance.clear(),
                subject=Subject.of_row(own),
                thresholds=policy.monitoring,
            )
            context.add_asset_metadata(_backtest_numbers(measured), partition_key=month_key(month))
            tables.append(measured)
        return pl.concat(tables)

    return estimates_against_outcome


def _backtest_numbers(measured: pl.DataFrame) -> dict[str, float | str]:
    numbers: dict[str, float | str] = {}
    for metric, error, mean in measured.select("metric", "value", "mean_absolute_error").iter_rows():
        found = {f"{metric}_error": error, f"{metric}_mean_absolute_error": mean}
        numbers |= {name: round(value, 4) for name, value in found.items() if value is not None}
    hidden = measured.filter(~pl.col("may_be_shown"))["metric"].to_list()
    return numbers | {"hidden": ", ".join(hidden) or "none"}
