"""The asset that has Evidently draw the features of a month against development.

How the page is drawn is written in `monitoring.performance.evidently_page`; what decides about drift, in
`monitoring.performance.stability`.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from credit_platform.assets.asset_spec import OWNERS, asset_key
from credit_platform.lake.files import write_text
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.performance.evidently_page import DriftPage, draw_drift_page
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, same_month
from credit_platform.policy.load import Policy
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.scoring.transformers.transformer import reference_numbers
from credit_platform.texts import description_of

# Run tag with the newest month of what a command is about to do: pages are drawn for it and not for those on the way.
NEWEST_MONTH_TAG = "credit_platform/newest_month"
_N_NAMED = 10


def _months_with_page(months: Sequence[date], newest: str | None, pages: str) -> list[date]:
    if pages == "all":
        return list(months)
    if pages == "none" or (newest is not None and month_key(months[-1]) < newest):
        return []
    return [months[-1]]


def _page_metadata(page: DriftPage, model: str, version: str, cohorts: Sequence[date]) -> dict[str, dg.MetadataValue]:
    lines = [f"| {name} | {distance:.3f} |" for name, distance in list(page.distances.items())[:_N_NAMED]]
    return {
        "drifted_features": dg.MetadataValue.int(len(page.drifted)),
        "drifted_share": dg.MetadataValue.float(len(page.drifted) / max(len(page.distances), 1)),
        "compared_features": dg.MetadataValue.int(len(page.distances)),
        "not_comparable": dg.MetadataValue.text(", ".join(page.unknown) or "none"),
        "compared_with": dg.MetadataValue.text(
            f"validation cohorts {cohorts[0]:%Y-%m} to {cohorts[-1]:%Y-%m} of {model} {version}"
        ),
        "largest_distances": dg.MetadataValue.md("\n".join(["| feature | distance |", "|---|---|", *lines])),
    }


def drift_page_asset(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    """One page per month that policy asks for, over the features all models share."""
    models, words = list(policy.model.models), portfolio.words

    @dg.asset(
        key=asset_key("monitoring/drift_page"),
        description=description_of(__file__, "monitoring/drift_page", words=words),
        partitions_def=axis.scoring_months,
        backfill_policy=dg.BackfillPolicy.single_run(),
        owners=[OWNERS["monitoring"]],
        kinds={"evidently", "html"},
        deps=[
            dg.AssetDep(asset_key("gold/feature_store"), partition_mapping=same_month()),
            dg.AssetDep(asset_key(f"model/{models[0]}"), partition_mapping=dg.AllPartitionMapping()),
        ],
    )
    def features_against_development(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
        months = months_of(context.partition_keys)
        drawn = _months_with_page(months, context.run.tags.get(NEWEST_MONTH_TAG), policy.monitoring.evidently.pages)
        records, features = PromotionLog(lake.layout).records(), lake.layout.portfolio.features
        for month in months:
            if month not in drawn:
                note = f"no page: policy evidently.pages is {policy.monitoring.evidently.pages}"
                context.add_asset_metadata({"page": note}, partition_key=month_key(month))
                continue
            version, _ = version_in_force(records, models[0], month)
            stored = lake.versions.read(models[0], version)
            now, development = (
                stored.fitted(policy.model).monitored(lake.scan("gold/feature_store", cohorts).collect())
                for cohorts in ([month], stored.windows.validation)
            )
            if now.is_empty():
                note = f"no page: no {words.case} was {words.written} in this month"
                context.add_asset_metadata({"page": note}, partition_key=month_key(month))
                continue
            page = draw_drift_page(
                now, development, numeric=reference_numbers(features), categorical=features.categorical
            )
            file = lake.layout.report(f"drift/{month:%Y-%m}.html")
            write_text(file, page.html)
            told = _page_metadata(page, models[0], version, stored.windows.validation)
            context.add_asset_metadata(
                {"page": dg.MetadataValue.path(str(file)), **told}, partition_key=month_key(month)
            )

    return features_against_development
