"""One book that most tests of this package read, made once."""

from __future__ import annotations

import polars as pl
import pytest

from credit_platform.portfolios.churn.generator.book import ChurnBook
from credit_platform_tests.portfolios.churn.generator.clean_rows import clean_sales, files


@pytest.fixture(scope="session")
def churn_book() -> ChurnBook:
    return ChurnBook(n_months=14, cases_per_month=1000, seed=7)


@pytest.fixture(scope="session")
def churn_files(churn_book: ChurnBook) -> dict[str, pl.DataFrame]:
    """The whole files by source, as text."""
    return files(churn_book)


@pytest.fixture(scope="session")
def churn_sales(churn_files: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The sales without their dirt."""
    return clean_sales(churn_files["sales"])
