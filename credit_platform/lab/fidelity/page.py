"""The page that shows how near a generated book comes to a real one.

Measuring belongs to `lab.fidelity.fidelity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from credit_platform.reports.page import Section, page_html, table_html

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEADS: Mapping[str, tuple[str, str]] = {
    "ranking": (
        "Does one fixed model rank both books alike?",
        (
            "A plain logistic regression, trained on another generated book, read on both. Cohorts are paired by their "
            "place, so that as many months of clickstream lie behind them."
        ),
    ),
    "outcome": (
        "Do loans turn out alike?",
        "The bad rate by the label of the policy with its interval, and the share of loans overdue by month on book.",
    ),
    "attrition": (
        "Do loans stay in the file?",
        "Of the loans that should have a row at each month on book, the share that has none.",
    ),
    "coverage": ("Is the clickstream there?", "Loans with clickstream at application, and cohorts without any."),
    "dirt": (
        "Is the text as dirty?",
        "How often each cleaning rule had to act, of all rows of its table, with an interval.",
    ),
    "category": ("Are the categories as frequent?", "Shares of each level, and the PSI of the whole."),
    "feature": (
        "Do the numbers lie alike?",
        (
            "After cleaning. Moments and quantiles are compared in real standard deviations; psi_by_chance is "
            "what two samples of one population would show."
        ),
    ),
}
_HEADINGS = ("Figure", "Statistic", "Real", "interval", "n", "Generated", "interval", "n", "Distance", "Status")


def agreement_page(lines: pl.DataFrame, *, seed: int) -> str:
    """The page; `lines` has the columns of `lab.fidelity.line.Line`, one row per figure."""
    counts = dict(lines.get_column("status").value_counts().iter_rows())
    told = ", ".join(f"{counts.get(status, 0)} {status}" for status in ("ok", "warn", "breach", "unknown"))
    introduction = (
        f"<p>{lines.height} figures of a real book beside those of a generated one of the same months and size (seed "
        f"{seed}): {told}. ok is near, warn a difference one may see, breach one that a model would notice.</p>"
    )
    apart = lines.filter(pl.col("status") != "ok")
    sections = [Section("What lies apart", "Every figure that is not near, of all sections.", _table(apart))]
    sections += [
        Section(heading, lead, _table(rows))
        for name, (heading, lead) in _LEADS.items()
        if (rows := lines.filter(section=name)).height
    ]
    return page_html(
        title="Agreement of the generated book with a real one",
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
    """Five significant digits, as amounts and shares stand in one column."""
    return pl.col(name).round_sig_figs(5).cast(pl.String).str.strip_suffix(".0")


def _interval(name: str) -> pl.Expr:
    return pl.format("{} to {}", _short(f"{name}_low"), _short(f"{name}_high")).alias(f"{name}_interval")
