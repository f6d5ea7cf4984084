"""`clean` deletes what the platform wrote; of raw files only those it generated and nobody has changed."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from credit_platform.cli.clean import delete_generated, generated_paths, written_paths
from credit_platform.cli.lab.demo import generate_book
from credit_platform.lake.raw.raw_book import GENERATED_MARK
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.settings import Settings
from credit_platform_tests.small_book import BookFolders

SPEC = BookSpec(first_month=date(2023, 1, 1), n_months=2, cases_per_month=5, history_months=2)
LOANS = "lms_loan_daily.csv"


@pytest.fixture
def settings(small_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A folder with a generated book, a table and a user's own file."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    book = BookFolders(tmp_path / "data", tmp_path / "raw", small_book.policy_dir)
    generate_book(book.layout, Console(file=StringIO()), SPEC)
    (book.data_dir / "gold").mkdir(parents=True)
    (book.data_dir / "notes.txt").touch()
    return book.settings()


def clean(settings: Settings) -> set[str]:
    """Clean, and what is left of the raw files."""
    delete_generated(generated_paths(settings))
    assert not (settings.data_dir / "gold").exists()
    assert (settings.data_dir / "notes.txt").exists()
    return {file.name for file in settings.raw_dir.iterdir()} if settings.raw_dir.exists() else set()


def test_a_generated_book_goes_with_its_folder(settings: Settings) -> None:
    assert settings.raw_dir in generated_paths(settings)
    assert settings.raw_dir not in written_paths(settings)
    clean(settings)
    assert not settings.raw_dir.exists()


def test_files_put_beside_a_generated_book_stay(settings: Settings) -> None:
    (settings.raw_dir / "lms_loan_daily_2023_03.csv").write_text("mine")
    assert clean(settings) == {"lms_loan_daily_2023_03.csv"}


def test_files_put_in_the_place_of_generated_ones_stay(settings: Settings) -> None:
    for file in settings.raw_dir.glob("*.csv"):
        file.write_text("mine")
    assert clean(settings) == {
        LOANS, "features_attributes.csv", "features_financials.csv", "feature_clickstream.csv"
    }  # fmt: skip


def test_a_mark_that_names_no_hashes_is_no_licence(settings: Settings) -> None:
    (settings.raw_dir / GENERATED_MARK).write_text("The files in this folder were generated; clean may delete them.\n")
    assert LOANS in clean(settings)
