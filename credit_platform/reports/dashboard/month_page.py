"""The page of one month: what came in, what was scored by which version, what was seen, what was decided.

Tables and small pictures only, so that it costs next to nothing and opens at once. Reading what is known of the month
is wiring; the dashboard over all months is `dashboard`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import Any

import polars as pl

from credit_platform.monitoring.early_warning.early_performance_tests import ALL_READS
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.reports.dashboard.decisions import decided_by
from credit_platform.reports.dashboard.overview import DECIDED_SCHEMA, with_outcomes
from credit_platform.reports.figures.model_months import rows_of
from credit_platform.reports.figures.svg import trend_svg
from credit_platform.reports.page import Section, calendar_html, page_html, section_of, table_html
from credit_platform.reports.shown_book import ShownBook
from credit_platform.reports.wording import (
    ACTIONS,
    interval_text,
    metric_name,
    month_name,
    number_text,
    plain,
    plain_lines,
    read_name,
    transition_text,
    words,
)

SHOWN_OUTCOMES = (
    "roc_auc",
    "accuracy",
    "f1_score",
    "precision",
    "recall",
    "bad_rate",
    "mean_probability",
    "ks",
    "brier",
)
SHOWN_DRIFTS = ("psi", "psi_sampling_floor", "mean_probability_drift", "std_probability_drift")
N_MOVED = 5


@dataclass(frozen=True)
class MonthFacts:
    """What is known of a month; all frames hold rows of the month alone, those of models of all models together.

    `balance` and `quality` are rows of `schemas.monitoring.RowBalance` and `schemas.evidence.DataQuality`; `scored` has
    `model, model_version, provenance, sources_present, n, mean_probability, declined`, without the sources for a book
    whose cases are not told apart by them; `versions` are the decisions taken as of the month, as
    `overview.VERSIONS_SCHEMA`; the others are rows of the schemas of these names. `history` ends with the month,
    `decided` has `overview.DECIDED_SCHEMA`. `links` are further pages by name, with addresses as seen from the page.
    `absent` are the tables that a book of this kind does not have.
    """

    month: date
    names: Mapping[str, str]
    balance: pl.DataFrame
    quality: pl.DataFrame
    scored: pl.DataFrame
    stability: pl.DataFrame
    early_reads: pl.DataFrame
    performance: pl.DataFrame
    actions: pl.DataFrame
    versions: pl.DataFrame
    history: pl.DataFrame
    thresholds: MonitoringThresholds
    links: Mapping[str, str]
    book: ShownBook
    absent: frozenset[str] = frozenset()
    decided: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DECIDED_SCHEMA))


def month_page(facts: MonthFacts) -> str:
    """The page as one self-contained HTML text; the same facts give the same text."""
    links = " · ".join(f"<a href='{escape(page, quote=True)}'>{escape(name)}</a>" for name, page in facts.links.items())
    return page_html(
        title=f"The month {month_name(facts.month)}",
        introduction=f"<p class='further'>{links}</p>\n{calendar_html(facts.book)}{_summary(facts)}",
        sections=[
            _sources(facts),
            _scored(facts),
            _stability(facts),
            *([] if "early_reads" in facts.absent else [_early_performance(facts)]),
            _outcome(facts),
            _actions(facts),
            _versions(facts),
        ],
        has_figures=False,
    )


def _summary(facts: MonthFacts) -> str:
    """One sentence per model: what was decided."""
    told = []
    for row in _ordered(facts, facts.actions):
        name, first = facts.names.get(row["model"], row["model"]), str(row["reasons"]).split("\n")[0]
        backtest = "" if row["actionable"] else " (backtest, not acted on)"
        told.append(
            f"<li><strong>{escape(name)}</strong>: {escape(words('verdicts')[row['state']])}. "
            f"{escape(ACTIONS[row['action']])}{backtest}: {escape(plain(first))}</li>"
        )
    return f"<ul>{''.join(told)}</ul>" if told else "<p>Unknown: no action has been decided in this month.</p>"


def _ordered(facts: MonthFacts, frame: pl.DataFrame) -> list[dict[str, Any]]:
    place = {model: number for number, model in enumerate(facts.names)}
    return sorted(frame.iter_rows(named=True), key=lambda row: place.get(row["model"], len(place)))


def _table(rows: Sequence[Sequence[object]], headings: Sequence[str], nothing: str) -> str:
    """Rows of one width; a column is of numbers where all its cells are."""
    if not rows:
        return f"<p>{escape(nothing)}</p>"
    frame = pl.DataFrame(list(rows), schema=[f"column_{n}" for n in range(len(headings))], orient="row")
    return table_html(frame, headings=headings, missing="unknown")


def _sources(facts: MonthFacts) -> Section:
    counts = ("rows_in", "rows_out", "quarantined", "duplicates_dropped", "rows_repaired")
    balance = facts.balance.sort("table").select("table", *counts).rows()
    totals = facts.quality.filter(dimension="total").sort("source").select("source", "value", "detail").rows()
    headings = ["Table", "Rows delivered", "Rows kept", "Set aside", "Repetitions dropped", "Repaired"]
    counted = _table(balance, headings, "Unknown: the rows of this month have not been counted.")
    unmeasured = "Unknown: the quality of this month has not been measured."
    told = _table(totals, ["Source", "Quality", "In words"], unmeasured)
    return section_of(__file__, "sources", counted + told, facts.book)


def _scored(facts: MonthFacts) -> Section:
    rows = [
        (
            facts.names.get(str(row["model"]), row["model"]),
            *(row[name] for name in facts.scored.columns[1:]),
        )
        for row in _ordered(facts, facts.scored)
    ]
    said, is_by_sources = facts.book.words, "sources_present" in facts.scored.columns
    headings = ["Model", "Version", "Scored", *(["Sources present"] if is_by_sources else []), said.heading]
    headings += [f"Mean {said.event} probability", f"Share {said.declined}"]
    nothing = f"No {said.case} was {said.written} in this month, or none has been scored yet."
    return section_of(
        __file__,
        "scored",
        decided_by(facts.decided, facts.names, facts.thresholds.confidence, said.cases)
        + _table(rows, headings, nothing),
        facts.book,
    )


def _stability(facts: MonthFacts) -> Section:
    rows: list[tuple[object, ...]] = []
    for model, name in facts.names.items():
        own = facts.stability.filter(model=model)
        rows += [_figure_row(name, row) for row in _metrics(own, SHOWN_DRIFTS)]
        csi = own.filter(metric="csi").sort("value", "segment", descending=[True, False], nulls_last=True)
        rows += [
            _figure_row(name, row, label=f"CSI of {row['segment']}") for row in csi.head(N_MOVED).iter_rows(named=True)
        ]
    drawn = _pictures(facts, "stability", "psi", (facts.thresholds.psi.warn, facts.thresholds.psi.alert))
    table = _table(rows, _headings(facts), "Unknown: the month's scores have not been compared.")
    return section_of(__file__, "stability", drawn + table, facts.book, n_moved=N_MOVED)


def _headings(facts: MonthFacts) -> Sequence[str]:
    return ("Model", "Figure", "Value and interval", facts.book.words.heading, "Bads", "Status")


def _metrics(own: pl.DataFrame, metrics: Sequence[str]) -> list[dict[str, Any]]:
    found = {row["metric"]: row for row in own.filter(segment="all").iter_rows(named=True)}
    return [found[metric] for metric in metrics if metric in found]


def _figure_row(name: str, row: Mapping[str, Any], *, label: str | None = None) -> tuple[object, ...]:
    value, low, high = _numbers(row)
    has_interval = low is not None and high is not None
    told = interval_text(value, low, high) if has_interval else number_text(value)
    bads = row["n_bad"] if row["n_bad"] is not None else "not yet known"
    return name, label or metric_name(str(row["metric"])), told, row["n"], str(bads), row["status"]


def _numbers(row: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    return row["value"], row["ci_low"], row["ci_high"]


def _pictures(facts: MonthFacts, layer: str, metric: str, levels: Sequence[float]) -> str:
    """The trend up to the month, one small picture per model."""
    parts = []
    for model, name in facts.names.items():
        rows = rows_of(facts.history, model=model, layer=layer, metric=metric)
        if rows.is_empty():
            continue
        has_interval = rows["ci_low"].is_not_null().any()
        parts.append(
            trend_svg(
                rows["observed_month"].to_list(),
                rows["value"].to_list(),
                title=f"{metric_name(metric)}, {name}",
                low=rows["ci_low"].to_list() if has_interval else None,
                high=rows["ci_high"].to_list() if has_interval else None,
                levels=levels,
            )
        )
    return f"<div class='pictures'>{''.join(parts)}</div>" if parts else ""


def _early_performance(facts: MonthFacts) -> Section:
    rows: list[tuple[object, ...]] = []
    for row in facts.early_reads.sort("model", "cohort", "mob", "metric", "segment").iter_rows(named=True):
        if row["segment"] == ALL_READS:
            continue
        share = row["metric"] == "bad_rate"
        value, low, high = _numbers(row)
        rows.append(
            (
                facts.names.get(row["model"], row["model"]),
                f"{row['cohort']:%Y-%m}",
                read_name(row["segment"]),
                "share of early bads" if share else "ROC-AUC",
                interval_text(value, low, high),
                number_text(row["expected"]),
                row["n"],
                row["n_bad"],
                "worse than before" if row["status"] == "warn" else row["status"],
            )
        )
    headings = ["Model", "Cohort", "Read", "Figure", "Value and interval", "Expected"]
    headings += [facts.book.words.heading, "Early bads", "Status"]
    nothing = "Unknown: no cohort without an outcome is old enough for a read."
    return section_of(__file__, "early_reads", _table(rows, headings, nothing), facts.book)


def _outcome(facts: MonthFacts) -> Section:
    rows: list[tuple[object, ...]] = []
    seen, said = facts.performance, facts.book.words
    if facts.book.awaits_outcomes:
        seen = with_outcomes(seen)
    for model, name in facts.names.items():
        rows += [_figure_row(name, row) for row in _metrics(seen.filter(model=model), SHOWN_OUTCOMES)]
    cohorts = sorted(f"{cohort:%Y-%m}" for cohort in seen["cohort"].unique().to_list())
    of = "No cohort has matured."
    if cohorts:
        of = f"{said.heading} {said.written} in {', '.join(cohorts)} have reached their outcome."
    elif not facts.performance.is_empty():
        of = f"No outcome of the month's {said.cases} has been delivered."
    roc_auc = facts.thresholds.metrics.get("roc_auc")
    floors = (roc_auc.data_science_threshold, roc_auc.business_threshold) if roc_auc else ()
    drawn = _pictures(facts, "performance", "roc_auc", [floor for floor in floors if floor is not None])
    table = _table(rows, _headings(facts), "Unknown: no outcome was read in this month.")
    return section_of(__file__, "outcome", drawn + table, facts.book, of=of, of_then=facts.book.of_then)


def _actions(facts: MonthFacts) -> Section:
    rows = [
        (
            facts.names.get(str(row["model"]), row["model"]),
            ACTIONS[str(row["action"])],
            "yes" if row["actionable"] else "no, backtest",
            transition_text(str(row["transition"])),
            plain_lines(row["reasons"]),
            row["rollback_within"],
        )
        for row in _ordered(facts, facts.actions)
    ]
    headings = ["Model", "Action", "Acted on", "State", "Reasons", "Rollback advised within"]
    nothing = "Unknown: no action has been decided in this month."
    return section_of(__file__, "action", _table(rows, headings, nothing), facts.book)


def _versions(facts: MonthFacts) -> Section:
    rows = [
        (
            facts.names.get(str(row["model"]), row["model"]),
            row["model_version"],
            f"in force from {row['effective_month']:%Y-%m}" if row["promoted"] else "not promoted",
            number_text(row["oot_roc_auc"])
            + ("" if (whole := row["oot_with_all_sources"]) is None else f" ({number_text(whole)} with all sources)"),
            plain_lines(row["reasons"]),
        )
        for row in _ordered(facts, facts.versions)
    ]
    headings = ["Model", "Version", "Decision", "Out-of-time ROC-AUC", "Why"]
    nothing = "No version was trained as of this month."
    return section_of(__file__, "versions", _table(rows, headings, nothing), facts.book)
