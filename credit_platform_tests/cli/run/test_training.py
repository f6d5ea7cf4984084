"""`train`: by hand as of a month, and the first versions of a book that has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.run.training import (
    is_untrained,
    newest_built,
    too_short_to_train,
    train_by_hand,
    train_first,
)
from credit_platform.errors import SettingsError, WindowError
from credit_platform.lake.models.model_store import ModelStore
from credit_platform_tests.small_book import FIRST_TRAINING, LAST, MODELS, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED


def test_a_model_is_trained_as_of_the_newest_month_and_the_decision_is_told(
    book_copy: BookFolders,
) -> None:
    book, told = Book.of(book_copy.settings()), StringIO()
    store = ModelStore(book.lake.layout)
    month = newest_built(book)
    assert month == LAST
    before = {model: store.versions(model) for model in MODELS}
    assert train_by_hand(book, Console(file=told, width=400), [MODELS[0]], date(2024, 6, 1)) == 0
    (made,) = set(store.versions(MODELS[0])) - set(before[MODELS[0]])
    assert made.startswith("2024-06-01-")
    assert f"{MODELS[0]}: version {made} " in told.getvalue()
    assert store.versions(MODELS[1]) == before[MODELS[1]]


def test_months_that_cannot_be_trained_are_explained(finished_book: BookFolders) -> None:
    book = Book.of(finished_book.settings())
    with pytest.raises(WindowError, match=r"first training is possible in 2024-01"):
        train_by_hand(book, Console(file=StringIO()), [MODELS[0]], date(2023, 12, 1))
    with pytest.raises(SettingsError, match="beyond the book"):
        train_by_hand(book, Console(file=StringIO()), [MODELS[0]], date(2024, 9, 1))


@pytest.mark.parametrize(
    ("last", "missing", "fix"),
    [
        (date(2023, 12, 1), "1 month is", "Let the book go on: credit-platform init --last-month 2024-01"),
        (date(2023, 3, 1), "10 months are", "Let the book go on: credit-platform init --last-month 2024-01"),
    ],
)
def test_a_book_too_short_for_the_first_training_says_what_is_missing(
    small_book: BookFolders, last: date, missing: str, fix: str
) -> None:
    book = Book.of(small_book.settings(last))
    said = (
        f"^training as of {last:%Y-%m}: the first training is possible in 2024-01, and the newest delivered month of "
        f"the book is {last:%Y-%m}, so {missing} missing. {fix} "
    )
    with pytest.raises(WindowError, match=said):
        train_first(book, Console(file=StringIO()))


def test_months_that_are_not_delivered_are_asked_for_even_of_a_book_without_end(
    small_book: BookFolders, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    loans = pl.read_csv(small_book.raw_dir / "lms_loan_daily.csv", infer_schema=False)
    loans.filter(pl.col("snapshot_date") < "2023-12").write_csv(raw / "lms_loan_daily.csv")
    folders = replace(small_book, data_dir=tmp_path / "data", raw_dir=raw)
    told = {last: str(too_short_to_train(Book.of(folders.settings(last)))) for last in (None, date(2023, 11, 1))}
    assert told[None].endswith("2 months are missing. Deliver the months to 2024-01. See credit-platform timeline")
    assert ". Deliver the months to 2024-01, and let the book go on: credit-" in told[date(2023, 11, 1)]
    assert too_short_to_train(Book.of(small_book.settings(FIRST_TRAINING))) is None


def test_a_training_that_fails_exits_with_1_and_leaves_the_versions_in_force(book_copy: BookFolders) -> None:
    book, told = Book.of(book_copy.settings()), StringIO()
    book.lake.layout.month_file("gold/label_store", FIRST_TRAINING).unlink()
    assert train_by_hand(book, Console(file=told, width=400), [MODELS[0]], FIRST_TRAINING) == 1
    assert "gold/label_store has no file for 2024-01" in told.getvalue()
    assert "The versions in force stay in force." in told.getvalue()


def test_a_book_without_decisions_is_untrained(book_copy: BookFolders) -> None:
    book = Book.of(book_copy.settings())
    assert not is_untrained(book)
    book_copy.forget_decisions()
    assert is_untrained(book)
