"""Replay after a corrected delivery that leaves one of two tables made together, silver and quarantine, as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.replay.replay import Replay, replay_month
from credit_platform.cli.replay.tables import findings
from credit_platform.cli.replay.verb import run_replay
from credit_platform.lake.raw.deliveries import REPLACE_TAG
from credit_platform_tests.small_book import FIRST, MODELS, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
# The book's first months have no predictions, so that all their tables are made again in seconds.
SECOND = date(2023, 2, 1)
SILVER, QUARANTINE = "silver/loan_snapshots", "quarantine/loan_snapshots"
Edit = Callable[[pl.DataFrame], pl.DataFrame]


def a_row(rows: pl.DataFrame) -> pl.Expr:
    return pl.col("loan_id") == rows["loan_id"][0]


def with_one_more(rows: pl.DataFrame) -> pl.DataFrame:
    more = rows.head(1).with_columns(loan_id=pl.lit("CUS_0x1000abc_2023_01_01"))
    return pl.concat([rows, more])


def with_one_less(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(~a_row(rows))


def with_one_unusable(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(loan_amt=pl.when(a_row(rows)).then(pl.lit("much")).otherwise("loan_amt"))


def with_one_more_unusable(rows: pl.DataFrame) -> pl.DataFrame:
    return with_one_more(rows).with_columns(
        loan_amt=pl.when(pl.col("loan_id") == "CUS_0x1000abc_2023_01_01").then(pl.lit("much")).otherwise("loan_amt")
    )


def redelivered(folders: BookFolders, root: Path, edit: Edit, last: date) -> BookFolders:
    """The first month's loans delivered again with other rows, and the months up to `last` made of them."""
    corrected = folders.copy_raw_to(root)
    file = corrected.raw_dir / "lms_loan_daily.csv"
    rows = pl.read_csv(file, infer_schema=False)
    is_first = pl.col("snapshot_date").str.starts_with(f"{FIRST:%Y-%m}")
    pl.concat([rows.filter(~is_first), edit(rows.filter(is_first))]).write_csv(file)
    book = BookFolders(folders.data_dir, corrected.raw_dir, folders.policy_dir)
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = book.runner(instance).run("build_month", FIRST, last, tags={REPLACE_TAG: "true"})
    assert outcome.success, outcome
    return book


def n_editions(replay: Replay, table: str) -> int:
    return len(replay.of(table).proofs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        (with_one_more, {SILVER}),
        (with_one_less, {SILVER}),
        (with_one_unusable, {SILVER, QUARANTINE}),
        (with_one_more_unusable, {QUARANTINE}),
    ],
)
def test_a_correction_is_told_as_one_and_every_table_is_proven(
    book_copy: BookFolders, tmp_path: Path, edit: Edit, changed: set[str]
) -> None:
    folders = redelivered(book_copy, tmp_path, edit, SECOND)
    for month in (FIRST, SECOND):
        replay = replay_month(Book.of(folders.settings()), month, MODELS)
        assert replay.is_sound, list(findings(replay))
        if month == FIRST:
            assert {table for table in (SILVER, QUARANTINE) if n_editions(replay, table) == 2} == changed
            assert n_editions(replay, "monitoring/row_balance") == 2, "what reads both tables is made again"


def test_the_correction_is_printed_and_the_exit_code_is_0(book_copy: BookFolders, tmp_path: Path) -> None:
    folders = redelivered(book_copy, tmp_path, with_one_more, FIRST)
    console = Console(file=StringIO(), width=220)
    code = run_replay(Book.of(folders.settings()), console, month=FIRST, model=None, is_json=False)
    assert isinstance(console.file, StringIO)
    told = console.file.getvalue()
    assert code == 0, told
    assert "Corrections that came after 2023-01 was first made" in told
    assert "CUS_0x1000abc_2023_01_01" in told
