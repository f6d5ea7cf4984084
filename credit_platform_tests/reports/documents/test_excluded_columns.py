from __future__ import annotations

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.version.facts import excluded_columns


def test_identity_age_and_the_whole_loan_book_are_excluded_with_a_reason() -> None:
    table = excluded_columns(LOANS)
    columns = set(table["column"])
    assert {"Name", "SSN", "Age", "loan_id", "Customer_ID"} <= columns
    assert set(LOANS.source("lms_loan_daily").columns) <= columns
    assert table["reason"].str.len_chars().min() > 20  # type: ignore[operator]


def test_no_excluded_column_is_a_feature() -> None:
    names = {column.lower() for column in excluded_columns(LOANS)["column"]}
    assert names.isdisjoint(LOANS.features.columns)
