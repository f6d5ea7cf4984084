"""Filling what is missing: which months of which job, in which order, and what is said of those that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from credit_platform.cli.book import Book
from credit_platform.cli.run.backfill import JOBS, Backfill
from credit_platform.cli.run.fill import Extent, Filling, ranges
from credit_platform.cli.run.missing import TableCoverage, table_months
from credit_platform.cli.run.runs import RunOutcome
from credit_platform.months import add_months, month_range
from credit_platform_tests.cli.run.test_backfill import ScriptedRunner, book
from credit_platform_tests.cli.run.test_missing import missing, without
from credit_platform_tests.cli.run.test_unfinished import DUE, MONTH, decide, unscored
from credit_platform_tests.small_book import (
    FIRST,
    FIRST_TRAINING,
    LAST,
    MODELS,
    PREVIEW_ALLOWED,
    BookFolders,
    table_bytes,
    without_month,
)

pytestmark = PREVIEW_ALLOWED
MONTHS = st.sets(st.integers(0, 30).map(lambda n: add_months(FIRST, n)))
TABLES = {
    "gold/feature_store": "build_month",
    "quarantine/loan_snapshots": "build_month",
    "prediction/scorecard": "score_month",
    "monitoring/scorecard/action": "monitor_month",
    "model/scorecard": "train_models",
}


def filled(target: Book, runner: ScriptedRunner, job: str | None = None) -> Filling:
    """Fill a book with a runner that makes nothing."""
    backfill = Backfill(target, runner)  # pyrefly: ignore[bad-argument-type]
    extent = Extent(target.axis.first_snapshot, None, job)
    filling = Filling(backfill, extent, extent.plan(table_months(target)))
    filling.carry_out()
    return filling


def asked(runner: ScriptedRunner) -> list[tuple[str, str]]:
    return [(job.partition("[")[0], span) for job, span in runner.asked]


@given(MONTHS)
def test_ranges_are_the_fewest_that_contain_the_months_and_no_other(months: set[date]) -> None:
    found = ranges(months)
    assert [month for first, last in found for month in month_range(first, last)] == sorted(months)
    assert all(add_months(one[1], 1) < other[0] for one, other in pairwise(found))


@given(
    missing=st.fixed_dictionaries(dict.fromkeys(TABLES, MONTHS)),
    first=st.integers(0, 30).map(lambda n: add_months(FIRST, n)),
    length=st.none() | st.integers(0, 12),
    job=st.none() | st.sampled_from(JOBS),
)
def test_a_plan_has_the_missing_months_of_the_extent_by_the_job_that_makes_them(
    missing: dict[str, set[date]], first: date, length: int | None, job: str | None
) -> None:
    last = None if length is None else add_months(first, length)
    plan = Extent(first, last, job).plan(TableCoverage(name, missing=tuple(months)) for name, months in missing.items())
    assert set(plan) <= ({job} if job else set(JOBS))
    for name, months in missing.items():
        inside = {month for month in months if first <= month and (last is None or month <= last)}
        if job in {None, TABLES[name]}:
            assert inside <= set(plan.get(TABLES[name], ()))
    for of_job, months in plan.items():
        assert months == sorted(set(months)) != []
        assert set(months) <= set().union(*(missing[name] for name in TABLES if TABLES[name] == of_job))


def test_an_unbuilt_book_is_built_in_one_range_and_waits_for_its_first_training(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    filling = filled(Book.of(book(tmp_path)), runner)
    # The runner makes no version, so nothing can be scored.
    assert asked(runner) == [("build_month", "2023-01..2024-12"), ("train_models", "2024-12")]
    assert filling.backfill.failed["score_month", date(2024, 4, 1)].startswith("no version is in force")
    assert filling.backfill.failed["build_month", FIRST].startswith("still missing")


def test_only_missing_months_are_run_each_step_in_its_month(book_copy: BookFolders) -> None:
    for table in ("gold/vintages", "silver/loan_snapshots", f"prediction/{MODELS[0]}"):
        book_copy.layout.month_file(table, MONTH).unlink()
    book_copy.layout.month_file("monitoring/history", add_months(MONTH, 2)).unlink()
    runner = ScriptedRunner()
    filled(Book.of(book_copy.settings()), runner)
    assert asked(runner) == [("build_month", "2024-05"), ("score_month", "2024-05"), ("monitor_month", "2024-07")]


@pytest.mark.parametrize(("job", "runs"), [("score_month", ["2024-05"]), ("monitor_month", []), ("train_models", [])])
def test_one_job_fills_its_own_months(book_copy: BookFolders, job: str, runs: list[str]) -> None:
    for table in ("gold/vintages", f"prediction/{MODELS[0]}"):
        book_copy.layout.month_file(table, MONTH).unlink()
    runner = ScriptedRunner()
    filled(Book.of(book_copy.settings()), runner, job)
    assert asked(runner) == [(job, span) for span in runs]


def test_a_training_that_is_missing_comes_after_the_outcome_of_its_month(book_copy: BookFolders) -> None:
    book_copy.forget_decisions()
    decide(book_copy, DUE[:2], is_promoted=True)
    for table in (f"prediction/{MODELS[0]}", "monitoring/history"):
        book_copy.layout.month_file(table, DUE[2]).unlink()
    runner = ScriptedRunner()
    filled(Book.of(book_copy.settings()), runner)
    assert asked(runner) == [(job, "2024-07") for job in ("score_month", "monitor_month", "train_models")]


def test_what_a_month_needs_and_has_not_is_said_in_place_of_a_run(book_copy: BookFolders) -> None:
    for table in ("gold/feature_store", f"prediction/{MODELS[0]}", "gold/label_store", "monitoring/history"):
        book_copy.layout.month_file(table, LAST).unlink()
    runner = ScriptedRunner()
    filling = filled(Book.of(book_copy.settings()), runner)
    assert asked(runner) == [("build_month", "2024-08")]
    reasons = {job: why for (job, _), why in filling.backfill.failed.items()}
    assert "gold/feature_store has no such month" in reasons["score_month"]
    assert "gold/label_store has no such month" in reasons["monitor_month"]


def test_months_before_the_first_version_are_scored_once_there_is_one(book_copy: BookFolders) -> None:
    tables_alone = unscored(book_copy)

    class Promoting(ScriptedRunner):
        @override
        def run(self, job: str, first: date, last: date, **rest: object) -> RunOutcome:
            if job == "train_models" and first == FIRST_TRAINING:
                decide(tables_alone, DUE, is_promoted=True)
            return super().run(job, first, last, **rest)  # pyrefly: ignore[bad-argument-type]

    runner = Promoting()
    filled(Book.of(tables_alone.settings()), runner)
    assert asked(runner)[:3] == [
        ("train_models", "2024-01"),
        ("score_month", "2023-06..2024-01"),
        ("score_month", "2024-02"),
    ]


def test_a_finished_book_has_nothing_to_fill(finished_book: BookFolders) -> None:
    done = finished_book.verb("backfill", "--missing")
    assert (done.returncode, done.stdout.strip()) == (0, "Nothing is missing in these months.")


@pytest.mark.parametrize(("options", "code"), [(("--job", "build_year"), 2), (("--from", "2022-01"), 1)])
def test_a_wrong_extent_is_refused(finished_book: BookFolders, options: Sequence[str], code: int) -> None:
    assert finished_book.verb("backfill", "--missing", *options).returncode in {code, 2}


@pytest.mark.slow
def test_a_failed_month_of_an_open_ended_book_is_filled_once_its_source_is_there(
    finished_book: BookFolders, tmp_path: Path
) -> None:
    copied = finished_book.copy_to(tmp_path)
    raw = copied.copy_raw_to(tmp_path).raw_dir
    mended = (raw / "features_attributes.csv").read_bytes()
    without_month(raw / "features_attributes.csv", LAST)
    own = BookFolders(copied.data_dir, raw, copied.policy_dir)
    assert own.verb("init", "--open-ended").returncode == 0
    without(own, LAST)
    failed = own.verb("backfill", "--missing")
    assert failed.returncode == 1, failed
    still = failed.stdout.partition("Missing")[2]
    assert "features_attributes: 2024-08: no row has a snapshot date in this month" in " ".join(still.split())
    assert "gold/feature_store has no such month" in still
    assert "build_month 2024-08 ..." in failed.stdout
    tables = [name for name in missing(finished_book, add_months(LAST, 1)) if not name.startswith("model/")]
    assert missing(own, None) == {name: [LAST] for name in tables}
    (raw / "features_attributes.csv").write_bytes(mended)
    done = own.verb("backfill", "--missing")
    assert done.returncode == 0, done
    assert missing(own, None) == {}
    for table in ("gold/feature_store", f"prediction/{MODELS[0]}", f"monitoring/{MODELS[1]}/action"):
        assert table_bytes(own, table, LAST) == table_bytes(finished_book, table, LAST)
    assert own.lake.months("gold/feature_store") == month_range(FIRST, LAST)
