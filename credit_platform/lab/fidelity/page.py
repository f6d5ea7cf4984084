"""The page that shows how near a generated book is to a real one.

Measuring belongs to `lab.fidelity.fidelity`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.reports.page import Section, page_html, table_html

# Section of the lines to its heading and lead; `cases`, `groups` and `rates` are the portfolio's.
_LEADS: Mapping[str, tuple[str, str]] = {
    "ranking": (
        "Does one fixed model rank both books alike?",
        (
            "A plain logistic regression, trained on another generated book, scores both. Cohorts are paired by their "
            "order, so that both have histories of the same length."
        ),
    ),
    "outcome": (
        "Do {cases} turn out alike?",
        "The bad rate by the label of the policy with its interval, and by month on book: {rates}.",
    ),
    "attrition": (
        "Do {cases} stay in the file?",
        "Of the {cases} that should have a row at each month on book, the share that has none.",
    ),
    "coverage": ("Is the {groups} there?", "{Cases} with {groups} when they are scored, and cohorts without any."),
    "dirt": (
        "Is the text as dirty?",
        "How often each cleaning rule repaired a cell, of all rows of its table, with an interval.",
    ),
    "category": ("Are the categories as frequent?", "Shares of each level, and the PSI of all levels."),
    "feature": (
        "Are the numbers distributed alike?",
        (
            "After cleaning. Moments and quantiles are compared in real standard deviations; psi_by_chance is the PSI "
            "to be expected of two samples of one population."
        ),
    ),
}
_HEADINGS = ("Figure", "Statistic", "Real", "interval", "n", "Generated", "interval", "n", "Distance", "Status")


def fidelity_page(lines: pl.DataFrame, portfolio: Portfolio, *, seed: int) -> str:
    """The page; `lines` has the columns of `lab.fidelity.line.FidelityLine`, one row per figure."""
    counts = dict(lines.get_column("status").value_counts().iter_rows())
    summary = ", ".join(f"{counts.get(status, 0)} {status}" for status in ("ok", "warn", "breach", "unknown"))
    introduction = (
        f"<p>{lines.height} figures of a real book beside those of a generated one of the same months and size (seed "
        f"{seed}): {summary}. ok is near, warn a visible difference, breach one that a model would notice.</p>"
    )
    words = {
        "cases": portfolio.words.cases,
        "Cases": portfolio.words.cases.capitalize(),
        "groups": ", ".join(group.name for group in portfolio.features.evidence),
        "rates": ", ".join(portfolio.required_generator.compared.by_age).replace("_", " ") or "nothing",
    }
    different = lines.filter(pl.col("status") != "ok")
    sections = [Section("What differs", "Every figure that is not near, of all sections.", _table(different))]
    sections += [
        Section(heading.format(**words), lead.format(**words), _table(rows))
        for name, (heading, lead) in _LEADS.items()
        if (rows := lines.filter(section=name)).height
    ]
    return page_html(
        title="Fidelity of the generated book to a real one",
        introduction=introduction,
        sections=sections,
        has_figures=False,
    )


def _table(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return "<p>Nothing.</p>"
    shown = rows.select(
        "item",
        "statistic",
        _short("real"),
        _interval("real"),
        pl.col("n_real").cast(pl.String),
        _short("made"),
        _interval("made"),
        pl.col("n_made").cast(pl.String),
        "distance",
        "status",
    )
    return table_html(shown, headings=_HEADINGS)


def _short(name: str) -> pl.Expr:
    """Five significant digits, as amounts and shares are in one column."""
    return pl.col(name).round_sig_figs(5).cast(pl.String).str.strip_suffix(".0")


def _interval(name: str) -> pl.Expr:
    return pl.format("{} to {}", _short(f"{name}_low"), _short(f"{name}_high")).alias(f"{name}_interval")
