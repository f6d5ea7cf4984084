"""The data-quality page: the score of every source in every month, and what the newest scores were counted on.

How a score is computed is written in monitoring.data_quality; the page's frame is `page`.
"""

import math
from collections.abc import Sequence
from datetime import date
from html import escape

import polars as pl

from credit_platform.monitoring.data_quality.score import FORMULAS
from credit_platform.reports.figures.matrices import ALERT, NOTABLE, STABLE, WARNING
from credit_platform.reports.page import Section, page_html, section_of, table_html
from credit_platform.reports.shown_book import ShownBook
from credit_platform.reports.wording import month_name
from credit_platform.schemas.evidence import DIMENSIONS, TOTAL

# Lower end of each band, its colour, the colour of the text on it, and its name.
BANDS = (
    (0.99, STABLE, "#14171c", "0.99 and more"),
    (0.95, NOTABLE, "#14171c", "0.95 to 0.99"),
    (0.80, WARNING, "#14171c", "0.80 to 0.95"),
    (0.0, ALERT, "#ffffff", "below 0.80"),
)
NOTABLE_SCORE = BANDS[1][0]
_CELL = "padding:5px 4px;text-align:center;font-size:12px;white-space:nowrap;border:1px solid var(--ground)"


def data_quality_page(quality: pl.DataFrame, *, book: ShownBook) -> str:
    """The page as one self-contained HTML text; the same input gives the same text.

    Args:
        quality: rows of monitoring/data_quality of all months there are.
        book: the book they are of.
    """
    quality = quality.sort("snapshot_month", "source", "dimension")
    newest = quality.select(pl.col("snapshot_month").max()).item()
    total = quality.filter(pl.col("dimension") == TOTAL)
    formulas = {name: formula.format(cases=book.words.cases) for name, formula in FORMULAS.items()}
    return page_html(
        title=f"Data quality, {month_name(newest)}",
        introduction=_introduction(quality, newest),
        sections=[
            Section(
                "Total: which source failed when?", f"Total is the {formulas[TOTAL]}.", _legend() + _heat_map(total)
            ),
            *(
                Section(name.capitalize(), f"{formulas[name].capitalize()}.", _heat_map(quality.filter(dimension=name)))
                for name in DIMENSIONS
            ),
            _newest_section(quality, newest, book),
        ],
        has_figures=False,
    )


def _introduction(quality: pl.DataFrame, newest: date) -> str:
    now = quality.filter(snapshot_month=newest)
    low = now.filter((pl.col("dimension") != TOTAL) & (pl.col("value") < NOTABLE_SCORE)).sort("value", "source")
    if low.is_empty():
        return f"<p>In {month_name(newest)} every score of every source is {NOTABLE_SCORE:g} or more.</p>"
    items = "".join(
        f"<li><b>{escape(source)}</b>: {dimension} {value:.2f} ({escape(detail)})</li>"
        for source, dimension, value, detail in low.select("source", "dimension", "value", "detail").iter_rows()
    )
    return f"<p>In {month_name(newest)} these scores are below {NOTABLE_SCORE:g}:</p>\n<ul>{items}</ul>"


def _legend() -> str:
    keys = "".join(
        f"<span style='{_CELL};background:{ground};color:{text}'>{name}</span> " for _, ground, text, name in BANDS
    )
    return f"<p>{keys}<span style='{_CELL}'>–</span> cannot be counted</p>"


def _heat_map(scores: pl.DataFrame) -> str:
    """A table of one row per source and one column per month; every cell says its number and, on hover, its reason."""
    months = scores.get_column("snapshot_month").unique().sort().to_list()
    head = "".join(f"<th style='{_CELL}' aria-label='{month_name(month)}'>{month:%Y<br>%m}</th>" for month in months)
    rows = "".join(
        f"<tr><th>{escape(str(source))}</th>{_cells(part, months)}</tr>\n"
        for (source,), part in sorted(scores.partition_by("source", as_dict=True).items())
    )
    return (
        "<div class='scroll' style='overflow-x:auto'>"
        f"<table><thead><tr><th>source</th>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>"
    )


def _cells(part: pl.DataFrame, months: Sequence[date]) -> str:
    found = {
        month: (value, detail) for month, value, detail in part.select("snapshot_month", "value", "detail").iter_rows()
    }
    return "".join(_heat_cell(*found.get(month, (None, "not built"))) for month in months)


def _heat_cell(value: float | None, detail: str) -> str:
    hover = escape(detail, quote=True)
    if value is None:
        return f"<td style='{_CELL}' title=\"{hover}\">–</td>"
    ground, text = next((ground, text) for low, ground, text, _ in BANDS if value >= low)
    # Rounded down, so that 0.996 does not read as a faultless 1.00.
    shown = math.floor(value * 100 + 1e-9) / 100
    return f"<td style='{_CELL};background:{ground};color:{text}' title=\"{hover}\">{shown:.2f}</td>"


def _newest_section(quality: pl.DataFrame, newest: date, book: ShownBook) -> Section:
    rows = quality.filter(snapshot_month=newest).select("source", "dimension", "value", "n", "detail")
    return section_of(
        __file__,
        "newest",
        table_html(rows, headings=["Source", "Dimension", "Score", "Counted on", "In words"]),
        book,
        newest=month_name(newest),
    )
