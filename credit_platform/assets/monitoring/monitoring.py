"""Monitoring assets of each model: stability at scoring, performance at maturity.

Metrics and rules are written in `monitoring`, the action's written reports in `reports`. Pages and tables over all
models belong to `oversight`.
"""

from datetime import date
from math import inf

import dagster as dg
import polars as pl

from credit_platform.assets.asset_metadata import trend_picture
from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.assets.monitoring.action import thresholds_of
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.models.stored_version import VersionMetadata
from credit_platform.lake.provenance import require_unaltered
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.measures import PRESENT, Subject, by_sources
from credit_platform.monitoring.performance.degradation import Baseline
from credit_platform.monitoring.performance.performance import measure_performance
from credit_platform.monitoring.performance.stability import measure_stability
from credit_platform.months import add_months, month_key, months_of
from credit_platform.partitions import MonthlyAxis, months_before, same_month
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.statistics.intervals import Interval
from credit_platform.statistics.reference import Reference

# A mix of sources whose shares are this near, over all sources together, is the same mix.
SAME_MIX = 0.1
# Figures worth a curve in the UI, of the many a month has.
_PLOTTED = ("roc_auc", "ks", "f1_score", "accuracy", "brier", "bad_rate", "mean_probability", "psi")


def subject_of(lake: Lake, scored: pl.DataFrame, *, cohort: date, month: date, model: str) -> Subject:
    """Whose figures a month's figures are: read off the predictions, or the version in force when no loan was scored.

    Raises:
        NoVersionInForceError: no loan was scored and no version could have.
    """
    if scored.height:
        first = scored.row(0, named=True)
        version, role, provenance = first["model_version"], first["sample_role"], first["provenance"]
    else:
        version, provenance = version_in_force(PromotionLog(lake.layout).records(), model, cohort)
        role = lake.versions.read(model, version).windows.role_of(cohort)
    return Subject(
        snapshot_month=month, cohort=cohort, model=model, model_version=version, sample_role=role, provenance=provenance
    )


def outcome_deps(*models: str, label: LabelPolicy) -> list[dg.AssetDep]:
    """What a cohort's figures are computed from in the month its outcome is read: its predictions and labels."""
    lag, least = label.lag_months, label.least_lag_months
    of_the_cohort = dg.TimeWindowPartitionMapping(start_offset=-lag, end_offset=-lag)
    known = same_month() if lag == least else months_before(lag - least)
    return [
        *(dg.AssetDep(asset_key(f"prediction/{model}"), partition_mapping=of_the_cohort) for model in models),
        dg.AssetDep(asset_key("gold/label_store"), partition_mapping=known),
    ]


def cohort_with_outcome(
    lake: Lake, model: str, month: date, *, label: LabelPolicy, key: str
) -> tuple[pl.DataFrame, Subject]:
    """Predictions and labels of the cohort whose outcome is read in a month, and whose figures these are."""
    cohort = add_months(month, -label.lag_months)
    known_in = label.known_in(cohort)
    require_unaltered(lake.layout, {f"prediction/{model}": [cohort], "gold/label_store": [known_in]})
    scored = lake.scan(f"prediction/{model}", [cohort]).collect()
    labels = lake.scan("gold/label_store", [known_in]).select(key, "label", snapshot_month="cohort").collect()
    subject = subject_of(lake, scored, cohort=cohort, month=month, model=model)
    # An id may be used again once its case has left: a case is known by its cohort too.
    return scored.join(labels, on=["snapshot_month", key], how="left", validate="1:1"), subject


def _numbers(figures: pl.DataFrame) -> dict[str, float | str]:
    rows = figures.filter((pl.col("segment") == "all") & pl.col("metric").is_in(_PLOTTED))
    statuses = dict(figures.group_by("status").len().sort("status").iter_rows())
    values: dict[str, float | str] = {
        str(metric): round(float(value), 4)
        for metric, value in rows.select("metric", "value").iter_rows()
        if value is not None
    }
    return values | {"figures_by_status": ", ".join(f"{status} {n}" for status, n in statuses.items())}


