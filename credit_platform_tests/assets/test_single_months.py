"""A month built by itself, or built again, has the same bytes as the month of a range run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg

from credit_platform.checks.tables import model_table
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import begins_with, tables_of
from credit_platform_tests.small_book import (
    FIRST,
    FIRST_OUTCOME,
    FIRST_SCORING,
    FIRST_TRAINING,
    MODELS,
    PREVIEW_ALLOWED,
    BookFolders,
    table_bytes,
)

pytestmark = PREVIEW_ALLOWED

SCORED = [
    model_table(model, part) for model in MODELS for part in ("prediction", "stability", "estimate", "early_reads")
]
MONITORED = [
    *(model_table(model, part) for model in MODELS for part in ("performance", "estimate_backtest", "action")),
    "monitoring/history",
    "monitoring/champion_challenger",
]


def differing(one: BookFolders, other: BookFolders, tables: list[str], months: list[date]) -> list[tuple[str, date]]:
    return [
        (table, month)
        for table in tables
        for month in months
        if table_bytes(one, table, month) != table_bytes(other, table, month)
    ]


def test_months_built_one_by_one_have_the_bytes_of_the_range_run(finished_book: BookFolders, tmp_path: Path) -> None:
    singly = BookFolders(tmp_path / "data", finished_book.raw_dir, finished_book.policy_dir)
    months = month_range(FIRST, date(2023, 7, 1))
    with dg.DagsterInstance.ephemeral() as instance:
        runner = singly.runner(instance)
        for month in months:
            outcome = runner.run("build_month", month, month)
            assert outcome.success, outcome.problems
    built = [table for table in tables_of(LOANS).shared if begins_with(table) == "snapshot"]
    assert differing(singly, finished_book, built, months) == []
    assert table_bytes(singly, "gold/label_store", months[-1]) != table_bytes(singly, "gold/label_store", months[0])


def test_months_scored_and_monitored_one_by_one_have_the_bytes_of_the_range_run(
    finished_book: BookFolders, book_copy: BookFolders
) -> None:
    scored = [*month_range(FIRST_SCORING, date(2023, 7, 1)), FIRST_TRAINING]
    monitored = month_range(FIRST_OUTCOME, FIRST_TRAINING)
    for tables, months in ((SCORED, scored), (MONITORED, monitored)):
        for table in tables:
            for month in months:
                book_copy.layout.month_file(table, month).unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        runner = book_copy.runner(instance)
        outcomes = [runner.run("score_month", month, month) for month in scored]
        outcomes += [runner.run("monitor_month", month, month) for month in monitored]
    assert [problem for outcome in outcomes for problem in outcome.problems] == []
    assert differing(book_copy, finished_book, SCORED, scored) == []
    assert differing(book_copy, finished_book, MONITORED, monitored) == []


def test_training_again_gives_the_same_version_and_no_second_record(book_copy: BookFolders) -> None:
    before = PromotionLog(book_copy.layout).records()
    versions = {model: sorted(path.name for path in book_copy.layout.model(model).iterdir()) for model in MODELS}
    first = [record.model_version for record in before if record.as_of == FIRST_TRAINING]
    # As it was when the first training ran: nothing in force yet.
    book_copy.forget_decisions()
    with dg.DagsterInstance.ephemeral() as instance:
        runner = book_copy.runner(instance)
        for _ in range(2):
            assert runner.run("train_models", FIRST_TRAINING, FIRST_TRAINING).success
    after = PromotionLog(book_copy.layout).records()
    assert sorted(record.model_version for record in after) == sorted(first)
    for model in MODELS:
        assert sorted(path.name for path in book_copy.layout.model(model).iterdir()) == versions[model]
