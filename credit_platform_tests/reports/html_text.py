"""What a reader sees of a page, for tests of its content."""

from __future__ import annotations

import json
import re
from html import unescape


def shown(page: str) -> str:
    """The page's markup without scripts and styles."""
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def headings(page: str) -> list[str]:
    """The headings of the sections, in order."""
    return [unescape(heading) for heading in re.findall(r"<h2>(.*?)</h2>", shown(page))]


def section(page: str, beginning: str) -> str:
    """The section whose heading begins with some words."""
    found = [
        part for part in shown(page).split("<section>")[1:] if unescape(part).lstrip().startswith(f"<h2>{beginning}")
    ]
    assert len(found) == 1, headings(page)
    return found[0]


def rows(markup: str) -> list[list[str]]:
    """The cells of every table row, as text."""
    lines = re.findall(r"<tr>(.*?)</tr>", markup, flags=re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", line, flags=re.DOTALL) for line in lines]
    return [[unescape(re.sub(r"<[^>]+>", "", cell)) for cell in line] for line in cells if line]


def figures(page: str) -> dict[str, dict[str, object]]:
    """The data and layout of every figure, by name."""
    pattern = r"<script type='application/json' data-figure='([^']+)'>(.*?)</script>"
    return {name: json.loads(content) for name, content in re.findall(pattern, page, flags=re.DOTALL)}


def traces(page: str, name: str) -> dict[str, dict[str, object]]:
    """The traces of one figure, by name."""
    data = figures(page)[name]["data"]
    assert isinstance(data, list)
    return {trace.get("name", str(place)): trace for place, trace in enumerate(data)}
