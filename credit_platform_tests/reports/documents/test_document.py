from __future__ import annotations

import polars as pl
import pytest

from credit_platform.reports.documents.document import Bullets, Document, Grid, Part, facts, grid, to_html, to_markdown
from credit_platform_tests.reports import html_text


def _document(*blocks: str | Bullets | Grid) -> Document:
    return Document("A title", "What it is.", (Part("First", "How to read it.", blocks),))


def test_both_forms_hold_title_headings_paragraphs_lists_and_tables() -> None:
    document = _document("A paragraph.", Bullets(("one", "two")), Grid(("name", "value"), (("a", "1"), ("b", "2"))))
    text = to_markdown(document)
    assert text.startswith("# A title\n\nWhat it is.\n\n## First\n\nHow to read it.\n")
    assert "\n- one\n- two\n" in text
    assert "| name | value |\n| --- | --- |\n| a | 1 |\n| b | 2 |\n" in text
    page = to_html(document)
    assert html_text.headings(page) == ["First"]
    assert html_text.rows(page) == [["a", "1"], ["b", "2"]]
    assert "<script" not in page


@pytest.mark.parametrize("block", [Bullets(()), Grid(("name",), ()), facts([("name", None)]), grid(None, ["name"])])
def test_what_is_empty_or_missing_is_unknown(block: Bullets | Grid) -> None:
    document = _document(block)
    assert "unknown" in to_markdown(document)
    assert "unknown" in html_text.shown(to_html(document))


def test_a_frame_becomes_texts_and_null_becomes_unknown() -> None:
    frame = pl.DataFrame({"share": [0.123456, None], "n": [3, 4], "is_given": [True, False]})
    assert grid(frame, ["Share", "Loans", "Given"]).rows == (("0.1235", "3", "yes"), ("unknown", "4", "no"))


def test_text_cannot_become_markup() -> None:
    document = _document(Bullets(("<b>low</b> [x](y) | *z* `code`",)), Grid(("a",), (("1 | 2\n<i>",),)))
    text = to_markdown(document)
    assert r"\<b\>low\</b\> \[x\](y) \| \*z\* \`code\`" in text
    assert r"| 1 \| 2 \<i\> |" in text
    assert "<b>" not in html_text.shown(to_html(document))
