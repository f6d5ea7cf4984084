"""Replay on a finished book: equal to the last bit, whatever was altered named, corrections shown."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli import main as command_line
from credit_platform.cli.book import Book
from credit_platform.cli.replay.replay import Replay, ReplayVerdict, replay_month
from credit_platform.cli.replay.tables import findings
from credit_platform.cli.replay.verb import run_replay
from credit_platform.cli.versions.promotion import Person, promote
from credit_platform.errors import ReplayError, SettingsError
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.raw.deliveries import REPLACE_TAG
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.campaigns.data_folder import fingerprints
from credit_platform_tests.small_book import (
    FIRST,
    FIRST_OUTCOME,
    FIRST_SCORING,
    FIRST_TRAINING,
    LAST,
    MODELS,
    PREVIEW_ALLOWED,
    WITHOUT_PICTURES,
    BookFolders,
)

pytestmark = PREVIEW_ALLOWED
MONTH = date(2024, 3, 1)
GONE, ALTERED, CUT_OFF = "gold/vintages", f"prediction/{MODELS[0]}", "gold/label_store"


def replayed(folders: BookFolders, month: date = MONTH, *models: str) -> Replay:
    return replay_month(Book.of(folders.settings()), month, models or MODELS)


def unsound(replay: Replay) -> list[str]:
    return [found.table for found in replay.tables if not found.is_sound]


def run(folders: BookFolders, month: date = MONTH, model: str | None = None) -> tuple[int, str]:
    console = Console(file=StringIO(), width=220)
    code = run_replay(Book.of(folders.settings()), console, month=month, model=model, is_json=False)
    assert isinstance(console.file, StringIO)
    return code, console.file.getvalue()


def correct_delivery(folders: BookFolders, root: Path, loan: str, month: date = MONTH) -> BookFolders:
    """Raw files in which a loan is said to have paid nothing in a month."""
    corrected = folders.copy_raw_to(root)
    file = corrected.raw_dir / "lms_loan_daily.csv"
    rows = pl.read_csv(file, infer_schema=False)
    is_it = (pl.col("loan_id") == loan) & pl.col("snapshot_date").str.starts_with(f"{month:%Y-%m}")
    assert rows.filter(is_it).height == 1
    rows.with_columns(paid_amt=pl.when(is_it).then(pl.lit("0")).otherwise("paid_amt")).write_csv(file)
    return BookFolders(folders.data_dir, corrected.raw_dir, folders.policy_dir)


def loan_of(folders: BookFolders, mob: int, month: date = MONTH) -> str:
    loans = folders.lake.scan("silver/loan_snapshots", [month]).filter(pl.col("mob") == mob).collect()
    return str(loans["loan_id"].sort()[0])


@pytest.mark.slow
def test_every_table_of_a_month_is_made_again_bit_for_bit_and_nothing_is_written(finished_book: BookFolders) -> None:
    before = fingerprints(finished_book.data_dir)
    replay = replayed(finished_book)
    assert fingerprints(finished_book.data_dir) == before
    stored = {
        file.parent.relative_to(finished_book.data_dir).as_posix()
        for file in finished_book.data_dir.rglob(f"{MONTH:%Y-%m-%d}.parquet")
    }
    assert {found.table for found in replay.tables} == stored
    assert {proof.verdict for found in replay.tables for proof in found.proofs} == {ReplayVerdict.EQUAL}
    assert (replay.is_sound, replay.lost, replay.unlogged) == (True, (), ())


@pytest.mark.slow
def test_one_model_is_replayed_alone_and_told_to_a_program(
    finished_book: BookFolders, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Book.of(finished_book.settings())
    assert run_replay(book, Console(), month=date(2023, 6, 1), model="model_2", is_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["as_of"], told["is_equal"], told["findings"], told["late_corrections"]) == ("2023-06-01", True, [], [])
    tables = {table["table"]: table for table in told["tables"]}
    assert f"prediction/{MODELS[1]}" in tables
    assert not any(MODELS[0] in table for table in tables)
    (edition,) = tables[f"prediction/{MODELS[1]}"]["editions"]
    assert edition["scored_by"].endswith("(backfill)")
    assert edition["policy_sha256"] == LOANS.load_policy(finished_book.policy_dir).sha256


def test_what_was_altered_or_is_gone_is_named_and_nothing_else_is(book_copy: BookFolders) -> None:
    layout = book_copy.layout
    file = layout.month_file(ALTERED, MONTH)
    rows = pl.read_parquet(file)
    loan, value = rows["loan_id"][7], rows["default_probability"][7]
    probability = pl.when(pl.col("loan_id") == loan).then(pl.col("default_probability") + 1e-12)
    rows.with_columns(default_probability=probability.otherwise("default_probability")).write_parquet(file)
    layout.month_file(GONE, MONTH).unlink()
    cut = layout.month_file(CUT_OFF, MONTH)
    cut.write_bytes(cut.read_bytes()[:100])
    code, text = run(book_copy, model=MODELS[0])
    assert code == 1
    said = f"loan {loan}, default_probability: stored {value + 1e-12!r}, made again {value!r}"
    assert f"{ALTERED}, 2024-03: changed since it was written ({file}). {said}. About 1 loan: {loan}." in text
    assert "credit-platform backfill --from 2024-03 --to 2024-03 --job score_month." in text
    assert f"{GONE}, 2024-03: {layout.month_file(GONE, MONTH)} is not there." in text
    assert f"{CUT_OFF}, 2024-03: changed since it was written ({cut}). It is no Parquet file" in text
    assert re.search(r"3 of \d+ tables of 2024-03 are not proven to be what was known\.", text)


@pytest.mark.slow
def test_an_altered_delivery_and_features_are_named(book_copy: BookFolders) -> None:
    bronze, features = "bronze/lms_loan_daily", "gold/feature_store"
    for table, column in ((bronze, "source_file"), (features, "credit_mix")):
        file = book_copy.layout.month_file(table, MONTH)
        rows = pl.read_parquet(file)
        rows.with_columns(pl.lit("x", dtype=rows.schema[column]).alias(column)).write_parquet(file)
    replay = replayed(book_copy, MONTH, MODELS[0])
    # Predictions are made of features made again, so they are not accused as well.
    assert unsound(replay) == [bronze, features]
    delivery, gold = findings(replay)
    assert delivery.startswith(f"{bronze}, 2024-03: changed since it was written")
    assert "Its bytes are not those that were taken" in delivery
    assert gold.startswith(f"{features}, 2024-03: changed since")
    assert "credit_mix: stored 'x', made again" in gold


@pytest.mark.slow
def test_after_a_late_correction_both_what_was_known_and_what_is_known_are_proven(
    book_copy: BookFolders, tmp_path: Path
) -> None:
    loan = loan_of(book_copy, mob=6)
    corrected = correct_delivery(book_copy, tmp_path, loan)
    before = book_copy.lake.scan("gold/label_store", [MONTH]).filter(pl.col("loan_id") == loan).collect()
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = corrected.runner(instance).run("build_month", MONTH, MONTH, tags={REPLACE_TAG: "true"})
    assert outcome.success, outcome
    code, text = run(corrected, model=MODELS[0])
    assert code == 0, text
    assert "Corrections that came after 2024-03 was first made" in text
    replay = replayed(corrected, MONTH, MODELS[0])
    assert len(replay.of("bronze/lms_loan_daily").proofs) == 2
    silver, label = (replay.of(table) for table in ("silver/loan_snapshots", "gold/label_store"))
    assert silver.restated is not None
    assert (silver.restated.changed, silver.restated.subjects) == (1, (loan,))
    assert "paid_amount" in silver.restated.columns
    kept = pl.read_parquet(label.proofs[0].file).filter(pl.col("loan_id") == loan)
    assert kept.equals(before)
    late = next(line for line in text.splitlines() if "lms_loan_daily" in line and loan in line)
    assert "paid_amt (1)" in late
    assert f"monitoring/{MODELS[0]}/performance" in text
    # A kept edition that is changed afterwards is found as well.
    archived = corrected.layout.former_version("silver/loan_snapshots", MONTH, silver.proofs[0].edition.sha256)
    pl.read_parquet(archived).with_columns(paid_amount=pl.lit(0.0)).write_parquet(archived)
    again = replayed(corrected, MONTH, MODELS[0])
    assert unsound(again) == ["silver/loan_snapshots"]
    assert next(findings(again)).startswith("silver/loan_snapshots (edition 1 of 2), 2024-03: changed since")


@pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")
def test_a_month_that_nobody_built_or_that_is_not_in_the_book_is_refused(
    small_book: BookFolders, finished_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbuilt = Book.of(BookFolders(tmp_path, small_book.raw_dir, small_book.policy_dir).settings())
    with pytest.raises(ReplayError, match=r"replay as of 2024-03: nothing was built for it\. Build it first: credit-"):
        replay_month(unbuilt, MONTH, MODELS)
    for month in (date(2022, 12, 1), date(2024, 9, 1)):
        with pytest.raises(SettingsError, match=r"^--as-of: .* does not lie in the book, 2023-01 to 2024-08"):
            run(finished_book, month)
    monkeypatch.setattr(sys, "argv", ["credit-platform", "replay", "--as-of", "2031-01"])
    monkeypatch.setenv("CREDIT_DATA_DIR", str(finished_book.data_dir))
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert left.value.code == 2


def test_tables_older_than_the_log_are_not_vouched_for(book_copy: BookFolders) -> None:
    book_copy.layout.table_version_log().unlink()
    replay = replayed(book_copy)
    assert (replay.is_sound, replay.tables) == (False, ())
    assert "bronze/lms_loan_daily" in replay.unlogged
    (line,) = findings(replay)
    assert "written before editions were logged" in line
    assert "credit-platform backfill --from 2024-03 --to 2024-03" in line


@pytest.mark.slow
def test_months_of_every_phase_are_made_again(finished_book: BookFolders) -> None:
    for month in (FIRST, FIRST_SCORING, FIRST_OUTCOME, FIRST_TRAINING, LAST):
        replay = replayed(finished_book, month)
        assert unsound(replay) == [], list(findings(replay))
        assert replay.lost == ()


@pytest.mark.slow
def test_months_are_made_again_under_the_policy_they_were_made_under(book_copy: BookFolders, tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    for file in book_copy.policy_dir.iterdir():
        (tmp_path / "policy" / file.name).write_bytes(file.read_bytes())
    other = BookFolders(book_copy.data_dir, book_copy.raw_dir, tmp_path / "policy")
    (other.policy_dir / "monitoring_thresholds.yaml").write_text(f"{WITHOUT_PICTURES}confidence: 0.8\n")
    with dg.DagsterInstance.ephemeral() as instance:
        assert other.runner(instance).run("monitor_month", LAST, LAST).success
    replay = replayed(other, LAST)
    assert unsound(replay) == [], list(findings(replay))
    performance = replay.of(f"monitoring/{MODELS[0]}/performance")
    assert len(performance.proofs) == 2
    assert performance.restated is not None
    assert set(performance.restated.columns) <= {"ci_low", "ci_high", "status"}
    kept = other.layout.kept_policy(performance.proofs[0].edition.policy_sha256)
    kept.unlink()
    replay = replayed(other, LAST)
    assert "which is not kept" in next(findings(replay))
    assert f"monitoring/{MODELS[0]}/performance" in unsound(replay)


@pytest.mark.slow
def test_scores_made_again_by_another_version_leave_those_before_proven(book_copy: BookFolders) -> None:
    book = Book.of(book_copy.settings())
    version = ModelStore(book_copy.layout).versions(MODELS[0])[-1]
    assert (
        promote(
            book,
            Console(file=StringIO()),
            model=MODELS[0],
            version=version,
            to="in force",
            person=Person("Ann", ("Try.",)),
            effective_month=LAST,
            despite_failed_gates=True,
        )
        == 0
    )
    replay = replayed(book_copy, LAST)
    assert unsound(replay) == [], list(findings(replay))
    first, second = replay.of(f"prediction/{MODELS[0]}").proofs
    assert (second.scored_by.split(" ")[0], first.scored_by.endswith("(live)")) == (version, True)
    assert second.scored_by != first.scored_by
