"""The availability gate over the tables of a book, month by month."""

from __future__ import annotations

from pathlib import Path

from credit_platform.assets.models.judgement import availability_at, availability_of
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.windows import windows_for
from credit_platform_tests.small_book import FIRST, FIRST_TRAINING, LAST, BookFolders

SOURCES = {"features_attributes", "features_financials", "feature_clickstream"}


def test_no_source_fails_in_any_month_of_an_honest_book(finished_book: BookFolders) -> None:
    config = LOANS.load_policy(finished_book.policy_dir).model
    months = month_range(FIRST, LAST)
    for triggered in (False, True):
        windows = {month: windows_for(month, config, triggered=triggered).development for month in months}
        judged = availability_of(finished_book.lake, windows)
        assert list(judged) == months
        assert all(set(by_source) == SOURCES for by_source in judged.values())
        assert {found.status for by_source in judged.values() for found in by_source.values()} == {"passed", "unknown"}
        assert judged[LAST]["feature_clickstream"].status == "passed"


def test_where_tables_are_missing_every_source_is_unknown(tmp_path: Path) -> None:
    windows = windows_for(FIRST_TRAINING, LOANS.load_policy().model)
    judged = availability_at(Lake.at(tmp_path, portfolio=LOANS), FIRST_TRAINING, windows)
    assert judged == {source: {"status": "unknown", "reason": "It has no row."} for source in SOURCES}
