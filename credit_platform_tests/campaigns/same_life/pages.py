"""Pages of two lives: the data of every figure, the text a reader sees, and the rest of the markup.

Plain documents belong to `documents`.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from html import unescape

from credit_platform_tests.campaigns.same_life.differences import Difference
from credit_platform_tests.campaigns.same_life.documents import compare_lines, compare_values
from credit_platform_tests.campaigns.same_life.translation import Translation
from credit_platform_tests.reports.html_text import figures

_FIGURES = re.compile(r"<script type='application/json' data-figure='[^']+'>.*?</script>", re.DOTALL)
_SCRIPTS = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def compare_pages(old: bytes, new: bytes, file: str, translation: Translation) -> list[Difference]:
    """How two pages differ; each part is compared by itself, so that a word in a text does not hide a number."""
    was = _settled(translation.old(old.decode(), file), file, translation)
    now = _settled(translation.new(new.decode(), file), file, translation)
    if was == now:
        return []
    # Both are in the words of the new life by now.
    said = Translation(translation.declared)
    found: list[Difference] = []
    drawn, redrawn = figures(was), figures(now)
    for name in sorted(drawn.keys() | redrawn.keys()):
        place = f"figure {name}"
        if name not in redrawn or name not in drawn:
            found.append(Difference(file, place, examples=("is gone" if name in drawn else "is new",)))
        else:
            found += compare_values(drawn[name], redrawn[name], file, place, said)
    was, now = _FIGURES.sub("", was), _FIGURES.sub("", now)
    found += compare_lines(_scripts(was), _scripts(now), file, "scripts and styles", said)
    was, now = _SCRIPTS.sub("", was), _SCRIPTS.sub("", now)
    texts = list(compare_lines(_text(was), _text(now), file, "text", said))
    found += texts
    found += compare_lines(_tags(was), _tags(now), file, "markup", said)
    return found or [Difference(file, "layout", examples=("the same text, figures and markup, put otherwise",))]


def _settled(page: str, file: str, translation: Translation) -> str:
    """A page with random ids as the numbers of their first appearance, and without markup that follows from texts."""
    for drawn in translation.declared.drawn:
        if fnmatchcase(file, drawn.within):
            seen: dict[str, str] = {}
            page, n = re.subn(drawn.pattern, lambda found, seen=seen: seen.setdefault(found[0], f"<{len(seen)}>"), page)
            translation.used[f"ids in {drawn.within}: {drawn.cause}"] += n
    for follows in translation.declared.follows:
        if fnmatchcase(file, follows.within):
            page, n = re.subn(follows.pattern, "", page)
            translation.used[f"{follows.pattern} in {follows.within}: {follows.cause}"] += n
    return page


def _scripts(page: str) -> list[str]:
    return [line for match in _SCRIPTS.finditer(page) for line in match[0].splitlines()]


def _text(page: str) -> list[str]:
    lines = (unescape(line).strip() for line in _TAG.sub("\n", page).split("\n"))
    return [line for line in lines if line]


def _tags(page: str) -> list[str]:
    return _TAG.findall(page)
