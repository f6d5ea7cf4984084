"""Reading what the dashboard is drawn from, and writing the dashboard: by the monthly asset, and after a decision.

What the page says is written in `reports`; the asset and the months' own pages belong to `dashboard`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from os.path import relpath
from pathlib import Path

import dataframely as dy
import polars as pl

from credit_platform.assets.pages.version_documents import LEADERBOARD, PAGE
from credit_platform.errors import ModelStoreError
from credit_platform.lake.files import one_at_a_time, write_text
from credit_platform.lake.governance.decision_overrides import DecisionOverrideLog
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord, model_periods, promotions_kept
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months
from credit_platform.policy.load import Policy
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.reports.dashboard.dashboard import dashboard_page
from credit_platform.reports.dashboard.overview import DECIDED_SCHEMA, SOURCES_SCHEMA, VERSIONS_SCHEMA, Overview
from credit_platform.reports.shown_book import ShownBook
from credit_platform.schemas.early_warning import EarlyPerformance
from credit_platform.schemas.monitoring import FairLending
from credit_platform.scoring.governance.life_cycle import PeriodInForce, period_of


class MonthlyRows(dy.Schema):
    """What stands in for a table of months that a book does not have."""

    snapshot_month = dy.Date(description="Month, first day")


# Empty on the pages of a book that has none of them.
_NOT_OF_EVERY_BOOK: Mapping[str, type[dy.Schema]] = {
    "early_reads": EarlyPerformance,
    "fair_lending": FairLending,
    "vintages": MonthlyRows,
    "roll_rates": MonthlyRows,
}
DASHBOARD = "monitoring_dashboard.html"
HISTORY = "monitoring/history"
_FURTHER = {
    "Champion and challenger": "champion_challenger.html",
    "All versions": LEADERBOARD,
    "Data quality": "data_quality.html",
    "Table of all actions": "actions/history.csv",
}


def draw_dashboard(lake: Lake, policy: Policy) -> Overview | None:
    """Write the dashboard as of the newest month of history; what it was drawn from, or None before there is any.

    Raises:
        AuditError: the audit log was tampered with.
    """
    file = lake.layout.report(DASHBOARD)
    # By turns, and of the newest month: neither an older month built again nor a slower process turns the page back.
    with one_at_a_time(file):
        months = lake.months(HISTORY)
        if not months:
            return None
        overview = read_overview(lake, policy, months[-1])
        write_text(file, dashboard_page(overview))
    return overview


def read_overview(lake: Lake, policy: Policy, month: date) -> Overview:
    """Everything known in a month; tables that are not there yet come empty.

    Raises:
        MissingMonthsError: there is no history of the month.
        AuditError: the audit log was tampered with.
    """
    models = list(policy.model.models)
    layout = lake.layout
    months = {each: layout.month_page(each) for each in lake.months(HISTORY)}
    further = {name: layout.report(file) for name, file in _FURTHER.items()}
    drift = layout.report(f"drift/{month:%Y-%m}.html")
    return Overview(
        snapshot_month=month,
        aliases={name: spec.alias for name, spec in policy.model.models.items()},
        history=lake.scan(HISTORY, [month]).collect(),
        actions=of_models(lake, models, "action"),
        versions=versions_decided(lake, models),
        backtest=of_models(lake, models, "estimate_backtest", month),
        early_reads=of_models(lake, models, "early_reads", month),
        fair_lending=of_models(lake, models, "fair_lending", month),
        champion_challenger=rows_or_empty(lake, "monitoring/champion_challenger", month),
        vintages=rows_or_empty(lake, "gold/vintages", month),
        roll_rates=rows_or_empty(lake, "gold/roll_rates"),
        thresholds=floors_shown(lake, policy, month),
        book=ShownBook.of(layout.portfolio, policy.model),
        sources=_sources(lake, models, month),
        decided=decided_in(lake, lake.months(DECISIONS)),
        month_pages={each: _address(layout, page) for each, page in months.items() if page.is_file()},
        absent=absent_tables(layout),
        links={
            name: _address(layout, file)
            for name, file in {**further, f"Drift of the features, {month:%Y-%m}": drift}.items()
            if file.is_file()
        },
    )


def floors_shown(lake: Lake, policy: Policy, month: date) -> MonitoringThresholds:
    """The thresholds of policy; floors that are relative are those of the versions that decide after a month."""
    thresholds = policy.monitoring
    if not thresholds.is_relative:
        return thresholds
    for model, period in _deciding(lake, list(policy.model.models), month):
        try:
            known = lake.versions.read(model, period.version).metadata.result.out_of_time
        except ModelStoreError:
            continue  # as below
        thresholds = thresholds.of_version(model, known)
    return thresholds


def absent_tables(layout: Layout) -> frozenset[str]:
    """The tables of pages that a book of this kind does not have."""
    return frozenset(name for name in _NOT_OF_EVERY_BOOK if not layout.tables.has(name))


def decided_in(lake: Lake, months: Sequence[date]) -> pl.DataFrame:
    """What was decided in some months, as `reports.dashboard.overview.DECIDED_SCHEMA`.

    Raises:
        AuditError: the log of overridden decisions was tampered with.
    """
    if not months:
        return pl.DataFrame(schema=DECIDED_SCHEMA)
    by, key = ("snapshot_month", "model", "model_version"), lake.layout.portfolio.cases.key
    people = DecisionOverrideLog(lake.layout).overridden().rename({"case": key}).lazy()
    counted = (
        lake.scan(DECISIONS, months)
        .join(people, on=["snapshot_month", key], how="left")
        .group_by(by)
        .agg(
            n=pl.len().cast(pl.Int64),
            declined=pl.col("decision").eq("decline").mean(),
            # A person's word in line with the decision is no override (any more).
            n_overridden=pl.col("final_decision").ne(pl.col("decision")).sum().cast(pl.Int64),
        )
    )
    return counted.sort(by).collect()


def _address(layout: Layout, file: Path) -> str:
    return Path(relpath(file, layout.report(DASHBOARD).parent)).as_posix()


def of_models(lake: Lake, models: Sequence[str], part: str, month: date | None = None) -> pl.DataFrame:
    """A month of one table of every model, or all months of it; no rows where there is none."""
    return pl.concat(rows_or_empty(lake, f"monitoring/{model}/{part}", month) for model in models)


def rows_or_empty(lake: Lake, table: str, month: date | None = None) -> pl.DataFrame:
    """A month of a table, or all of it; no rows where there is none."""
    months = [each for each in lake.months(table) if month in (None, each)]
    if months:
        return lake.scan(table, months).collect()
    schema = lake.layout.tables.schema(table) or _NOT_OF_EVERY_BOOK[table.rpartition("/")[2]]
    return schema.create_empty()


def _sources(lake: Lake, models: Sequence[str], month: date) -> pl.DataFrame:
    """What the availability gate said of the versions that decide after a month, as `overview.SOURCES_SCHEMA`."""
    rows: list[tuple[str, ...]] = []
    for model, period in _deciding(lake, models, month):
        try:
            judged = lake.versions.read(model, period.version).metadata.availability
        except ModelStoreError:
            continue  # as below
        rows += [(model, period.version, source, found.status, found.reason) for source, found in judged.items()]
    return pl.DataFrame(rows, schema=SOURCES_SCHEMA, orient="row")


def _deciding(lake: Lake, models: Sequence[str], month: date) -> list[tuple[str, PeriodInForce]]:
    """The models that have a version in force after a month, each with that version's period."""
    records = PromotionLog(lake.layout).records()
    found = [(model, period_of(model_periods(records, model), add_months(month, 1))) for model in models]
    return [(model, period) for model, period in found if period is not None]


