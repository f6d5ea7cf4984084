"""One book that most tests of this package read, made once, and the folder of real rows."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from credit_platform.portfolios.home_credit.generator.book import HomeCreditBook


@pytest.fixture(scope="session")
def home_credit_book() -> HomeCreditBook:
    return HomeCreditBook(n_months=6, cases_per_month=1000, seed=7)


@pytest.fixture(scope="session")
def home_credit_files(home_credit_book: HomeCreditBook) -> dict[str, pl.DataFrame]:
    """The eight whole files by their stem, as text."""
    months = [home_credit_book.rows(month) for month in home_credit_book.months]
    return {name: pl.concat([month[name] for month in months]) for name in months[0]}


@pytest.fixture(scope="session")
def real_home_credit() -> Path:
    """The folder of real rows, named by CREDIT_TEST_HOME_CREDIT; tests that need it skip without it."""
    folder = os.environ.get("CREDIT_TEST_HOME_CREDIT", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CREDIT_TEST_HOME_CREDIT names no folder with real rows")
    return Path(folder)
