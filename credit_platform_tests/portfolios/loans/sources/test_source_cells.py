"""The gates and the cleaning rules must agree about what a column holds."""

from __future__ import annotations

import pytest

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.source import Source

SOURCES = pytest.mark.parametrize("source", LOANS.sources, ids=[source.name for source in LOANS.sources])


@SOURCES
def test_numbers_are_the_columns_whose_underscores_are_stripped(source: Source) -> None:
    stripped = [rule.column for rule in source.rules if rule.name.endswith("_underscore_stripped")]
    assert set(source.cells.numbers) == set(stripped)
    assert len(source.cells.numbers) == len(stripped)


@SOURCES
def test_keys_and_dates_are_columns_a_row_is_quarantined_without(source: Source) -> None:
    readable = {rule.column for rule in source.rules if rule.name.endswith("_is_readable")}
    assert source.cells.key
    assert {*source.cells.key, *source.cells.dates} <= readable
    assert {*source.cells.key, *source.cells.dates, *source.cells.numbers} <= set(source.columns)
