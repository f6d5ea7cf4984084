"""The page of one version: the verdict on it, then the figures and tables it rests on.

Figures are drawn in `version_curves` and `version_bars`, tables written in `version_tables`, words found in
`version_verdict`; the page's frame is `page`.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from credit_platform.reports.page import (
    Section,
    calendar_html,
    facts_html,
    figure_html,
    page_html,
    section_of,
    side_by_side,
)
from credit_platform.reports.version.bars import (
    N_FEATURES,
    confusion_figure,
    cut_offs_figure,
    gains_figure,
    grades_figure,
    importance_figure,
    lift_figure,
)
from credit_platform.reports.version.curves import precision_recall_figure, reliability_figure, roc_figure
from credit_platform.reports.version.facts import HELD_OUT, VersionFacts
from credit_platform.reports.version.tables import (
    cut_offs_table_html,
    gains_table_html,
    gates_table_html,
    grades_table_html,
    importance_table_html,
    making_table_html,
    metrics_table_html,
    windows_table_html,
)
from credit_platform.reports.version.verdict import version_verdict
from credit_platform.reports.wording import model_name, month_name, words

if TYPE_CHECKING:
    import plotly.graph_objects as go

NOTHING = "<p>Unknown: the evaluation holds no rows for this.</p>"


def version_page(facts: VersionFacts, *, links: Mapping[str, str] | None = None) -> str:
    """The page as one self-contained HTML text; the same facts give the same text.

    Args:
        facts: What is known of the version.
        links: Names of further documents and their addresses as seen from the page.
    """
    metrics, book = facts.evaluation.metrics, facts.book
    return page_html(
        title=f"{model_name(facts.model)}, version {facts.model_version}",
        introduction=_introduction(facts, links or {}),
        sections=[
            section_of(__file__, "gates", NOTHING if facts.gates.is_empty() else gates_table_html(facts.gates), book),
            section_of(
                __file__, "metrics", NOTHING if metrics.is_empty() else metrics_table_html(metrics, book.words), book
            ),
            _ranking_section(facts),
            _reliability_section(facts),
            _grades_section(facts),
            _gains_section(facts),
            _confusion_section(facts),
            _cut_offs_section(facts),
            _importance_section(facts),
            section_of(
                __file__,
                "windows",
                windows_table_html(facts.metadata, book.words),
                book,
                follow_in_time=book.follow_in_time,
            ),
            section_of(__file__, "making", making_table_html(facts.metadata), book),
        ],
    )


def _introduction(facts: VersionFacts, links: Mapping[str, str]) -> str:
    verdict = version_verdict(facts)
    rows = (
        ("Ranking", (verdict.discrimination,)),
        ("Gates", (verdict.gates,)),
        ("Production", (verdict.promotion,)),
        ("Why", verdict.why),
    )
    further = " · ".join(f"<a href='{escape(to, quote=True)}'>{escape(name)}</a>" for name, to in links.items())
    return (
        f"<p class='soft'>Trained as of {month_name(facts.as_of)}. Intervals are at 95 %.</p>\n"
        f"{calendar_html(facts.book)}"
        f"<div class='cards'><article class='card {verdict.look}'>"
        f"<p class='verdict'>{escape(verdict.headline)}</p>{facts_html(rows)}</article></div>"
        f"{f'<p class=further>{further}</p>' if further else ''}"
    )


def _ranking_section(facts: VersionFacts) -> Section:
    tables = facts.evaluation
    pair = (
        _figure(roc_figure(tables.roc), "roc", "ROC curves of all samples", is_known=not tables.roc.is_empty()),
        _figure(
            precision_recall_figure(tables.precision_recall),
            "precision_recall",
            "Precision against recall of all samples",
            is_known=not tables.precision_recall.is_empty(),
        ),
    )
    return section_of(__file__, "ranking", side_by_side(*pair), facts.book)


def _reliability_section(facts: VersionFacts) -> Section:
    table = facts.evaluation.reliability
    pair = (
        _figure(
            reliability_figure(table, said=facts.book.words, sample_roles=[role]),
            f"reliability_{role}",
            f"Bad rate against {facts.book.words.event} probability, {words('samples')[role].lower()}",
            is_known=not table.filter(sample_role=role).is_empty(),
        )
        for role in ("oot", "unseen")
    )
    return section_of(__file__, "reliability", side_by_side(*pair), facts.book)


def _grades_section(facts: VersionFacts) -> Section:
    grades, said = facts.evaluation.grades.filter(sample_role="unseen"), facts.book.words
    figure = grades_figure(facts.evaluation.grades, sample_role="unseen", words=said)
    known = not grades.is_empty()
    return section_of(
        __file__,
        "grades",
        (_figure(figure, "grades", f"Bad rate and {said.event} probability by grade", is_known=known))
        + (grades_table_html(grades, said) if known else ""),
        facts.book,
    )


def _gains_section(facts: VersionFacts) -> Section:
    gains, said = facts.evaluation.gains, facts.book.words
    known = not gains.is_empty()
    pair = (
        _figure(
            gains_figure(gains, cases=said.cases),
            "gains",
            f"Share of bads among the riskiest {said.cases}",
            is_known=known,
        ),
        _figure(lift_figure(gains, cases=said.cases), "lift", "Lift by decile", is_known=known),
    )
    table = gains_table_html(gains.filter(sample_role="oot"), said)
    return section_of(__file__, "gains", side_by_side(*pair) + (table if known else ""), facts.book)


def _confusion_section(facts: VersionFacts) -> Section:
    confusion, said = facts.evaluation.confusion, facts.book.words
    cut_offs = sorted(set(confusion.get_column("cut_off")))
    at = f" of {', '.join(f'{level:.0%}' for level in cut_offs)}" if cut_offs else ""
    figure = confusion_figure(confusion, sample_roles=("validation", *HELD_OUT), cases=said.cases)
    return section_of(
        __file__,
        "confusion",
        _figure(figure, "confusion", f"{said.heading} by outcome and decision", is_known=not confusion.is_empty()),
        facts.book,
        at=at,
    )


def _cut_offs_section(facts: VersionFacts) -> Section:
    cut_offs, said = facts.evaluation.cut_offs, facts.book.words
    roles = ("validation", "oot")
    known = not cut_offs.is_empty()
    figure = cut_offs_figure(cut_offs, sample_roles=roles, words=said)
    return section_of(
        __file__,
        "cut_offs",
        _figure(figure, "cut_offs", "Expected value by cut-off", is_known=known)
        + (cut_offs_table_html(cut_offs, said, sample_roles=roles) if known else ""),
        facts.book,
    )


def _importance_section(facts: VersionFacts) -> Section:
    n = facts.importance.height
    known = n > 0
    return section_of(
        __file__,
        "importance" if n > N_FEATURES else "importance_of_few",
        _figure(importance_figure(facts.importance), "importance", "Share of importance by feature", is_known=known)
        + (importance_table_html(facts.importance) if known else ""),
        facts.book,
        n_features=N_FEATURES,
        n=n,
    )


def _figure(figure: go.Figure, name: str, label: str, *, is_known: bool) -> str:
    return figure_html(figure, name=name, label=label) if is_known else NOTHING