def _stability_asset(model: str, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    table = f"monitoring/{model}/stability"

    @dg.asset(
        **table_spec(portfolio, table, axis.scoring_months),
        deps=[
            dg.AssetDep(asset_key(f"prediction/{model}")),
            dg.AssetDep(asset_key("gold/feature_store"), partition_mapping=same_month()),
        ],
    )
    def scores_against_validation(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        key = portfolio.cases.key
        tables = []
        for month in months_of(context.partition_keys):
            scored = lake.scan(f"prediction/{model}", [month]).collect()
            features = lake.scan("gold/feature_store", [month]).collect()
            probabilities = scored.select("snapshot_month", key, "default_probability")
            subject = subject_of(lake, scored, cohort=month, month=month, model=model)
            version = lake.versions.read(model, subject.model_version)
            fitted, newest = version.fitted(policy.model), version.metadata.newest_mix
            frame = fitted.monitored(features).join(probabilities, on=["snapshot_month", key], validate="1:1")
            measured = measure_stability(
                frame,
                Reference.from_json(fitted.reference),
                subject=subject,
                thresholds=policy.monitoring,
                history=fitted.history,
                known_shares=None if newest is None else newest.present,
            )
            tables.append(measured)
            bands = policy.monitoring.psi
            trend = trend_picture(lake, table, tables, metric="psi", levels=(bands.warn, bands.alert))
            context.add_asset_metadata(
                {"model_version": subject.model_version, "psi_by_month": trend, **_numbers(measured)},
                partition_key=month_key(month),
            )
        return pl.concat(tables)

    return scores_against_validation


def _performance_asset(model: str, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    table, label = f"monitoring/{model}/performance", policy.model.label

    @dg.asset(
        **table_spec(portfolio, table, axis.outcome_months),
        deps=outcome_deps(model, label=label),
    )
    def scores_against_outcome(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        tables = []
        for month in months_of(context.partition_keys):
            scored, subject = cohort_with_outcome(lake, model, month, label=label, key=portfolio.cases.key)
            thresholds = thresholds_of(lake, policy, model, subject.model_version)
            floor = thresholds.metrics_for(model).get("roc_auc")
            floors = (floor.data_science_threshold, floor.business_threshold) if floor else ()
            metadata = lake.versions.read(model, subject.model_version).metadata
            alike = {name: _out_of_time(metadata, loans, within=SAME_MIX) for name, loans in by_sources(scored).items()}
            # Where loans of several kinds form a mix of which nothing is known, each kind is held against its own.
            is_split = len(alike) > 1 and all(baseline.roc_auc for baseline in alike.values())
            measured = measure_performance(
                scored,
                subject=subject,
                thresholds=thresholds,
                baseline=_out_of_time(metadata, scored, within=SAME_MIX if is_split else inf),
                baselines=alike,
                psi=_psi_at_scoring(lake, model, subject.cohort),
            )
            tables.append(measured)
            context.add_asset_metadata(
                {
                    "model_version": subject.model_version,
                    "cohort": month_key(subject.cohort),
                    "sample_role": subject.sample_role,
                    "roc_auc_by_month": trend_picture(lake, table, tables, metric="roc_auc", levels=floors),
                    **_numbers(measured),
                },
                partition_key=month_key(month),
            )
        return pl.concat(tables)

    return scores_against_outcome


def _out_of_time(metadata: VersionMetadata, scored: pl.DataFrame, *, within: float = inf) -> Baseline:
    """The version's out-of-time result under the mix of sources that is nearest to the cohort's: like with like."""
    found = scored.select(pl.col(PRESENT).str.split("+")).explode(PRESENT)[PRESENT]
    present = {source: n / scored.height for source, n in found.value_counts().iter_rows() if source}
    auc = metadata.baseline_auc(present, within=within)
    if auc is None or auc.value is None:
        return Baseline()
    low, high = auc.ci_low, auc.ci_high
    return Baseline(auc.value, None if low is None or high is None else Interval(low, high))


def _psi_at_scoring(lake: Lake, model: str, cohort: date) -> float | None:
    table = f"monitoring/{model}/stability"
    if not lake.has(table, cohort):
        return None
    found = lake.scan(table, [cohort]).filter((pl.col("metric") == "psi") & (pl.col("segment") == "all")).collect()
    values: list[float | None] = found["value"].to_list()
    return values[0] if values else None


def monitoring_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """Stability and performance of every configured model."""
    return [
        make(model, portfolio, axis, policy)
        for model in policy.model.models
        for make in (_stability_asset, _performance_asset)
    ]
