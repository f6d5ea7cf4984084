"""What status prints of months that are missing, empty or not the book's."""

from __future__ import annotations

import json

from credit_platform.months import add_months
from credit_platform_tests.cli.run.test_missing import CASES, CLICKS, without, without_rows
from credit_platform_tests.small_book import FIRST, LAST, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED


def lines(text: str) -> dict[str, list[str]]:
    """The cells of every line of the first table, by table name."""
    cells = ([cell.strip() for cell in line.strip("│ ").split("│")] for line in text.splitlines() if "│" in line)
    return {name: rest for name, *rest in cells}


def test_lists_are_ranges_in_columns_that_have_something_to_say(book_copy: BookFolders) -> None:
    assert "outside" not in book_copy.verb("status").stdout
    for n in range(3):
        without(book_copy, add_months(LAST, -n))
    without_rows(book_copy, CLICKS, add_months(FIRST, 1))
    moved = {"CREDIT_FIRST_MONTH": "2023-02"}
    shown, told = (book_copy.verb("status", *options, **moved) for options in ((), ("--json",)))
    assert (shown.returncode, told.returncode) == (0, 0)
    assert [head in shown.stdout for head in ("missing", "empty", "outside")] == [True, True, True]
    table = lines(shown.stdout)
    assert table[CASES] == ["16 of 19", "2023-02", "2024-05", "2024-06..2024-08", "", "2023-01"]
    assert table[CLICKS] == ["15 of 19", "2023-03", "2024-05", "2024-06..2024-08", "2023-02", "2023-01"]
    rows = {row["table"]: row for row in json.loads(told.stdout)["tables"]}
    assert rows[CLICKS] == {
        "table": CLICKS,
        "months": 15,
        "expected": 19,
        "first": "2023-03",
        "last": "2024-05",
        "missing": ["2024-06", "2024-07", "2024-08"],
        "empty": ["2023-02"],
        "outside": ["2023-01"],
    }
