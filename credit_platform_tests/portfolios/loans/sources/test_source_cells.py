"""The gates and the cleaning rules must agree about what a column holds."""

from __future__ import annotations

import pytest

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.loans.sources import attributes, clickstream, financials, loan_snapshots
from credit_platform.portfolios.loans.sources.source_cells import SOURCE_CELLS

RULES = {
    "lms_loan_daily": (*loan_snapshots.REPAIRS, *loan_snapshots.REJECTIONS),
    "features_attributes": (*attributes.REPAIRS, *attributes.REJECTIONS),
    "features_financials": (*financials.REPAIRS, *financials.REJECTIONS),
    "feature_clickstream": (*clickstream.REPAIRS, *clickstream.REJECTIONS),
}


@pytest.mark.parametrize("source", SOURCE_CELLS)
def test_numbers_are_the_columns_whose_underscores_are_stripped(source: str) -> None:
    stripped = {rule.column for rule in RULES[source] if rule.name.endswith("_underscore_stripped")}
    assert set(SOURCE_CELLS[source].numbers) == stripped


@pytest.mark.parametrize("source", SOURCE_CELLS)
def test_keys_and_dates_are_columns_a_row_is_quarantined_without(source: str) -> None:
    cells = SOURCE_CELLS[source]
    readable = {rule.column for rule in RULES[source] if rule.name.endswith("_is_readable")}
    assert {*cells.key, *cells.dates} <= readable
    assert {*cells.key, *cells.dates, *cells.numbers} <= set(LOANS.source(source).columns)
