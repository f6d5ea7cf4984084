"""The life of the demo: no version in breach is kept while a better candidate waits, and a new one is in force in time.

Lived as a backfill lives it, without the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credit_platform.cli.lab.demo import demo_book
from credit_platform.portfolios.generator import USUAL_CASES, USUAL_MONTHS, USUAL_SEED
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.campaigns.planted_life import MODELS, PlantedLife, planted_book
from credit_platform_tests.campaigns.replacement_bars import left_out, months_in_breach, months_to_replacement
from credit_platform_tests.reports.agreeing_documents import disagreements
from credit_platform_tests.small_book import PREVIEW_ALLOWED

if TYPE_CHECKING:
    from credit_platform.cli.book import Book

MONTHS_TO_REPLACEMENT = 8

pytestmark = [pytest.mark.slow, *PREVIEW_ALLOWED]


@pytest.fixture(scope="module")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> PlantedLife:
    """The demo after its whole life."""
    spec = demo_book(LOANS.required_generator, n_months=USUAL_MONTHS, cases_per_month=USUAL_CASES, seed=USUAL_SEED)
    assert isinstance(spec, BookSpec)
    life = planted_book(tmp_path_factory.mktemp("demo") / "book", spec)
    life.live()
    assert not life.failed
    return life


def require_replacement(book: Book, model: str) -> None:
    """Refuse a life in which a version in breach was kept."""
    assert months_in_breach(book, model)
    assert left_out(book, model) == []
    waited = months_to_replacement(book, model)
    assert waited is not None
    assert waited <= MONTHS_TO_REPLACEMENT


def test_a_version_in_breach_is_replaced_by_the_first_better_one(finished_demo: PlantedLife) -> None:
    for model in MODELS:
        require_replacement(finished_demo.book, model)


def test_all_documents_of_the_demo_agree(finished_demo: PlantedLife) -> None:
    finished_demo.draw()
    book = finished_demo.book
    assert disagreements(book.lake, book.settings.policy) == []
