"""What a book should have and has not, and what is stored that is not the book's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.cli.book import Book
from credit_platform.cli.run.missing import TableCoverage, months_outside, owner_of, sorted_out, table_months
from credit_platform.lake.raw.delivery_log import Receipt, write_receipts
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.tables import OF_THE_SERVICE
from credit_platform_tests.cli.run.test_unfinished import DUE, MONTH, checked, decide, unscored
from credit_platform_tests.small_book import (
    FIRST,
    FIRST_OUTCOME,
    FIRST_SCORING,
    FIRST_TRAINING,
    LAST,
    MODEL_CONFIG,
    MODELS,
    PREVIEW_ALLOWED,
    BookFolders,
)

pytestmark = PREVIEW_ALLOWED
CASES, ATTRIBUTES, CLICKS = (
    f"bronze/{name}" for name in ("lms_loan_daily", "features_attributes", "feature_clickstream")
)
PREDICTION = f"prediction/{MODELS[0]}"
months = st.sets(st.integers(0, 30).map(lambda n: add_months(FIRST, n)))


def found(folders: BookFolders, last: date | None = LAST, **changes: object) -> dict[str, TableCoverage]:
    settings = folders.settings(last).model_copy(update=changes)
    return {table.table: table for table in table_months(Book.of(settings))}


def missing(folders: BookFolders, last: date | None = LAST) -> dict[str, list[date]]:
    return {name: list(table.missing) for name, table in found(folders, last).items() if table.missing}


def without_rows(folders: BookFolders, table: str, month: date) -> None:
    """Take every row out of a month of a table, as a source that delivers none leaves it."""
    file = folders.layout.month_file(table, month)
    pl.read_parquet(file).clear().write_parquet(file)


def without(folders: BookFolders, month: date) -> None:
    """Take away every table of a month."""
    for file in folders.data_dir.rglob(f"{month:%Y-%m}-01.parquet"):
        file.unlink()


@given(stored=months, due=months, outside=months, failed=months, empty=months)
def test_every_due_month_is_in_one_list_and_a_failed_one_never_present(
    stored: set[date], due: set[date], outside: set[date], failed: set[date], empty: set[date]
) -> None:
    due -= outside
    table = sorted_out("gold/x", stored, due, outside=outside, failed=failed, empty=empty)
    lists = (table.present, table.empty, table.missing, table.outside)
    assert all(list(each) == sorted(set(each)) for each in lists)
    assert sum(map(len, lists)) == len(set().union(*lists)), "no month is in two lists"
    assert due <= set().union(*lists)
    assert set(table.missing) == (due - stored) | (due & failed)
    assert set(table.outside) == stored & outside
    assert set(table.present) | set(table.empty) == stored - outside - failed
    assert set(table.empty) <= empty


@pytest.mark.parametrize("last", [LAST, None])
def test_nothing_is_missing_in_a_finished_book(finished_book: BookFolders, last: date | None) -> None:
    tables = found(finished_book, last)
    assert all(table.missing == table.empty == table.outside == () for table in tables.values())
    assert tables["quarantine/loan_snapshots"].present == tuple(month_range(FIRST, LAST))
    assert tables[f"monitoring/{MODELS[0]}/action"].present == tuple(month_range(FIRST_OUTCOME, LAST))
    assert all(tables[f"model/{model}"].present == DUE for model in MODELS)


def test_a_month_that_was_delivered_and_never_built_is_missing_in_every_table_of_an_open_ended_book(
    book_copy: BookFolders,
) -> None:
    without(book_copy, LAST)
    lacking = missing(book_copy, None)
    # A book that never served lacks nothing of a service.
    assert set(lacking) == {name for name in found(book_copy) if not name.startswith("model/")} - OF_THE_SERVICE
    assert all(found == [LAST] for found in lacking.values())


def test_a_month_whose_required_source_has_no_row_is_missing_in_every_table(book_copy: BookFolders) -> None:
    without_rows(book_copy, ATTRIBUTES, LAST)
    lacking = missing(book_copy, None)
    assert lacking == missing(book_copy, LAST)
    # A book that never served lacks nothing of a service.
    assert set(lacking) == {name for name in found(book_copy) if not name.startswith("model/")} - OF_THE_SERVICE
    assert CASES in lacking, "also in tables that were written before the build stopped"


def test_a_month_of_which_a_required_source_was_never_read_is_missing_in_every_table(book_copy: BookFolders) -> None:
    for table in (ATTRIBUTES, "silver/customer_attributes"):
        book_copy.layout.month_file(table, MONTH).unlink()
    assert missing(book_copy)["gold/label_store"] == [MONTH]


def test_a_file_that_is_lost_is_missing_in_its_table_alone(book_copy: BookFolders) -> None:
    for table in (ATTRIBUTES, "gold/vintages", PREDICTION):
        book_copy.layout.month_file(table, MONTH).unlink()
    assert missing(book_copy) == {ATTRIBUTES: [MONTH], "gold/vintages": [MONTH], PREDICTION: [MONTH]}


def test_a_month_without_a_row_of_an_optional_source_is_empty_and_not_missing(book_copy: BookFolders) -> None:
    without_rows(book_copy, CLICKS, MONTH)
    tables = found(book_copy)
    assert not any(table.missing for table in tables.values())
    dark = {name: table.empty for name, table in tables.items() if table.empty}
    assert dark == {CLICKS: (MONTH,), "silver/customer_clickstream": (MONTH,)}
    assert MONTH not in tables[CLICKS].present


def test_months_nobody_delivered_are_not_due_in_an_open_ended_book(book_copy: BookFolders) -> None:
    shutil.copy(book_copy.layout.month_file(CASES, LAST), book_copy.layout.month_file(CASES, add_months(LAST, 3)))
    without_rows(book_copy, CASES, add_months(LAST, 3))
    assert missing(book_copy, None) == {}


def test_a_book_without_raw_files_is_due_to_its_newest_bronze_month(book_copy: BookFolders, tmp_path: Path) -> None:
    alone = replace(book_copy, raw_dir=tmp_path / "nothing")
    assert missing(alone, None) == {}
    empty = BookFolders(tmp_path / "empty", tmp_path / "nothing", book_copy.policy_dir)
    assert missing(empty, None) == {}


def test_a_check_that_stopped_a_build_makes_its_month_missing_until_it_passes(book_copy: BookFolders) -> None:
    checked(book_copy, "gold/label_store", MONTH, passed=False)
    assert missing(book_copy)["gold/feature_store"] == [MONTH]
    checked(book_copy, "gold/label_store", MONTH, passed=True)
    checked(book_copy, PREDICTION, MONTH, passed=False)
    assert {MODELS[0] in name for name in missing(book_copy)} == {True}, "of the model whose scores it stopped"


def test_a_delivery_that_was_not_taken_leaves_its_month_as_it_was(book_copy: BookFolders) -> None:
    checked(book_copy, ATTRIBUTES, MONTH, passed=False)
    assert missing(book_copy)[CASES] == [MONTH]
    kept = Receipt("features_attributes", MONTH, (), 3, "other", "built", None, {"unchanged": "Other rows."}, {})
    write_receipts(book_copy.layout, [kept])
    assert missing(book_copy) == {}


def test_a_history_that_cannot_be_read_says_nothing(book_copy: BookFolders) -> None:
    checked(book_copy, "gold/label_store", MONTH, passed=False)
    for file in (book_copy.data_dir / ".dagster").rglob("*.db"):
        file.write_bytes(b"torn")
    assert missing(book_copy) == {}


def test_scores_are_not_missing_before_a_version_can_make_them(book_copy: BookFolders, tmp_path: Path) -> None:
    tables_alone = unscored(book_copy)
    lacking = missing(tables_alone, add_months(FIRST_TRAINING, -1))
    assert lacking == {}, "no training is due yet"
    lacking = missing(tables_alone)
    assert lacking[PREDICTION] == month_range(FIRST_SCORING, LAST)
    assert lacking["monitoring/history"] == month_range(FIRST_OUTCOME, LAST)
    assert lacking[f"model/{MODELS[0]}"] == list(DUE)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "model_config.yaml").write_text(f"{MODEL_CONFIG}promotion: {{auto_promote: false}}\n")
    decided_by_people = replace(tables_alone, policy_dir=tmp_path / "policy")
    assert set(missing(decided_by_people)) == {f"model/{model}" for model in MODELS}
    decide(decided_by_people, DUE, is_promoted=False)
    assert missing(decided_by_people) == {}, "a person has to promote first"


def test_a_model_without_a_version_in_force_has_no_scores_and_is_compared_with_none(book_copy: BookFolders) -> None:
    tables_alone = unscored(book_copy)
    decide(tables_alone, DUE, is_promoted=True, models=MODELS[:1])
    decide(tables_alone, DUE, is_promoted=False, models=MODELS[1:])
    lacking = missing(tables_alone)
    assert PREDICTION in lacking
    assert not any(MODELS[1] in name for name in lacking)
    assert "monitoring/champion_challenger" not in lacking


def test_a_training_is_missing_until_it_or_a_later_one_is_done(book_copy: BookFolders) -> None:
    book_copy.forget_decisions()
    decide(book_copy, DUE[:1], is_promoted=True)
    assert missing(book_copy) == {f"model/{model}": list(DUE[1:]) for model in MODELS}
    decide(book_copy, DUE[2:], is_promoted=False)
    assert missing(book_copy) == {}


def test_stored_months_before_a_first_month_that_was_moved_are_outside(book_copy: BookFolders) -> None:
    first = add_months(FIRST, 2)
    tables = found(book_copy, first_month=first)
    assert tables[CASES].outside == (FIRST, add_months(FIRST, 1))
    assert tables[CASES].present == tuple(month_range(first, LAST))
    assert tables[PREDICTION].outside == (FIRST_SCORING, add_months(FIRST_SCORING, 1))
    assert tables[f"model/{MODELS[0]}"].outside == (FIRST_TRAINING,)
    outside = months_outside(Book.of(book_copy.settings().model_copy(update={"first_month": first})))
    assert outside == {name: list(table.outside) for name, table in tables.items() if table.outside}
    assert months_outside(Book.of(book_copy.settings(add_months(LAST, -1))))[CASES] == [LAST]


@pytest.mark.parametrize(
    ("table", "owner"),
    [("prediction/a", "a"), ("monitoring/b/action", "b"), ("monitoring/history", ""), ("gold/feature_store", "")],
)
def test_a_table_is_of_the_model_in_its_key(table: str, owner: str) -> None:
    assert owner_of(table, ("a", "b")) == owner
