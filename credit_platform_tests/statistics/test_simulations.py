from __future__ import annotations

import pytest

from credit_platform_tests.statistics.simulations import STUDIES, Row, Study, rows, shown

WORDS = [f"{study.setup}: {', '.join(study.bars)}" for study in STUDIES]


def test_the_page_has_every_figure_and_each_is_within_its_bar() -> None:
    expected = [(study.setup, figure, *bar) for study in STUDIES for figure, bar in study.bars.items()]
    assert [(row.setup, row.figure, row.low, row.high) for row in shown()] == expected
    assert [row for row in shown() if not row.holds] == []


@pytest.mark.parametrize("study", STUDIES, ids=WORDS)
def test_a_few_samples_say_about_the_same(study: Study) -> None:
    for row in rows(study, 20):
        assert row.share == pytest.approx(_on_the_page(row).share, abs=0.25), row.line


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES, ids=WORDS)
def test_the_page_says_what_is_simulated(study: Study) -> None:
    for row in rows(study):
        assert row.holds, row.line
        assert row.share == pytest.approx(_on_the_page(row).share, abs=0.003), "run `simulations --write`"


def _on_the_page(row: Row) -> Row:
    return next(each for each in shown() if (each.setup, each.figure) == (row.setup, row.figure))
