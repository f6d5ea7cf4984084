"""What the demo prints about the simulated drift."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import StringIO

import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.lab.demo import demo_table
from credit_platform.cli.lab.story import judge, read_story
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform_tests.small_book import FIRST_TRAINING, LAST, SPEC, BookFolders


@pytest.mark.parametrize(
    ("first", "in_outcome", "cured"),
    [
        (LAST, "not by 2024-08: the first loans of the drift have not matured yet", "nothing yet: the first loans of"),
        (FIRST_TRAINING, "not by 2024-08 ", "nothing: no retraining was asked for"),
    ],
)
def test_what_cannot_be_known_yet_is_distinguished_from_what_nobody_noticed(
    finished_book: BookFolders, first: date, in_outcome: str, cured: str
) -> None:
    spec = replace(SPEC, drifts=(Drift(DriftKind.CONCEPT, first, 0.7),))
    printed = StringIO()
    judged = judge(Book.of(finished_book.settings()), spec, name="small")
    Console(file=printed, width=250).print(demo_table(judged, has_early=True))
    rows = {line.split("│")[1].strip(): line for line in printed.getvalue().splitlines() if "│" in line}
    for row in ("first seen in an outcome", "retraining asked for"):
        assert rows[row].count(in_outcome) == 2, rows[row]
    assert rows["first seen in early payments"].count("not by 2024-08 ") == 2
    assert rows["cured by"].count(cured) == 2


def test_standing_facts_need_no_row_in_every_month(any_finished_book: BookFolders) -> None:
    deliveries = read_story(Book.of(any_finished_book.settings())).deliveries
    assert [found.detail for found in deliveries if "no row" in found.detail] == []
