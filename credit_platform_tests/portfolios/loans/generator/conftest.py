"""One book that most tests of this package read, made once."""

from __future__ import annotations

from dataclasses import fields

import polars as pl
import pytest

from credit_platform.portfolios.loans.generator.book import BookSpec, MonthOfSources, generate_month, months_of


@pytest.fixture(scope="session")
def book_spec() -> BookSpec:
    return BookSpec(n_months=26, loans_per_month=400, clickstream_months=12, seed=7)


@pytest.fixture(scope="session")
def book_months(book_spec: BookSpec) -> list[MonthOfSources]:
    return [generate_month(book_spec, month) for month in months_of(book_spec)]


@pytest.fixture(scope="session")
def book(book_months: list[MonthOfSources]) -> dict[str, pl.DataFrame]:
    """The four whole source files by name."""
    return {
        source.name: pl.concat([getattr(month, source.name) for month in book_months])
        for source in fields(MonthOfSources)
    }
