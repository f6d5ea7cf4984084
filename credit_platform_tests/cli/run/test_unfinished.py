"""Which months of a book are finished: what a step that failed leaves behind makes its month unfinished again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.checks.contracts import CONTRACT_CHECK
from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.continuous import months_to_walk
from credit_platform.cli.run.unfinished import delivered_months
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.months import add_months, month_key, month_range
from credit_platform_tests.small_book import (
    FIRST,
    FIRST_SCORING,
    FIRST_TRAINING,
    LAST,
    MODEL_CONFIG,
    MODELS,
    PREVIEW_ALLOWED,
    BookFolders,
)

pytestmark = PREVIEW_ALLOWED
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
MONTH = date(2024, 5, 1)
DUE = (FIRST_TRAINING, date(2024, 4, 1), date(2024, 7, 1))
BY_MODEL = ("prediction", *(f"monitoring/{model}" for model in MODELS))
COMMON = ("monitoring/history", "monitoring/champion_challenger", "monitoring/overrides")


def unfinished(folders: BookFolders) -> list[date]:
    return list(delivered_months(Book.of(folders.settings())).unfinished)


def decide(folders: BookFolders, months: Sequence[date], *, is_promoted: bool, models: Sequence[str] = MODELS) -> None:
    """Say of a version of each model that it was trained as of these months, and what was decided."""
    for model in models:
        for month in months:
            version, begins = f"{month_key(month)}-0123456789ab", add_months(month, 1)
            record = PromotionRecord(model, version, month, begins, is_promoted, "policy", ("By rule.",))
            PromotionLog(folders.layout).append(record)


def unscored(folders: BookFolders) -> BookFolders:
    """Take away every score and outcome, as if only tables had been built."""
    folders.forget_decisions()
    for place in (*BY_MODEL, *COMMON):
        for file in (folders.data_dir / place).rglob("*.parquet"):
            file.unlink()
    return folders


def checked(
    folders: BookFolders, table: str, month: date, *, passed: bool, severity: dg.AssetCheckSeverity = ERROR
) -> None:
    """Write into the history that a table's month was made and its contract checked."""
    key, months = dg.AssetKey(table.split("/")), dg.MonthlyPartitionsDefinition(month_key(FIRST))

    @dg.asset(key=key, partitions_def=months)
    def rows() -> None: ...

    @dg.asset_check(asset=key, name=CONTRACT_CHECK, partitions_def=months)
    def contract() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed, severity=severity)

    with open_instance(folders.settings()) as instance:
        assert dg.materialize([rows, contract], partition_key=month_key(month), instance=instance).success


@pytest.fixture
def decided_by_people(book_copy: BookFolders, tmp_path: Path) -> BookFolders:
    """A book with tables alone, whose policy leaves promotion to people."""
    (tmp_path / "policy").mkdir()
    policy = f"{MODEL_CONFIG}promotion: {{auto_promote: false}}\n"
    (tmp_path / "policy" / "model_config.yaml").write_text(policy)
    return unscored(replace(book_copy, policy_dir=tmp_path / "policy"))


def test_every_month_of_a_finished_book_is_finished(finished_book: BookFolders) -> None:
    delivered = delivered_months(Book.of(finished_book.settings()))
    assert delivered.unfinished == ()
    assert delivered.newest_finished == LAST


@pytest.mark.parametrize(
    "table",
    [
        "silver/customer_attributes",
        "gold/feature_store",
        "monitoring/row_balance",
        f"prediction/{MODELS[1]}",
        f"monitoring/{MODELS[0]}/early_reads",
        f"monitoring/{MODELS[0]}/action",
        "monitoring/champion_challenger",
    ],
)
def test_a_month_without_a_table_it_can_have_is_walked_again(book_copy: BookFolders, table: str) -> None:
    book_copy.layout.month_file(table, MONTH).unlink()
    assert unfinished(book_copy) == [MONTH]
    assert months_to_walk(Book.of(book_copy.settings()), 1) == [MONTH]


@pytest.mark.parametrize(
    ("table", "month", "walked"),
    [
        ("gold/label_store", MONTH, MONTH),
        (f"prediction/{MODELS[0]}", FIRST_SCORING, FIRST_TRAINING),
    ],
)
def test_a_month_whose_rows_a_blocking_check_refused_is_walked_until_the_check_stops_it_no_more(
    book_copy: BookFolders, table: str, month: date, walked: date
) -> None:
    for passed in (True, False):
        checked(book_copy, table, month, passed=False)
        assert unfinished(book_copy) == [walked]
        checked(book_copy, table, month, passed=passed, severity=WARN)
        assert unfinished(book_copy) == []


def test_what_the_first_training_makes_of_earlier_months_makes_its_month_unfinished(book_copy: BookFolders) -> None:
    book_copy.layout.month_file(f"prediction/{MODELS[0]}", add_months(FIRST_SCORING, 1)).unlink()
    assert unfinished(book_copy) == [FIRST_TRAINING]


def test_a_training_that_was_due_and_failed_is_caught_up_until_a_later_one(book_copy: BookFolders) -> None:
    book_copy.forget_decisions()
    decide(book_copy, DUE[:1], is_promoted=True)
    assert unfinished(book_copy) == list(DUE[1:])
    decide(book_copy, DUE[2:], is_promoted=False, models=MODELS[:1])
    assert unfinished(book_copy) == list(DUE[1:]), "the other model was not trained"
    decide(book_copy, DUE[2:], is_promoted=False)
    assert unfinished(book_copy) == []


def test_a_book_of_tables_alone_is_walked_from_its_first_training(book_copy: BookFolders) -> None:
    tables_alone = unscored(book_copy)
    assert unfinished(tables_alone) == month_range(FIRST_TRAINING, LAST)
    decide(tables_alone, DUE[:1], is_promoted=True)
    assert unfinished(tables_alone) == month_range(FIRST_TRAINING, LAST)
    assert months_to_walk(Book.of(tables_alone.settings()), 2) == [FIRST_TRAINING, add_months(FIRST_TRAINING, 1)]


def test_months_that_wait_for_a_person_are_finished_until_somebody_promotes(decided_by_people: BookFolders) -> None:
    decide(decided_by_people, DUE, is_promoted=False)
    assert unfinished(decided_by_people) == []
    decide(decided_by_people, DUE[:1], is_promoted=True, models=MODELS[:1])
    assert unfinished(decided_by_people) == [], "nothing is scored before each model has a version"
    decide(decided_by_people, DUE[:1], is_promoted=True)
    assert unfinished(decided_by_people) == month_range(FIRST_TRAINING, LAST)


def test_months_before_the_newest_finished_one_do_not_count_among_those_asked_for(book_copy: BookFolders) -> None:
    for month in (MONTH, LAST, add_months(LAST, -1)):
        book_copy.layout.month_file("silver/loan_snapshots", month).unlink()
    book = Book.of(book_copy.settings())
    assert months_to_walk(book, 1) == [MONTH, add_months(LAST, -1)]
    assert months_to_walk(book, None) == [MONTH, add_months(LAST, -1), LAST]


def test_nothing_of_an_unbuilt_book_is_finished(small_book: BookFolders, tmp_path: Path) -> None:
    folders = BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)
    delivered = delivered_months(Book.of(folders.settings()))
    assert (delivered.finished, delivered.newest_finished, delivered.gaps) == ((), None, [])
    assert delivered.ahead == month_range(FIRST, LAST)
