"""The monitoring page of a month: the verdict on every model, then the figures it rests on.

Figures are drawn in `figures` and `matrices`, the page's frame is `page`, the verdict `verdict`.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.lending.months import add_months
from credit_platform.reports.figures import action_strip, bad_rate_against_probability, metric_trend, psi_trend
from credit_platform.reports.matrices import confusion_tables, csi_heat_map, n_shown_features
from credit_platform.reports.page import Section, figure_html, page_html, table_html
from credit_platform.reports.verdict import Verdict, verdict_on
from credit_platform.reports.wording import ACTIONS, metric_name, model_name, month_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from credit_platform.policy.monitoring_thresholds import MonitoringThresholds

STATE_CLASSES = {
    "healthy": "good", "watch": "watch", "active_monitoring": "watch", "retrain_required": "bad", "retraining": "bad",
    "resolved": "watch",
}  # fmt: skip
TREND_LEADS = {
    "roc_auc": (
        "do the models still rank bads above goods?",
        (
            "A point below the data-science line calls for active monitoring, below the business line for retraining. "
            "When the ribbon reaches across a line, chance alone can explain the point. Open markers are a backtest."
        ),
    ),
    "f1_score": (
        "do the decisions at the cut-off still find the bads?",
        "F1 weighs the bads that were declined against the goods declined with them. It informs and does not decide.",
    ),
    "accuracy": (
        "how many loans were decided as they turned out?",
        "Read accuracy beside the bad rate below: approving every loan is right for all goods.",
    ),
}


def dashboard_page(
    *,
    snapshot_month: date,
    history: pl.DataFrame,
    actions: pl.DataFrame,
    versions: pl.DataFrame,
    thresholds: MonitoringThresholds,
) -> str:
    """The page as one self-contained HTML text; the same input gives the same text.

    Args:
        snapshot_month: The month the page is of; nothing later is shown, whatever the frames hold.
        history: Rows of `schemas.monitoring.MonitoringHistory` as of the month.
        actions: Rows of `schemas.monitoring.Action` of all models and months.
        versions: `model`, `model_version`, `effective_month`, `oot_roc_auc`, one row per promotion.
        thresholds: The policy in force, for its lines and bands.
    """
    known = history.filter((pl.col("snapshot_month") == snapshot_month) & (pl.col("observed_month") <= snapshot_month))
    past = actions.filter(pl.col("snapshot_month") <= snapshot_month).sort("snapshot_month", "model")
    versions = _known_versions(versions, known, snapshot_month)
    models = sorted({name for frame in (known, past, versions) for name in frame.get_column("model").to_list()})
    verdicts = [verdict_on(model, snapshot_month=snapshot_month, actions=past, versions=versions) for model in models]
    sections = [
        _actions_section(past, models),
        *(_trend_section(known, metric, models, thresholds) for metric in TREND_LEADS),
        _calibration_section(known, models, thresholds),
        _confusion_section(known, models),
        _psi_section(known, models, thresholds),
        _csi_section(known, models, thresholds),
        _versions_section(versions),
    ]
    return page_html(
        title=f"Model monitoring, {month_name(snapshot_month)}",
        introduction=_introduction(snapshot_month, known, verdicts),
        sections=sections,
    )


def _known_versions(versions: pl.DataFrame, known: pl.DataFrame, snapshot_month: date) -> pl.DataFrame:
    """Versions promoted by the month (they take effect in the next), and the later one that scored a backtest."""
    is_promoted = pl.col("effective_month") <= add_months(snapshot_month, 1)
    seen = known.select("model", "model_version").unique()
    backtested = versions.filter(~is_promoted).join(seen, on=["model", "model_version"], how="semi")
    return pl.concat([versions.filter(is_promoted), backtested]).sort("model", "effective_month")


def _introduction(snapshot_month: date, known: pl.DataFrame, verdicts: Sequence[Verdict]) -> str:
    cohorts = known.filter(layer="performance").get_column("cohort")
    newest = cohorts.max()
    outcome = (
        f"Outcomes are known for loans written up to {newest:%Y-%m}."
        if newest is not None
        else "No outcome is known yet."
    )
    cards = "\n".join(_card(verdict) for verdict in verdicts) or "<p>No model has been scored or promoted yet.</p>"
    return (
        f"<p class='soft'>What was known on {snapshot_month:%Y-%m-%d}. {escape(outcome)}</p>\n"
        f"<div class='cards'>\n{cards}\n</div>"
    )


def _card(verdict: Verdict) -> str:
    rows = [
        ("Since", (verdict.since,) if verdict.since else ()),
        ("Why", verdict.why),
        ("Done", verdict.done),
    ]
    facts = "".join(
        f"<dt>{name}</dt><dd><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul></dd>"
        for name, lines in rows
        if lines
    )
    look = STATE_CLASSES.get(verdict.state, "unknown")
    return (
        f"<article class='card {look}'><h3>{escape(model_name(verdict.model))}</h3>"
        f"<p class='verdict'>{escape(verdict.headline)}</p><dl>{facts}</dl></article>"
    )


def _trend_section(
    known: pl.DataFrame, metric: str, models: Sequence[str], thresholds: MonitoringThresholds
) -> Section:
    heading, lead = TREND_LEADS[metric]
    figure = metric_trend(known, metric, models=models, thresholds=thresholds)
    label = f"{metric_name(metric)} by month and model, with interval and thresholds"
    return Section(f"{metric_name(metric)}: {heading}", lead, figure_html(figure, name=metric, label=label))


def _actions_section(past: pl.DataFrame, models: Sequence[str]) -> Section:
    strip = figure_html(action_strip(past, models=models), name="actions", label="Action by month and model")
    table = table_html(
        past.sort(["snapshot_month", "model"], descending=[True, False]).select(
            pl.col("snapshot_month").dt.strftime("%Y-%m"),
            pl.col("cohort").dt.strftime("%Y-%m"),
            pl.col("model").replace({model: model_name(model) for model in models}),
            pl.col("action").replace(dict(ACTIONS)),
            pl.when("actionable").then(pl.lit("yes")).otherwise(pl.lit("no, backtest")),
            pl.col("reasons"),
        ),
        headings=["Month", "Cohort", "Model", "Action", "Acted on", "Reasons"],
    )
    return Section(
        "Actions: what was decided, month by month",
        "Circles go on as planned, triangles are watched closely, squares were sent to retraining. Open markers are a "
        "backtest on loans the version was developed with: shown, never acted on.",
        f"{strip}\n{table}",
    )


def _calibration_section(known: pl.DataFrame, models: Sequence[str], thresholds: MonitoringThresholds) -> Section:
    figure = bad_rate_against_probability(known, models=models, thresholds=thresholds)
    return Section(
        "Bad rate: do as many loans default as the models said?",
        "The dashed line should run inside the ribbon: above it the model overstates the risk, below it understates.",
        figure_html(figure, name="bad_rate", label="Observed bad rate and mean default probability by month and model"),
    )


def _confusion_section(known: pl.DataFrame, models: Sequence[str]) -> Section:
    return Section(
        "Confusion: where did the latest decisions go wrong?",
        "Bads approved cost the loan, goods declined cost the customer. Latest month with outcomes.",
        figure_html(confusion_tables(known, models=models), name="confusion", label="Loans by outcome and decision"),
    )


def _psi_section(known: pl.DataFrame, models: Sequence[str], thresholds: MonitoringThresholds) -> Section:
    figure = psi_trend(known, models=models, thresholds=thresholds)
    return Section(
        "PSI: are the loans scored now like those the version was trained on?",
        "Known at once, six months before outcomes. At or above the alert line the population has shifted; near the "
        "dotted line a value is what sampling alone produces. A new version starts from its own reference.",
        figure_html(figure, name="psi", label="Population stability index by month and model"),
    )


def _csi_section(known: pl.DataFrame, models: Sequence[str], thresholds: MonitoringThresholds) -> Section:
    parts = []
    for model in models:
        shown, n = n_shown_features(known, model=model)
        if not n:
            continue
        figure = csi_heat_map(known, model=model, thresholds=thresholds)
        caption = (
            f"<h3>{escape(model_name(model))}</h3><p class='soft'>The {shown} of {n} features that moved most.</p>"
        )
        label = f"Characteristic stability index by feature and month, {model_name(model)}"
        parts.append(f"<div>{caption}{figure_html(figure, name=f'csi_{model}', label=label)}</div>")
    content = f"<div class='pair'>{''.join(parts)}</div>" if parts else "<p>No feature has been compared yet.</p>"
    return Section(
        "CSI: which features have moved?",
        "Darker is further from training. A feature that darkens before the scores do is the first place to look.",
        content,
    )


def _versions_section(versions: pl.DataFrame) -> Section:
    ordered = versions.sort("model", "effective_month")
    until = pl.col("effective_month").shift(-1).over("model").dt.offset_by("-1mo").dt.strftime("%Y-%m")
    table = ordered.select(
        pl.col("model").replace({name: model_name(name) for name in ordered.get_column("model").unique().to_list()}),
        pl.col("model_version"),
        pl.col("effective_month").dt.strftime("%Y-%m"),
        until.fill_null("further notice").alias("until"),
        pl.col("oot_roc_auc"),
    )
    return Section(
        "Versions: which one decided when?",
        "Losses are measured against the out-of-time ROC-AUC. Months before the first version were scored by it too, "
        "looking back.",
        table_html(table, headings=["Model", "Version", "In force from", "Until", "Out-of-time ROC-AUC"]),
    )
