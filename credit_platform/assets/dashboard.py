"""The asset of the pages people look at: one dashboard over all months, and a page per month.

What pages say is written in `reports`; reading the dashboard's tables and writing it is shared with the commands and
stands in `overview`.
"""

from collections.abc import Sequence
from datetime import date
from os.path import relpath
from pathlib import Path

import dagster as dg
import polars as pl

from credit_platform.assets.charts import RenderError, draws_charts, write_charts
from credit_platform.assets.declaration import OWNERS, asset_key
from credit_platform.assets.drift_page import NEWEST_MONTH_TAG
from credit_platform.assets.model_documents import PAGE
from credit_platform.assets.overview import (
    DASHBOARD,
    HISTORY,
    draw_dashboard,
    of_models,
    rows_or_empty,
    versions_decided,
)
from credit_platform.assets.pictures import picture
from credit_platform.assets.resources import LakeResource
from credit_platform.lake.files import write_text
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables import Lake
from credit_platform.lending.months import month_key
from credit_platform.partitions import MonthlyAxis, months_before, run_months, same_month
from credit_platform.policy.load import Policy
from credit_platform.reports.action_history import history_csv
from credit_platform.reports.dashboard import verdicts_of
from credit_platform.reports.figures import rows_of
from credit_platform.reports.month_facts import MonthFacts
from credit_platform.reports.month_page import month_page
from credit_platform.reports.overview import Overview, model_title
from credit_platform.reports.svg import trend_svg

ACTION_HISTORY = "actions/history.csv"
_OF_MODELS = ("estimate_backtest", "early_reads", "fair_lending")


