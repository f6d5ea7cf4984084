"""The parts of a Markdown document, for tests of its content."""

from __future__ import annotations

import re


def headings(text: str) -> list[str]:
    """The headings of the parts, in order."""
    return re.findall(r"^## (.*)$", text, flags=re.MULTILINE)


def part(text: str, heading: str) -> str:
    """What stands below a heading."""
    found = [chunk for chunk in text.split("\n## ")[1:] if chunk.split("\n")[0] == heading]
    assert len(found) == 1, headings(text)
    return found[0].partition("\n")[2]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row as a reader sees them, headings left out."""
    lines = text.split("\n")
    body = [
        line
        for place, line in enumerate(lines)
        if line.startswith("| ") and not line.startswith("| ---") and not _is_heading(lines, place)
    ]
    return [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in body]


def _is_heading(lines: list[str], place: int) -> bool:
    return place + 1 < len(lines) and lines[place + 1].startswith("| ---")
