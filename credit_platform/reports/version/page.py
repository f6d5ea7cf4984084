"""The page of one version: the verdict on it, then the figures and tables it rests on.

Figures are drawn in `version_curves` and `version_bars`, tables written in `version_tables`, words found in
`version_verdict`; the page's frame is `page`.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from credit_platform.reports.page import Section, figure_html, page_html
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
from credit_platform.reports.version.facts import HELD_OUT
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
from credit_platform.reports.wording import SAMPLES, model_name, month_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from credit_platform.reports.version.facts import VersionFacts

NOTHING = "<p>Unknown: the evaluation holds no rows for this.</p>"
NO_INTERVAL_MET = "A point whose interval does not reach the diagonal is told too high or too low by more than chance."


def version_page(facts: VersionFacts, *, links: Mapping[str, str] | None = None) -> str:
    """The page as one self-contained HTML text; the same facts give the same text.

    Args:
        facts: What is known of the version.
        links: Names of further documents and their addresses as seen from the page.
    """
    return page_html(
        title=f"{model_name(facts.model)}, version {facts.model_version}",
        introduction=_introduction(facts, links or {}),
        sections=[
            _gates_section(facts),
            _metrics_section(facts),
            _ranking_section(facts),
            _reliability_section(facts),
            _grades_section(facts),
            _gains_section(facts),
            _confusion_section(facts),
            _cut_offs_section(facts),
            _importance_section(facts),
            _windows_section(facts),
            _making_section(facts),
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
    told = "".join(
        f"<dt>{name}</dt><dd><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul></dd>"
        for name, lines in rows
    )
    further = " · ".join(f"<a href='{escape(to, quote=True)}'>{escape(name)}</a>" for name, to in links.items())
    return (
        f"<p class='soft'>Trained as of {month_name(facts.as_of)}. Intervals are at 95 %.</p>\n"
        f"<div class='cards'><article class='card {verdict.look}'>"
        f"<p class='verdict'>{escape(verdict.headline)}</p><dl>{told}</dl></article></div>"
        f"{f'<p class=further>{further}</p>' if further else ''}"
    )


def _gates_section(facts: VersionFacts) -> Section:
    return Section(
        "Gates: may it go into production?",
        "Every gate must be passed before a version replaces another. What is unknown is not passed.",
        NOTHING if facts.gates.is_empty() else gates_table_html(facts.gates),
    )


def _metrics_section(facts: VersionFacts) -> Section:
    return Section(
        "Metrics: what was measured on each sample?",
        "The model was fitted on training, and chosen and calibrated on validation. Test and out-of-time were only "
        "looked at afterwards: judge it by these. The second line is the interval.",
        NOTHING if facts.evaluation.metrics.is_empty() else metrics_table_html(facts.evaluation.metrics),
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
    return Section(
        "Ranking: does it tell bads from goods?",
        "Left, the further a curve bends to the upper left, the better; right, the longer it stays high, the better. "
        "A training curve far above the others is a model that learned its loans by heart.",
        f"<div class='pair'>{''.join(f'<div>{part}</div>' for part in pair)}</div>",
    )


def _reliability_section(facts: VersionFacts) -> Section:
    table = facts.evaluation.reliability
    pair = (
        _figure(
            reliability_figure(table, sample_roles=[role]),
            f"reliability_{role}",
            f"Bad rate against default probability, {SAMPLES[role].lower()}",
            is_known=not table.filter(sample_role=role).is_empty(),
        )
        for role in ("oot", "unseen")
    )
    return Section(
        "Reliability: do as many loans default as it says?",
        f"Ten bins of equally many loans. On the diagonal the probabilities are honest. {NO_INTERVAL_MET}",
        f"<div class='pair'>{''.join(f'<div>{part}</div>' for part in pair)}</div>",
    )


def _grades_section(facts: VersionFacts) -> Section:
    grades = facts.evaluation.grades.filter(sample_role="unseen")
    figure = grades_figure(facts.evaluation.grades, sample_role="unseen")
    known = not grades.is_empty()
    return Section(
        "Grades: is each grade's probability high enough?",
        "Test and out-of-time together. The Jeffreys test asks whether a grade's bad rate is higher than its "
        "probability by more than chance; Holm's correction allows for the number of grades. Below 0.05 is a warning, "
        "below 0.01 a breach.",
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
    return Section(
        "Gains and lift: how early are the bads found?",
        "Loans ordered from the riskiest. Lift is a decile's bad rate over that of the sample; it should fall from "
        "left to right. The table is of the out-of-time sample.",
        f"<div class='pair'>{''.join(f'<div>{part}</div>' for part in pair)}</div>{table if known else ''}",
    )


def _confusion_section(facts: VersionFacts) -> Section:
    confusion = facts.evaluation.confusion
    cut_offs = sorted(set(confusion.get_column("cut_off")))
    at = f" of {', '.join(f'{level:.0%}' for level in cut_offs)}" if cut_offs else ""
    figure = confusion_figure(confusion, sample_roles=("validation", *HELD_OUT))
    return Section(
        f"Confusion: where do decisions at the cut-off{at} go wrong?",
        "Bads approved cost the loan, goods declined cost the customer.",
        _figure(figure, "confusion", "Loans by outcome and decision", is_known=not confusion.is_empty()),
    )


def _cut_offs_section(facts: VersionFacts) -> Section:
    cut_offs = facts.evaluation.cut_offs
    roles = ("validation", "oot")
    known = not cut_offs.is_empty()
    figure = cut_offs_figure(cut_offs, sample_roles=roles)
    return Section(
        "Cut-off: what would another one approve and earn?",
        "Expected value is what a loan brings on average over all loans, approved or not, as a share of the amount "
        "lent, under the margin and the loss given default of policy. The best cut-off is read off validation; "
        "out-of-time shows what it is worth on later loans.",
        _figure(figure, "cut_offs", "Expected value by cut-off", is_known=known)
        + (cut_offs_table_html(cut_offs, sample_roles=roles) if known else ""),
    )


def _importance_section(facts: VersionFacts) -> Section:
    n = facts.importance.height
    known = n > 0
    return Section(
        "Importance: which features does it lean on?",
        f"The figure shows the {N_FEATURES} with the largest share, the table all {n}."
        if n > N_FEATURES
        else "The share of each feature in the whole.",
        _figure(importance_figure(facts.importance), "importance", "Share of importance by feature", is_known=known)
        + (importance_table_html(facts.importance) if known else ""),
    )


def _windows_section(facts: VersionFacts) -> Section:
    return Section(
        "Windows and samples: which loans was it made of and judged on?",
        "Cohorts are the months in which loans were written. Samples follow each other in time and share no loan.",
        windows_table_html(facts.metadata),
    )


def _making_section(facts: VersionFacts) -> Section:
    return Section(
        "Making: how can it be made again?",
        "The same data, policy, seed and libraries give the same version.",
        making_table_html(facts.metadata),
    )


def _figure(figure: go.Figure, name: str, label: str, *, is_known: bool) -> str:
    return figure_html(figure, name=name, label=label) if is_known else NOTHING