def dashboard_asset(axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    """The dashboard and the pages of the months of a run."""
    models = list(policy.model.models)

    @dg.asset(
        key=asset_key("monitoring/dashboard"),
        description=(
            "One page over all models and months, as of the newest month that has an action: is each model fit for "
            "use, since when, why, and what was done; and one page per month. Files that open without a network; "
            "their paths are in the metadata."
        ),
        partitions_def=axis.outcome_months,
        backfill_policy=dg.BackfillPolicy.single_run(),
        owners=[OWNERS["monitoring"]],
        kinds={"plotly", "html"},
        deps=[
            *(
                dg.AssetDep(asset_key(table), partition_mapping=same_month())
                for table in (
                    HISTORY,
                    "monitoring/champion_challenger",
                    "gold/vintages",
                    "monitoring/row_balance",
                    "monitoring/data_quality",
                    *(f"monitoring/{model}/{part}" for model in models for part in _OF_MODELS),
                )
            ),
            *(
                dg.AssetDep(asset_key(table), partition_mapping=months_before(120))
                for table in ("gold/roll_rates", *(f"monitoring/{model}/action" for model in models))
            ),
        ],
    )
    def pages_for_people(context: dg.AssetExecutionContext, lake: LakeResource) -> None:
        months = run_months(context)
        for month in months:
            write_text(lake.layout.month_page(month), month_page(read_month(lake.lake, policy, month)))
        overview = draw_dashboard(lake.lake, policy)
        if overview is None:
            return
        write_text(lake.layout.report(ACTION_HISTORY), history_csv(overview.actions))
        newest = context.run.tags.get(NEWEST_MONTH_TAG)
        charts = _charts(overview, lake.layout, is_drawn=draws_charts(months, newest, policy.monitoring.charts.png))
        for month in months:
            told = _metadata(overview, lake.layout.report(DASHBOARD), lake.layout.month_page(month))
            context.add_asset_metadata({**told, **charts}, partition_key=month_key(month))

    return pages_for_people


def _charts(overview: Overview, layout: Layout, *, is_drawn: bool) -> dict[str, dg.MetadataValue]:
    """Where the charts lie as pictures, or in words why there are none."""
    if not is_drawn:
        return {
            "charts": dg.MetadataValue.text("not drawn: by policy charts.png, or a later month of the run draws them")
        }
    try:
        files = write_charts(overview, layout)
    except RenderError as error:
        return {"charts": dg.MetadataValue.text(f"not drawn: {error}")}
    return {"charts": dg.MetadataValue.path(str(files[0].parent)), "n_charts": dg.MetadataValue.int(len(files))}


def _metadata(overview: Overview, page: Path, month_page: Path) -> dict[str, dg.MetadataValue]:
    verdicts = {
        f"{verdict.model}_verdict": dg.MetadataValue.text(f"{verdict.headline}; {verdict.since}")
        for verdict in verdicts_of(overview)
    }
    return {
        "page": dg.MetadataValue.path(str(page)),
        "month_page": dg.MetadataValue.path(str(month_page)),
        "as_of": dg.MetadataValue.text(month_key(overview.snapshot_month)),
        **verdicts,
        **_pictures(overview),
    }


def _pictures(overview: Overview) -> dict[str, dg.MetadataValue]:
    """The ROC-AUC of every model by month, small enough to be shown without a click."""
    found: dict[str, dg.MetadataValue] = {}
    for model, name in overview.names.items():
        rows = rows_of(overview.known, model=model, layer="performance", metric="roc_auc")
        floor = overview.thresholds.metrics_for(model).get("roc_auc")
        levels = (floor.data_science_threshold, floor.business_threshold) if floor else ()
        svg = trend_svg(
            rows["observed_month"].to_list(),
            rows["value"].to_list(),
            title=f"ROC-AUC, {name}",
            low=rows["ci_low"].to_list(),
            high=rows["ci_high"].to_list(),
            levels=[level for level in levels if level is not None],
        )
        found[f"{model}_roc_auc_by_month"] = picture(f"ROC-AUC, {name}", svg)
    return found


def read_month(lake: Lake, policy: Policy, month: date) -> MonthFacts:
    """What is known of one month; tables that are not there yet come empty.

    Raises:
        AuditError: the audit log was tampered with.
    """
    specs = policy.model.models
    models, layout = list(specs), lake.layout
    versions = versions_decided(lake, models).filter(pl.col("as_of") == month)
    history = rows_or_empty(lake, HISTORY, month)
    pages = {
        "Dashboard": layout.report(DASHBOARD),
        "Champion and challenger": layout.report("champion_challenger.html"),
        "Data quality": layout.report("data_quality.html"),
        "Drift of the features": layout.report(f"drift/{month:%Y-%m}.html"),
        **{
            f"Action report, {specs[model].alias}": layout.report(
                f"actions/{specs[model].alias}_action_{month:%Y_%m_%d}.txt"
            )
            for model in models
        },
        **{
            f"Version {version}": layout.version_report(model, version, PAGE)
            for model, version in versions.select("model", "model_version").unique(maintain_order=True).rows()
        },
    }
    own = layout.month_page(month).parent
    return MonthFacts(
        month=month,
        names={model: model_title(model, specs[model].alias) for model in models},
        balance=rows_or_empty(lake, "monitoring/row_balance", month),
        quality=rows_or_empty(lake, "monitoring/data_quality", month),
        scored=_scored(lake, models, month),
        stability=of_models(lake, models, "stability", month),
        early_reads=of_models(lake, models, "early_reads", month),
        performance=of_models(lake, models, "performance", month),
        actions=of_models(lake, models, "action", month),
        versions=versions,
        history=history,
        thresholds=policy.monitoring,
        links={
            name: Path(relpath(page, own)).as_posix()
            for name, page in pages.items()
            # The dashboard is written after the pages it leads to.
            if name == "Dashboard" or page.is_file()
        },
    )


def _scored(lake: Lake, models: Sequence[str], month: date) -> pl.DataFrame:
    """What was scored in a month, one row per model and version."""
    by = ("model", "model_version", "provenance", "sources_present")
    found = [
        lake.scan(f"prediction/{model}", [month])
        .group_by(by)
        .agg(
            n=pl.len().cast(pl.Int64),
            mean_probability=pl.col("default_probability").mean(),
            declined=(pl.col("decision") == "decline").mean(),
        )
        .sort(by)
        .collect()
        for model in models
        if lake.has(f"prediction/{model}", month)
    ]
    schema = dict.fromkeys(by, pl.String) | {"n": pl.Int64, "mean_probability": pl.Float64, "declined": pl.Float64}
    return pl.concat([pl.DataFrame(schema=schema), *found], how="vertical_relaxed")
