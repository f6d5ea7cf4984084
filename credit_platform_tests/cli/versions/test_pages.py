"""After a person has moved a version, the pages say so without a month being run."""

from __future__ import annotations

from credit_platform.assets.pages.overview import DASHBOARD
from credit_platform.assets.pages.version_documents import CARD, LEADERBOARD, PAGE
from credit_platform.cli.versions.follow_up import redraw_pages
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.months import add_months
from credit_platform_tests.cli.versions.decided_book import DecidedBook
from credit_platform_tests.small_book import LAST, BookFolders


def test_every_page_says_of_an_interim_version_that_it_is_one(book_copy: BookFolders) -> None:
    decided = DecidedBook(book_copy)
    version, gates = decided.versions[2], ("max_train_validation_gap",)
    record = PromotionRecord(
        decided.model,
        version,
        LAST,
        add_months(LAST, 1),
        promoted=True,
        actor="policy",
        reasons=("Better.",),
        failed_gates=gates,
        is_interim=True,
    )
    PromotionLog(book_copy.layout).append(record)
    redraw_pages(decided.book, decided.console, decided.model, version)
    layout = book_copy.layout
    pages = [layout.version_report(decided.model, version, ending).read_text() for ending in (PAGE, CARD)]
    assert all("promoted as interim, in spite of failed gates, in force from" in page for page in pages)
    assert "In force as interim, until a version passes all gates" in pages[0]
    assert f"Version {version} is in force as interim" in layout.report(LEADERBOARD).read_text()
    assert "(interim: until a version passes all gates)" in layout.report(DASHBOARD).read_text()
    assert '"interim": true' in decided.folders.verb("models", "--json").stdout


def test_dashboard_leaderboard_and_version_page_tell_of_the_decision(book_copy: BookFolders) -> None:
    decided = DecidedBook(book_copy)
    version = decided.versions[2]
    record = PromotionRecord(
        decided.model, version, LAST, add_months(LAST, 1), promoted=True, actor="Ann", reasons=("Better of late.",)
    )
    PromotionLog(book_copy.layout).append(record, is_new=True)
    redraw_pages(decided.book, decided.console, decided.model, version)
    dashboard = book_copy.layout.report(DASHBOARD).read_text()
    assert f"version {version} takes effect in {add_months(LAST, 1):%Y-%m}" in dashboard
    assert "by Ann" in dashboard
    assert "Ann" in book_copy.layout.version_report(decided.model, version, "_card.md").read_text()