def versions_decided(lake: Lake, models: Sequence[str]) -> pl.DataFrame:
    """Every promotion and refusal of the models' versions, as `reports.dashboard.overview.VERSIONS_SCHEMA`.

    Raises:
        AuditError: the audit log was tampered with.
    """
    records = PromotionLog(lake.layout).records()
    rows: list[tuple[object, ...]] = []
    for model in models:
        standing = promotions_kept(records, model)
        rows += [_version(lake, record, stands=record in standing) for record in records if record.model == model]
    # A decision that a rule took twice is one line; of several in one month the order is that of the log.
    return pl.DataFrame(rows, schema=VERSIONS_SCHEMA, orient="row").unique(maintain_order=True)


def _version(lake: Lake, record: PromotionRecord, *, stands: bool) -> tuple[object, ...]:
    page = lake.layout.version_report(record.model, record.model_version, PAGE)
    return (
        record.model,
        record.model_version,
        record.as_of,
        record.effective_month,
        record.promoted,
        record.is_rollback,
        record.is_interim,
        stands,
        record.actor,
        "\n".join(record.reasons) or "no reason was recorded",
        *_out_of_time_aucs(lake, record),
        _address(lake.layout, page) if page.is_file() else None,
    )


def _out_of_time_aucs(lake: Lake, record: PromotionRecord) -> tuple[float | None, float | None]:
    try:
        metadata = lake.versions.read(record.model, record.model_version).metadata
    except ModelStoreError:
        return None, None  # a damaged version is told by its own check, and hides no page
    judged, whole = metadata.judged_auc("oot"), metadata.roc_auc("oot") if metadata.scarcer_sources else None
    return None if judged is None else judged.value, None if whole is None else whole.value
