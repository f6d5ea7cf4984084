"""The monitoring page of a month: the verdict on every model, then the figures it rests on.

Sections are written in `dashboard_outcomes`, `dashboard_signals` and `dashboard_portfolio`, figures in the modules of
figures, the verdict in `verdict`; the page's frame is `page`.
"""

from collections.abc import Mapping, Sequence
from html import escape

from credit_platform.reports.dashboard.decisions import decisions_section
from credit_platform.reports.dashboard.outcomes import outcome_sections, timeline_section
from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.dashboard.portfolio import portfolio_sections
from credit_platform.reports.dashboard.signals import signal_sections
from credit_platform.reports.dashboard.verdict import ModelVerdict, verdict_on
from credit_platform.reports.page import calendar_html, facts_html, page_html
from credit_platform.reports.wording import month_name

STATE_CLASSES = {
    "healthy": "good", "watch": "watch", "active_monitoring": "watch", "retrain_required": "bad", "retraining": "bad",
    "resolved": "watch",
}  # fmt: skip


def dashboard_page(overview: Overview) -> str:
    """The page as one self-contained HTML text; the same input gives the same text."""
    return page_html(
        title=f"Model monitoring, {month_name(overview.snapshot_month)}",
        introduction=_introduction(overview, verdicts_of(overview)),
        sections=[
            timeline_section(overview),
            decisions_section(overview),
            *outcome_sections(overview),
            *signal_sections(overview),
            *portfolio_sections(overview),
        ],
    )


def verdicts_of(overview: Overview) -> list[ModelVerdict]:
    """The verdict on every model, in the order in which models are shown."""
    return [
        verdict_on(
            model,
            snapshot_month=overview.snapshot_month,
            actions=overview.past_actions,
            versions=overview.known_versions,
            words=overview.book.words,
        )
        for model in overview.models
    ]


def _introduction(overview: Overview, verdicts: Sequence[ModelVerdict]) -> str:
    newest, said = overview.known.filter(layer="performance")["cohort"].max(), overview.book.words
    outcome = (
        "No outcome is known yet."
        if newest is None
        else f"Outcomes are known for {said.cases} {said.written} up to {newest:%Y-%m}."
    )
    cards = "\n".join(card_html(verdict, overview.names) for verdict in verdicts)
    page = overview.month_pages.get(overview.snapshot_month)
    more = f" <a href='{escape(page, quote=True)}'>This month in detail</a>." if page else ""
    return (
        f"<p class='soft'>What was known on {overview.snapshot_month:%Y-%m-%d}. {escape(outcome)}{more}</p>\n"
        f"{calendar_html(overview.book)}"
        f"<div class='cards'>\n{cards or '<p>No model has been scored or promoted yet.</p>'}\n</div>"
    )


def card_html(verdict: ModelVerdict, names: Mapping[str, str]) -> str:
    """The verdict on one model as a card: fit for use or not, since when, why, and what was done."""
    rows = [
        ("Fit for use", (verdict.fit.capitalize(),)),
        ("Since", (verdict.since,) if verdict.since else ()),
        ("First signs", verdict.first_signs),
        ("Why", verdict.why),
        ("Done", verdict.done),
    ]
    facts = facts_html((name, lines) for name, lines in rows if lines)
    look = STATE_CLASSES.get(verdict.state, "unknown")
    return (
        f"<article class='card {look}' id='verdict_{verdict.model}'>"
        f"<h3>{escape(names.get(verdict.model, verdict.model))}</h3>"
        f"<p class='verdict'>{escape(verdict.headline)}</p>{facts}</article>"
    )
