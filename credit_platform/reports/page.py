"""The frame of a page: one HTML file with its styles, its plotting library and its figures inside.

What a page says belongs to the module of that page.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import plotly.graph_objects as go
    import polars as pl

    from credit_platform.reports.figures.panels import Figure

STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --panel: #f6f7f9; --text: #1d2127; --soft: #565d68;
  --line: #d9dde3; --good: #0f7a64; --watch: #96600a; --bad: #b53d18; --unknown: #565d68;
  --link: #1f5f99; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --panel: #1d2128; --text: #e8eaed; --soft: #a6adb8;
  --line: #363c46; --good: #4ac6a9; --watch: #efb04a; --bad: #ff8a66; --unknown: #a6adb8;
  --link: #8ab8e6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1680px; margin: 0 auto; padding: 24px clamp(16px, 2.5vw, 48px) 64px; }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 20px; line-height: 1.3; margin: 44px 0 2px; }
h3 { font-size: 17px; margin: 0 0 2px; }
p { margin: 0 0 10px; max-width: 85ch; }
.soft { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 16px; margin: 20px 0 0; }
.card { background: var(--panel); border: 1px solid var(--line); border-left: 6px solid var(--unknown);
  border-radius: 6px; padding: 16px 20px; overflow-wrap: anywhere; }
.card .verdict { font-size: 18px; font-weight: 600; margin: 0; }
.card dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 16px; margin: 12px 0 0; }
.card dt { color: var(--soft); }
.card dd { margin: 0; }
.card ul { margin: 0; padding: 0; list-style: none; }
.card li + li { margin-top: 5px; }
.good { border-left-color: var(--good); } .good .verdict { color: var(--good); }
.watch { border-left-color: var(--watch); } .watch .verdict { color: var(--watch); }
.bad { border-left-color: var(--bad); } .bad .verdict { color: var(--bad); }
figure { margin: 8px 0 0; min-width: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 560px), 1fr)); gap: 16px; }
.scroll { max-height: 500px; overflow-y: auto; border: 1px solid var(--line); border-radius: 6px; margin-top: 16px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 7px 12px; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; white-space: pre-line; }
th { position: sticky; top: 0; background: var(--panel); font-weight: 600; white-space: pre; }
tbody tr:last-child td { border-bottom: 0; }
td.short { white-space: pre; }
.number { text-align: right; }
a { color: var(--link); }
.further { margin-top: 14px; }
nav { display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 8px 0; margin: 4px 0 8px; position: sticky; top: 0;
  border-bottom: 1px solid var(--line); background: var(--ground); z-index: 2; }
.pictures { display: flex; flex-wrap: wrap; gap: 8px 24px; margin-top: 10px; } .pictures svg { max-width: 100%; }
section { scroll-margin-top: 56px; }
"""

SHORT = 24  # characters a table cell keeps on one line

# Draws a figure when it comes near the window and the others in idle moments, so that words are read at once; gives its
# text the colour the page has in light or dark.
SCRIPT = """
const figures = [...document.querySelectorAll("script[type='application/json'][data-figure]")];
const settings = {responsive: true, displaylogo: false, displayModeBar: "hover",
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"]};
const colour = () => getComputedStyle(document.body).color;
const waiting = new Map(figures.map((figure) => [document.getElementById(figure.dataset.figure), figure]));
function draw(place) {
  const figure = waiting.get(place);
  if (!figure) return;
  waiting.delete(place);
  const content = JSON.parse(figure.textContent);
  content.layout.font = {...content.layout.font, color: colour()};
  Plotly.newPlot(place, content.data, content.layout, settings);
}
const nearby = new IntersectionObserver((seen) => {
  for (const each of seen) if (each.isIntersecting) { nearby.unobserve(each.target); draw(each.target); }
}, {rootMargin: "300px"});
for (const place of waiting.keys()) nearby.observe(place);
const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
function next() { for (const place of waiting.keys()) { draw(place); break; } if (waiting.size) idle(next); }
window.addEventListener("load", () => idle(next));
window.addEventListener("beforeprint", () => { for (const place of [...waiting.keys()]) draw(place); });
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const place of document.querySelectorAll(".js-plotly-plot")) Plotly.relayout(place, {"font.color": colour()});
});
"""

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


def figure_html(figure: go.Figure | Figure, *, name: str, label: str) -> str:
    """A place for a figure and its data; `name` is its id, unique on the page, `label` tells a screen reader."""
    if isinstance(figure, dict):
        text, layout = figure_json(figure), figure["layout"]
    else:
        text, layout = figure.to_json() or "", figure.to_dict()["layout"]
    content = text.replace("</", "<\\/")
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
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{navigation}{introduction}
{body}
{_NO_SCRIPT if has_figures else ""}
</main>
{_scripts() if has_figures else ""}
</body>
</html>
"""


def _scripts() -> str:
    from plotly.offline import get_plotlyjs

    return f"<script>{get_plotlyjs()}</script>\n<script>{SCRIPT}</script>"


def _cell(value: object, *, decimals: int, missing: str, is_number: bool, link: str | None) -> str:
    text = missing if value is None else f"{value:.{decimals}f}" if isinstance(value, float) else str(value)
    look = " class='number'" if is_number else " class=short" if len(text) <= SHORT else ""
    shown = escape(text) if link is None else f"<a href='{escape(link, quote=True)}'>{escape(text)}</a>"
    return f"<td{look}>{shown}</td>"
