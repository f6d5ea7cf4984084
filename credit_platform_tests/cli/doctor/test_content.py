from __future__ import annotations

import pytest

from credit_platform.cli.book import Book
from credit_platform.cli.doctor.content import check_months
from credit_platform.months import add_months
from credit_platform_tests.small_book import FIRST, LAST, BookFolders


def test_months_of_the_book_are_well(finished_book: BookFolders) -> None:
    assert check_months(Book.of(finished_book.settings())).level == "ok"


@pytest.mark.parametrize(
    ("moved", "named"),
    [
        ({"first_month": add_months(FIRST, 2)}, "bronze/lms_loan_daily 2023-01..2023-02"),
        ({"last_month": add_months(LAST, -1)}, "bronze/lms_loan_daily 2024-08"),
    ],
)
def test_months_that_are_stored_and_not_the_book_s_are_named(
    finished_book: BookFolders, moved: dict[str, object], named: str
) -> None:
    finding = check_months(Book.of(finished_book.settings().model_copy(update=moved)))
    assert finding.level == "warning"
    assert named in finding.found
    assert "credit-platform init" in finding.mend
