"""`continuous` walks on month by month; the walk ends where a backfill of the same months ends."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from credit_platform.cli.backfill import Backfill
from credit_platform.cli.book import Book
from credit_platform.cli.continuous import advice_lines, months_to_walk, run_continuous, told_of
from credit_platform.cli.training import newest_built
from credit_platform.lending.months import add_months, month_key, month_range
from credit_platform_tests.small_book import (
    FIRST,
    LAST,
    MODELS,
    PREVIEW_ALLOWED,
    BookFolders,
    table_bytes,
    without_month,
)

pytestmark = PREVIEW_ALLOWED


def without_last_month(book: BookFolders) -> BookFolders:
    """Take the last month out of every table, as if it had not been run yet."""
    for file in book.data_dir.rglob(f"{month_key(LAST)}.parquet"):
        file.unlink()
    return book


@pytest.mark.slow
def test_a_walk_over_a_missing_month_gives_what_was_there(finished_book: BookFolders, book_copy: BookFolders) -> None:
    book = Book.of(without_last_month(book_copy).settings())
    assert newest_built(book) == add_months(LAST, -1)
    assert months_to_walk(book, None) == [LAST]
    walked = book_copy.verb("continuous", "--json")
    assert walked.returncode == 0, walked
    (month,) = json.loads(walked.stdout)
    assert (month["month"], month["failures"]) == ("2024-08", [])
    assert [one["model"] for one in month["models"]] == list(MODELS)
    for one in month["models"]:
        assert one["loans"] > 0
        assert one["in_force"]
        assert one["action"] in {"monitor", "active_monitoring", "retrain"}
    # What any run of these months gives, the walk gives too, to the byte.
    tables = ["gold/feature_store", "gold/label_store", *(f"prediction/{model}" for model in MODELS)]
    for table in [*tables, *(f"monitoring/{model}/performance" for model in MODELS)]:
        assert table_bytes(book_copy, table, LAST) == table_bytes(finished_book, table, LAST), table
    assert months_to_walk(book, None) == []


@pytest.mark.slow
def test_a_month_that_fails_is_told_with_its_reason_and_exits_with_1(book_copy: BookFolders, tmp_path: Path) -> None:
    shutil.copytree(book_copy.raw_dir, tmp_path / "raw")
    folders = replace(without_last_month(book_copy), raw_dir=tmp_path / "raw")
    without_month(folders.raw_dir / "features_attributes.csv", LAST)
    told = StringIO()
    book = Book.of(folders.settings())
    assert run_continuous(book, Console(file=told, width=300), n_months=None) == 1
    assert "features_attributes" in told.getvalue()
    assert not book.lake.has("gold/feature_store", LAST)


def test_a_book_nobody_built_is_walked_from_its_first_delivered_month(small_book: BookFolders, tmp_path: Path) -> None:
    book = Book.of(BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir).settings())
    assert newest_built(book) is None
    assert months_to_walk(book, 2) == [FIRST, add_months(FIRST, 1)]
    assert months_to_walk(book, None) == month_range(FIRST, LAST)


def test_rollback_advice_comes_from_the_month_s_report_and_is_told(book_copy: BookFolders) -> None:
    book = Book.of(book_copy.settings())
    report = book.lake.layout.report(f"actions/model_1_action_{LAST:%Y_%m_%d}.json")
    content = json.loads(report.read_text())
    content["rollback"] = {"within": "1 day", "why": "roc_auc lost 12.0%"}
    report.write_text(json.dumps(content))
    walked = told_of(book, LAST, Backfill(book, runner=SimpleNamespace()))  # type: ignore[arg-type]
    assert [one.rollback for one in walked.models] == ["1 day: roc_auc lost 12.0%", ""]
    (line,) = advice_lines([walked])
    assert line.startswith(f"2024-08, {MODELS[0]}: a rollback is advised (1 day: roc_auc lost 12.0%)")
