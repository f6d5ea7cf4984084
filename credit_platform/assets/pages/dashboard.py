"""The asset of the pages people look at: one dashboard over all months, and a page per month.

What pages say is written in `reports`; reading their tables and writing them is shared with trainings and commands and
stands in `overview` and `month_pages`.
"""

from pathlib import Path

import dagster as dg

from credit_platform.assets.asset_metadata import picture
from credit_platform.assets.asset_spec import OWNERS, asset_key
from credit_platform.assets.monitoring.evidently_page import NEWEST_MONTH_TAG
from credit_platform.assets.pages.charts import RenderError, draws_charts, write_charts
from credit_platform.assets.pages.month_pages import draw_month_page
from credit_platform.assets.pages.overview import DASHBOARD, HISTORY, draw_dashboard
from credit_platform.lake.files import write_text
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, months_before, same_month
from credit_platform.policy.load import Policy
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import tables_of
from credit_platform.reports.dashboard.dashboard import verdicts_of
from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.documents.action_report import history_csv
from credit_platform.reports.figures.model_months import rows_of
from credit_platform.reports.figures.svg import trend_svg
from credit_platform.texts import description_of

ACTION_HISTORY = "actions/history.csv"
# Tables of a book of which the page shows every month, not the newest alone.
_OVER_MONTHS = frozenset({"gold/roll_rates"})
_OF_MODELS = ("estimate_backtest", "early_reads", "fair_lending")


def dashboard_asset(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    """The dashboard and the pages of the months of a run."""
    models, tables = list(policy.model.models), tables_of(portfolio)
    book = [f"gold/{own.name}" for own in portfolio.tables]

    @dg.asset(
        key=asset_key("monitoring/dashboard"),
        description=description_of(__file__, "monitoring/dashboard"),
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
                    *(table for table in book if table not in _OVER_MONTHS),
                    "monitoring/row_balance",
                    "monitoring/data_quality",
                    *(f"monitoring/{model}/{part}" for model in models for part in tables.parts(_OF_MODELS)),
                )
            ),
            *(
                dg.AssetDep(asset_key(table), partition_mapping=months_before(120))
                for table in (
                    *(table for table in book if table in _OVER_MONTHS),
                    *(f"monitoring/{model}/action" for model in models),
                )
            ),
        ],
    )
    def pages_for_people(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
        months = months_of(context.partition_keys)
        for month in months:
            draw_month_page(lake, policy, month)
        overview = draw_dashboard(lake, policy)
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
        f"{verdict.model}_verdict": dg.MetadataValue.text(
            f"{verdict.headline}; since {verdict.since}" if verdict.since else verdict.headline
        )
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
