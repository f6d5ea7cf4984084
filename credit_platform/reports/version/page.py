"""The page of one version: the verdict on it, then the figures and tables it rests on.

Figures are drawn in `version_curves` and `version_bars`, tables written in `version_tables`, words found in
`version_verdict`; the page's frame is `page`.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from credit_platform.reports.page import Section, facts_html, figure_html, page_html, section_of, side_by_side
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
    metrics = facts.evaluation.metrics
    return page_html(
        title=f"{model_name(facts.model)}, version {facts.model_version}",
        introduction=_introduction(facts, links or {}),
        sections=[
            section_of(__file__, "gates", NOTHING if facts.gates.is_empty() else gates_table_html(facts.gates)),
            section_of(__file__, "metrics", NOTHING if metrics.is_empty() else metrics_table_html(metrics)),
            _ranking_section(facts),
            _reliability_section(facts),
            _grades_section(facts),
            _gains_section(facts),
            _confusion_section(facts),
            _cut_offs_section(facts),
            _importance_section(facts),
            section_of(__file__, "windows", windows_table_html(facts.metadata)),
            section_of(__file__, "making", making_table_html(facts.metadata)),
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
    return section_of(__file__, "ranking", side_by_side(*pair))


def _reliability_section(facts: VersionFacts) -> Section:
    table = facts.evaluation.reliability
    pair = (
        _figure(
            reliability_figure(table, sample_roles=[role]),
            f"reliability_{role}",
            f"Bad rate against default probability, {words('samples')[role].lower()}",
            is_known=not table.filter(sample_role=role).is_empty(),
        )
        for role in ("oot", "unseen")
    )
    return section_of(__file__, "reliability", side_by_side(*pair))


def _grades_section(facts: VersionFacts) -> Section:
    grades = facts.evaluation.grades.filter(sample_role="unseen")
    figure = grades_figure(facts.evaluation.grades, sample_role="unseen")
    known = not grades.is_empty()
    return section_of(
        __file__,
        "grades",
        (_figure(figure, "grades", "Bad rate and default probability by grade", is_known=known))
        + (grades_table_html(grades) if known else ""),
    )


def _gains_section(facts: VersionFacts) -> Section:
    gains = facts.evaluation.gains
    known = not gains.is_empty()
    pair = (
        _figure(gains_figure(gains), "gains", "Share of bads among the riskiest loans", is_known=known),
        _figure(lift_figure(gains), "lift", "Lift by decile", is_known=known),
    )
    table = gains_table_html(gains.filter(sample_role="oot"))
    return section_of(__file__, "gains", side_by_side(*pair) + (table if known else ""))


def _confusion_section(facts: VersionFacts) -> Section:
    confusion = facts.evaluation.confusion
    cut_offs = sorted(set(confusion.get_column("cut_off")))
    at = f" of {', '.join(f'{level:.0%}' for level in cut_offs)}" if cut_offs else ""
    figure = confusion_figure(confusion, sample_roles=("validation", *HELD_OUT))
    return section_of(
        __file__,
        "confusion",
        _figure(figure, "confusion", "Loans by outcome and decision", is_known=not confusion.is_empty()),
        at=at,
    )


def _cut_offs_section(facts: VersionFacts) -> Section:
    cut_offs = facts.evaluation.cut_offs
    roles = ("validation", "oot")
    known = not cut_offs.is_empty()
    figure = cut_offs_figure(cut_offs, sample_roles=roles)
    return section_of(
        __file__,
        "cut_offs",
        _figure(figure, "cut_offs", "Expected value by cut-off", is_known=known)
        + (cut_offs_table_html(cut_offs, sample_roles=roles) if known else ""),
    )


def _importance_section(facts: VersionFacts) -> Section:
    n = facts.importance.height
    known = n > 0
    return section_of(
        __file__,
        "importance" if n > N_FEATURES else "importance_of_few",
        _figure(importance_figure(facts.importance), "importance", "Share of importance by feature", is_known=known)
        + (importance_table_html(facts.importance) if known else ""),
        n_features=N_FEATURES,
        n=n,
    )


def _figure(figure: go.Figure, name: str, label: str, *, is_known: bool) -> str:
    return figure_html(figure, name=name, label=label) if is_known else NOTHING
