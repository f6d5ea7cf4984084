"""A written document of headings, paragraphs, lists and tables, as Markdown and as a page.

What a document says belongs to the module of that document; pages with figures are made with `page` alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import polars as pl

from credit_platform.reports.page import Section, page_html, section_texts, table_html

UNKNOWN = "unknown"
_MARKUP = re.compile(r"([\\`*<>\[\]|#])")


@dataclass(frozen=True)
class Bullets:
    """A list of sentences; without any it says `unknown`."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table of texts; without rows it says `unknown`."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = str | Bullets | Grid


@dataclass(frozen=True)
class Part:
    """A heading, a sentence on how to read what follows, and its blocks; a text is a paragraph."""

    heading: str
    lead: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A title, a first paragraph, and the parts in reading order."""

    title: str
    introduction: str
    parts: tuple[Part, ...]


def part_of(module: str, name: str, *blocks: Block, **values: object) -> Part:
    """A part whose texts are in `sections.yaml` beside the document's module; arguments as for `page.section_of`."""
    text = section_texts(module)[name]
    return Part(text.heading.format(**values), text.lead.format(**values), blocks)


def grid(frame: pl.DataFrame | None, headings: Sequence[str], *, decimals: int = 4) -> Grid:
    """A frame as a table of texts; null, and a frame that is not there, are `unknown`."""
    rows = () if frame is None else tuple(tuple(_text(value, decimals) for value in row) for row in frame.iter_rows())
    return Grid(tuple(headings), rows)


def facts(pairs: Sequence[tuple[str, str | None]]) -> Grid:
    """Names and values as a table of two columns; None is `unknown`."""
    return Grid(("What", "Value"), tuple((name, UNKNOWN if value is None else value) for name, value in pairs))


def to_markdown(document: Document) -> str:
    """The document as Markdown, ending in a newline; marks in its texts are escaped."""
    lines = [f"# {markdown_text(document.title)}", "", markdown_text(document.introduction), ""]
    for part in document.parts:
        lines += [f"## {markdown_text(part.heading)}", ""]
        if part.lead:
            lines += [markdown_text(part.lead), ""]
        for block in part.blocks:
            lines += [*_markdown_lines(block), ""]
    return "\n".join(lines)


def to_html(document: Document) -> str:
    """The document as a page that loads nothing."""
    return page_html(
        title=document.title,
        introduction=f"<p>{escape(document.introduction)}</p>",
        sections=[
            Section(part.heading, part.lead, "\n".join(_html(block) for block in part.blocks))
            for part in document.parts
        ],
        has_figures=False,
    )


def _markdown_lines(block: Block) -> list[str]:
    if isinstance(block, str):
        return [markdown_text(block)]
    if isinstance(block, Bullets):
        return [markdown_list(block.items or (UNKNOWN,))]
    if not block.rows:
        return [UNKNOWN]
    return [
        _line(block.headings),
        _line(["---"] * len(block.headings)),
        *(_line(map(markdown_text, row)) for row in block.rows),
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _html(block: Block) -> str:
    if isinstance(block, str):
        return f"<p>{escape(block)}</p>"
    if isinstance(block, Bullets):
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items or (UNKNOWN,))}</ul>"
    if not block.rows:
        return f"<p>{UNKNOWN}</p>"
    columns = [f"{place}" for place in range(len(block.headings))]
    frame = pl.DataFrame(block.rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return table_html(frame, headings=block.headings)


def markdown_list(lines: Iterable[str]) -> str:
    """Sentences as a list, each on one line; marks in them are escaped."""
    return "\n".join(f"- {markdown_text(line)}" for line in lines)


def markdown_text(text: str) -> str:
    """A text as Markdown shows it, letter by letter and on one line."""
    return _MARKUP.sub(r"\\\1", text).replace("\n", " ")


def _text(value: object, decimals: int) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.{decimals}f}" if isinstance(value, float) else str(value)
