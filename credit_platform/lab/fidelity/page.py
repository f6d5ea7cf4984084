"""The page that shows how near a generated book is to a real one.

Measuring belongs to `lab.fidelity.fidelity`.
"""

import polars as pl

from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.reports.page import page_html, section_of, section_texts, table_html

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
    sections = [section_of(__file__, "what_differs", _table(different))]
    sections += [
        section_of(__file__, name, _table(rows), **words)
        for name in section_texts(__file__)
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
