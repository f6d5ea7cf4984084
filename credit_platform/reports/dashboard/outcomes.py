"""The dashboard's sections on what was decided and how the models did once outcomes were known.

What is seen earlier belongs in `dashboard_signals`, the figures themselves in `figures` and `comparison_figures`.
"""

from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any

import polars as pl

from credit_platform.reports.dashboard.decisions import changes_of_champion
from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.figures.comparison import latest_metrics, ranking_side_by_side
from credit_platform.reports.figures.matrices import confusion_tables
from credit_platform.reports.figures.model_months import bad_rate_against_probability, metric_trends, rows_of, timeline
from credit_platform.reports.page import Section, figure_html, section_of, table_html
from credit_platform.reports.wording import ACTIONS, interval_text, metric_name, number_text, plain_lines, words

TRENDS = ("roc_auc", "f1_score", "accuracy")
CALIBRATION = ("calibration_in_the_large", "calibration_slope", "brier", "ks", "gini")
NO_OUTCOME = "<p>Unknown: no outcome is known yet.</p>"


def newest_text(overview: Overview, *, layer: str, metric: str) -> str:
    """How many cases the newest point of each model rests on, in a sentence."""
    told: list[str] = []
    cases = overview.book.words.cases
    for model, name in overview.names.items():
        rows = rows_of(overview.known, model=model, layer=layer, metric=metric)
        if rows.is_empty():
            told.append(f"{name}: unknown, nothing was measured yet")
            continue
        row = rows.row(-1, named=True)
        value = figure_text(row)
        bads = "bads not yet known" if row["n_bad"] is None else f"{row['n_bad']} bads"
        status = "" if row["status"] == "ok" else f", {row['status']}"
        told.append(f"{name}: {value} on {row['n']} {cases} of {row['cohort']:%Y-%m}, {bads}{status}")
    return f"<p class='soft'>Newest {escape(metric_name(metric))}. {escape('. '.join(told))}.</p>" if told else ""


def figure_text(row: Mapping[str, Any], *, decimals: int = 4) -> str:
    """A monitored figure with its interval, if it can have one."""
    value, low, high = row["value"], row["ci_low"], row["ci_high"]
    if low is None or high is None:
        return number_text(value, decimals=decimals)
    return interval_text(value, low, high, decimals=decimals)


def timeline_section(overview: Overview) -> Section:
    """Actions and versions over the months, as a strip and as a table."""
    past, names = overview.past_actions, overview.names
    strip = figure_html(
        timeline(past, overview.known_versions, names=names, champions=_new_champions(overview)),
        name="actions",
        label="Actions and versions by month",
    )
    newest = past.sort(["snapshot_month", "model"], descending=[True, False])
    table = table_html(
        newest.select(
            pl.col("snapshot_month").dt.strftime("%Y-%m"),
            pl.col("cohort").dt.strftime("%Y-%m"),
            pl.col("model").replace(overview.short_names),
            pl.col("action").replace(dict(ACTIONS)),
            pl.col("state").str.replace_all("_", " "),
            pl.when("actionable").then(pl.lit("yes")).otherwise(pl.lit("no, backtest")),
            pl.col("reasons").map_elements(plain_lines, return_dtype=pl.String),
        ),
        headings=["Month", "Cohort", "Model", "Action", "State", "Acted on", "Reasons"],
        links={"snapshot_month": [overview.month_pages.get(month) for month in newest["snapshot_month"].to_list()]},
    )
    return section_of(
        __file__,
        "timeline",
        f"{strip}\n{table}" if past.height else f"{strip}\n<p>No action has been decided yet.</p>",
        overview.book,
    )


def _new_champions(overview: Overview) -> dict[date, str]:
    changes = changes_of_champion(overview.past_decisions)
    return {month: overview.short_names.get(now, now) for month, (_, now) in changes.items()}


def outcome_sections(overview: Overview) -> list[Section]:
    """Performance, both models beside each other, calibration, confusion."""
    return [
        *(_trend_section(overview, metric) for metric in TRENDS),
        _comparison_section(overview),
        _calibration_section(overview),
        _confusion_section(overview),
    ]


def _trend_section(overview: Overview, metric: str) -> Section:
    figure = metric_trends(overview.known, [metric], names=overview.names, thresholds=overview.thresholds)
    label = f"{metric_name(metric)} by month and model, with interval and thresholds"
    content = figure_html(figure, name=metric, label=label) + newest_text(overview, layer="performance", metric=metric)
    return section_of(__file__, f"trend_{metric}", content, overview.book)


def _comparison_section(overview: Overview) -> Section:
    said = overview.book.words
    side = figure_html(
        ranking_side_by_side(overview.known, overview.champion_challenger, names=overview.names, cases=said.cases),
        name="models_compared",
        label="ROC-AUC of the models by month, and their difference by cohort",
    )
    summary = figure_html(
        latest_metrics(overview.known, names=overview.names, thresholds=overview.thresholds),
        name="summary",
        label="Metrics of the newest cohort with outcomes, by model, with intervals and thresholds",
    )
    decisions = words("challenger_decisions")
    told = "".join(
        f"<p><strong>{escape(overview.names.get(challenger, challenger))} against "
        f"{escape(overview.names.get(champion, champion))}:</strong> {escape(decisions.get(decision, decision))}. "
        f"{escape('. '.join(reason.rstrip('.') for reason in reasons.splitlines()))}.</p>"
        for challenger, champion, decision, reasons in overview.champion_challenger.select(
            "challenger", "champion", "decision", "reasons"
        )
        .unique(maintain_order=True)
        .rows()
    )
    page = overview.links.get("Champion and challenger")
    link = f"<p class='further'><a href='{escape(page, quote=True)}'>The comparison in full</a></p>" if page else ""
    return section_of(
        __file__,
        "models",
        f"{told or '<p>Unknown: the models have not been compared yet.</p>'}{side}{summary}{link}",
        overview.book,
    )


def _calibration_section(overview: Overview) -> Section:
    figure = bad_rate_against_probability(overview.known, names=overview.names, thresholds=overview.thresholds)
    drawn = figure_html(
        figure,
        name="bad_rate",
        label=f"Observed bad rate and mean {overview.book.words.event} probability by month and model",
    )
    return section_of(
        __file__,
        "calibration",
        drawn + newest_text(overview, layer="performance", metric="bad_rate") + _calibration_table(overview),
        overview.book,
    )


def _calibration_table(overview: Overview) -> str:
    rows: list[tuple[object, ...]] = []
    for model, name in overview.short_names.items():
        for metric in CALIBRATION:
            found = rows_of(overview.known, model=model, layer="performance", metric=metric).tail(1)
            rows += [
                (name, metric_name(metric), figure_text(row), row["n"], row["n_bad"], row["status"])
                for row in found.iter_rows(named=True)
            ]
    if not rows:
        return NO_OUTCOME
    frame = pl.DataFrame(rows, schema=["model", "metric", "value", "n", "n_bad", "status"], orient="row")
    return table_html(
        frame, headings=["Model", "Metric", "Newest value and interval", overview.book.words.heading, "Bads", "Status"]
    )


def _confusion_section(overview: Overview) -> Section:
    said = overview.book.words
    figure = confusion_tables(overview.known, names=overview.names, cases=said.cases)
    has_cells = not overview.known.filter(layer="performance", metric="tp").is_empty()
    drawn = figure_html(figure, name="confusion", label=f"{said.heading} by outcome and decision")
    return section_of(
        __file__,
        "confusion_matrices",
        drawn + newest_text(overview, layer="performance", metric="accuracy") if has_cells else NO_OUTCOME,
        overview.book,
    )
