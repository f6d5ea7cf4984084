"""One book that most tests of this package read, made once."""

from __future__ import annotations

import polars as pl
import pytest

from credit_platform.portfolios.loans.generator.book import BookSpec, generate_month


@pytest.fixture(scope="session")
def book_spec() -> BookSpec:
    return BookSpec(n_months=26, cases_per_month=400, history_months=12, seed=7)


@pytest.fixture(scope="session")
def book_months(book_spec: BookSpec) -> list[dict[str, pl.DataFrame]]:
    return [generate_month(book_spec, month) for month in book_spec.months]


@pytest.fixture(scope="session")
def book(book_months: list[dict[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """The four whole source files by name."""
    return {source: pl.concat([month[source] for month in book_months]) for source in book_months[0]}
