"""The frame of a page: one HTML file with its styles, its plotting library and its figures inside.

What a page says belongs to the module of that page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.reports.figures.panels import Figure
from credit_platform.reports.shown_book import ShownBook
from credit_platform.texts import text_beside, yaml_beside

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHORT = 24  # characters a table cell keeps on one line

# In JSON these stand inside strings alone; as they are, `<!--<script>` in one would swallow the rest of the page.
_IN_SCRIPT = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})
_NO_SCRIPT = "<noscript><p>The figures need JavaScript; the tables are complete without it.</p></noscript>"


@dataclass(frozen=True)
class Section:
    """A part of a page: a heading that says what to look at, a sentence on how to read it, and its content in HTML.

    A section with an `anchor` can be linked to, and is in the page's navigation under its `short` name.
    """

    heading: str
    lead: str
    content: str
    anchor: str = ""
    short: str = ""

    def to_html(self) -> str:
        """The section as HTML."""
        head = f"<h2>{escape(self.heading)}</h2>\n<p class='soft'>{escape(self.lead)}</p>"
        place = f" id='{self.anchor}'" if self.anchor else ""
        return f"<section{place}>\n{head}\n{self.content}\n</section>"


@dataclass(frozen=True)
class SectionText:
    """What is written over a section; `{name}` stands for what only the page knows, `{words.cases}` for a book's word.

    `over_months` says that its figure is over months.
    """

    heading: str
    lead: str
    anchor: str = ""
    short: str = ""
    over_months: bool = False


def section_of(module: str, name: str, content: str, book: ShownBook | None = None, **values: object) -> Section:
    """A section whose words are in `sections.yaml` beside the page's module, under that module's name.

    Args:
        module: `__file__` of the page's module.
        name: The section among those of the module.
        content: What it shows, as HTML.
        book: The book that the page is about; None where its texts say nothing of one.
        values: What further placeholders in its heading and lead stand for.
    """
    text = section_texts(module)[name]
    known = values if book is None else {"words": book.words, **values}
    heading, lead, short = (said.format(**known) for said in (text.heading, text.lead, text.short))
    further = book.over_months if book is not None and text.over_months else ""
    return Section(heading, f"{lead}{further}", content, text.anchor, short)


@cache
def section_texts(module: str) -> Mapping[str, SectionText]:
    """The words of every section of a module, in the order of the file."""
    return yaml_beside(module, "sections.yaml", dict[str, dict[str, SectionText]])[Path(module).stem]


def calendar_html(book: ShownBook) -> str:
    """The paragraph near the top of a page that says that months are drawn; empty for a book that has a calendar."""
    return f"<p><strong>No calendar.</strong> {escape(book.no_calendar)}</p>\n" if book.no_calendar else ""


def side_by_side(*parts: str) -> str:
    """Parts in columns, below each other where the window is narrow."""
    return f"<div class='pair'>{''.join(f'<div>{part}</div>' for part in parts)}</div>"


def facts_html(facts: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Names and the lines told under each, as a list of descriptions."""
    told = (
        f"<dt>{escape(name)}</dt><dd><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul></dd>"
        for name, lines in facts
    )
    return f"<dl>{''.join(told)}</dl>"


def figure_html(figure: go.Figure | Figure, *, name: str, label: str) -> str:
    """A place for a figure and its data; `name` is its id, unique on the page, `label` tells a screen reader."""
    if isinstance(figure, dict):
        text, layout = figure_json(figure), figure["layout"]
    else:
        text, layout = figure.to_json() or "", figure.to_dict()["layout"]
    content = text.translate(_IN_SCRIPT)
    height = layout["height"] if isinstance(layout, dict) else 0
    return (
        f"<figure role='img' aria-label='{escape(label, quote=True)}'>"
        f"<div id='{name}' style='height:{height}px'></div></figure>\n"
        f"<script type='application/json' data-figure='{name}'>{content}</script>"
    )


def figure_json(figure: Figure) -> str:
    """Plain content of a figure as JSON in one line.

    Raises:
        TypeError: it holds something that is neither a JSON value nor a date.
    """
    return json.dumps(figure, default=_iso, separators=(",", ":"))


def _iso(value: object) -> str:
    """A date as Plotly reads it."""
    if isinstance(value, date):
        return value.isoformat()
    message = f"{value!r} cannot be put into a figure"
    raise TypeError(message)


def table_html(
    frame: pl.DataFrame,
    *,
    headings: Sequence[str],
    decimals: Mapping[str, int] | None = None,
    links: Mapping[str, Sequence[str | None]] | None = None,
    missing: str = "–",
) -> str:
    """A frame as an HTML table, numbers to the right.

    Args:
        frame: One row of the table per row.
        headings: One per column.
        decimals: Decimals of a column, 3 where it is not named.
        links: Per column one address per row; None leaves the cell as it is.
        missing: What stands for null.
    """
    places, targets = decimals or {}, links or {}
    head = "".join(
        f"<th{' class=number' if dtype.is_numeric() else ''}>{escape(name)}</th>"
        for name, dtype in zip(headings, frame.dtypes, strict=True)
    )
    columns = [
        [
            _cell(
                value,
                decimals=places.get(name, 3),
                missing=missing,
                is_number=frame.schema[name].is_numeric(),
                link=link,
            )
            for value, link in zip(frame.get_column(name), targets.get(name) or [None] * frame.height, strict=True)
        ]
        for name in frame.columns
    ]
    body = "".join(f"<tr>{''.join(row)}</tr>\n" for row in zip(*columns, strict=True))
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"


def page_html(*, title: str, introduction: str, sections: Sequence[Section], has_figures: bool = True) -> str:
    """The whole page. It loads nothing from anywhere.

    Args:
        title: Heading of the page and name of its tab.
        introduction: What comes before the first section, as HTML.
        sections: The parts in reading order.
        has_figures: Whether a part holds a figure, which needs the plotting library in the page.
    """
    body = "\n".join(section.to_html() for section in sections)
    anchored = [section for section in sections if section.anchor]
    entries = "".join(f"<a href='#{section.anchor}'>{escape(section.short)}</a>" for section in anchored)
    navigation = f"<nav aria-label='Sections'>{entries}</nav>\n" if anchored else ""
    return text_beside(__file__, "templates/page.html").format(
        title=escape(title),
        style=f"\n{text_beside(__file__, 'templates/page.css')}",
        introduction=f"{navigation}{introduction}",
        body=body,
        no_script=_NO_SCRIPT if has_figures else "",
        scripts=_scripts() if has_figures else "",
    )


def _scripts() -> str:
    from plotly.offline import get_plotlyjs

    drawing = text_beside(__file__, "templates/figures.js")
    return f"<script>{get_plotlyjs()}</script>\n<script>\n{drawing}</script>"


def _cell(value: object, *, decimals: int, missing: str, is_number: bool, link: str | None) -> str:
    text = missing if value is None else f"{value:.{decimals}f}" if isinstance(value, float) else str(value)
    look = " class='number'" if is_number else " class=short" if len(text) <= SHORT else ""
    shown = escape(text) if link is None else f"<a href='{escape(link, quote=True)}'>{escape(text)}</a>"
    return f"<td{look}>{shown}</td>"
