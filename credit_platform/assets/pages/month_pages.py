"""Reading what the page of a month is made of, and writing it: by the monthly asset, and after a training.

What the page says is written in `reports`; the dashboard over all months belongs to `overview`.
"""

from collections.abc import Sequence
from datetime import date
from os.path import relpath
from pathlib import Path

import dagster as dg
import polars as pl

from credit_platform.assets.pages.overview import (
    DASHBOARD,
    HISTORY,
    absent_tables,
    decided_in,
    draw_dashboard,
    floors_shown,
    of_models,
    rows_or_empty,
    versions_decided,
)
from credit_platform.assets.pages.version_documents import PAGE
from credit_platform.errors import CreditPlatformError
from credit_platform.lake.files import write_text
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.load import Policy
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.reports.dashboard.month_page import MonthFacts, month_page
from credit_platform.reports.dashboard.overview import model_title
from credit_platform.reports.shown_book import ShownBook


def draw_month_page(lake: Lake, policy: Policy, month: date) -> None:
    """Write the page of a month.

    Raises:
        AuditError: the audit log was tampered with.
    """
    write_text(lake.layout.month_page(month), month_page(read_month(lake, policy, month)))


def tell_of_training(lake: Lake, policy: Policy, months: Sequence[date], log: dg.DagsterLogManager) -> None:
    """Draw the pages again that tell of trainings, as far as they are there; no training fails for a page."""
    try:
        for month in months:
            if lake.layout.month_page(month).is_file():
                draw_month_page(lake, policy, month)
        draw_dashboard(lake, policy)
    except CreditPlatformError as error:
        log.warning(f"The pages were not drawn again: {error}")


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
        thresholds=floors_shown(lake, policy, month),
        links={
            name: Path(relpath(page, own)).as_posix()
            for name, page in pages.items()
            # The dashboard is written after the pages it leads to.
            if name == "Dashboard" or page.is_file()
        },
        book=ShownBook.of(layout.portfolio, policy.model),
        absent=absent_tables(layout),
        decided=decided_in(lake, [month] if lake.has(DECISIONS, month) else []),
    )


def _scored(lake: Lake, models: Sequence[str], month: date) -> pl.DataFrame:
    """What was scored in a month, one row per model and version."""
    # Only where a source brings evidence of its own are cases told apart by the sources they have.
    is_by_sources = bool(lake.layout.portfolio.features.evidence)
    by = ("model", "model_version", "provenance", *(["sources_present"] if is_by_sources else []))
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
