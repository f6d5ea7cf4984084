"""Exit codes and messages of the command line, run as a program."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credit_platform.cli.run import summary
from credit_platform.lake.raw.raw_book import write_book
from credit_platform_tests.small_book import SPEC, BookFolders, run_command, run_verb

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

    from credit_platform.cli.book import Book


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backfil",), "backfil"),
        (("backfill", "--from"), "--from"),
        (("backfill", "--frm", "2023-01"), "--frm"),
        (("backfill", "--from", "January"), "--from: 'January' is not a month; write YYYY-MM or YYYY-MM-01"),
        (("backfill", "--to", "2023-01-15"), "--to: '2023-01-15' is not a month"),
        (("backfill", "--from", "2023-13"), "--from"),
        (("backfill", "--from", "2023-05", "--to", "2023-02"), "2023-05 is later than 2023-02"),
        (("backfill", "--from", "2022-01", "--to", "2023-02"), "reaches beyond the book, 2023-01 to 2024-08"),
        (("backfill", "--job", "build_year"), "--job: no job 'build_year'. Choose one of build_month, score_month"),
        (("demo", "--months", "many"), "months"),
    ],
)
def test_wrong_usage_is_explained_and_exits_with_2(
    small_book: BookFolders, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    book = BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)
    refused = book.verb(*arguments)
    assert refused.returncode == 2, refused
    assert said in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr


def test_missing_raw_files_exit_with_1_and_name_the_file_and_the_folder(tmp_path: Path) -> None:
    failed = run_command("backfill", CREDIT_DATA_DIR=str(tmp_path), CREDIT_RAW_DIR=str(tmp_path / "nowhere"))
    assert failed.returncode == 1
    assert "no file lms_loan_daily*.csv" in failed.stderr
    assert str(tmp_path / "nowhere") in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("variable", "value"), [("CREDIT_FIRST_MONTH", "soon"), ("CREDIT_POLICY_DIR", "/no/such/folder")]
)
def test_a_wrong_setting_exits_with_1_and_names_it(tmp_path: Path, variable: str, value: str) -> None:
    failed = run_verb("timeline", **{"CREDIT_DATA_DIR": str(tmp_path), variable: value})
    assert failed.returncode == 1
    assert (variable if variable == "CREDIT_FIRST_MONTH" else value) in failed.stderr
    assert "Traceback" not in failed.stderr


def test_help_names_every_verb(tmp_path: Path) -> None:
    shown = run_command("--help", CREDIT_DATA_DIR=str(tmp_path))
    assert shown.returncode == 0
    for verb in (
        "init",
        "demo",
        "backfill",
        "timeline",
        "status",
        "explain",
        "ui",
        "clean",
        "promote",
        "rollback",
        "models",
        "audit",
        "drill",
        "train",
        "score",
        "doctor",
        "backup",
        "restore",
        "prune",
        "continuous",
        "drift",
        "all",
        "setup",
        "quick-demo",
        "replay",
        "scorecard",
    ):
        assert verb in shown.stdout


def test_status_is_a_table_or_json_of_the_same_facts(finished_book: BookFolders) -> None:
    shown, told = finished_book.verb("status"), finished_book.verb("status", "--json")
    assert (shown.returncode, told.returncode) == (0, 0)
    report = json.loads(told.stdout)
    assert set(report) == {"tables", "versions", "actions"}
    assert all(row["missing"] == [] for row in report["tables"])
    for row in report["tables"]:
        assert f"{row['months']} of {row['expected']}" in shown.stdout
    assert {action["model"] for action in report["actions"]} == {"scorecard", "gradient_boosting"}
    assert all(version["model_version"] in shown.stdout for version in report["versions"])


@pytest.mark.parametrize(
    "verb",
    [
        ("models",),
        ("audit", "show"),
        ("explain", "no-such-loan"),
        ("replay", "--as-of", "2020-01"),
        ("train", "--as-of", "2020-01"),
        ("drill", "rollback"),
        ("promote", "--version", "x", "--to", "in-force", "--reason", "r", "--approver", "a"),
        ("rollback", "--to", "x", "--reason", "r", "--approver", "a"),
        ("override-action", "--month", "2024-08", "--to", "never", "--reason", "r", "--approver", "a"),
    ],
)
def test_a_verb_takes_the_former_key_of_a_model_for_its_key_of_today_and_says_so(
    finished_book: BookFolders, verb: tuple[str, ...]
) -> None:
    old, new = (finished_book.verb(*verb, "--model", key) for key in ("logistic_regression", "scorecard"))
    warning = "warning: model logistic_regression is called scorecard now; the old name goes with version 0.3.0\n"
    assert old.stderr == warning + new.stderr
    assert old.returncode == new.returncode
    assert without_seconds(old.stdout) == without_seconds(new.stdout)
    assert "no model" not in new.stderr


def without_seconds(text: str) -> str:
    return re.sub(r"\d+\.\d+", "", text)


def test_status_of_a_book_with_nothing_built_lists_every_month_as_missing(
    small_book: BookFolders, tmp_path: Path
) -> None:
    told = BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir).verb(
        "status", "--json", CREDIT_FIRST_MONTH="2023-01", CREDIT_LAST_MONTH="2023-03"
    )
    report = json.loads(told.stdout)
    bronze = report["tables"][0]
    assert (bronze["months"], bronze["missing"]) == (0, ["2023-01", "2023-02", "2023-03"])
    assert (report["versions"], report["actions"]) == ([], [])


def test_timeline_gives_the_same_phases_as_table_and_json(finished_book: BookFolders) -> None:
    shown, told = finished_book.verb("timeline"), finished_book.verb("timeline", "--json")
    assert (shown.returncode, told.returncode) == (0, 0)
    for phase in json.loads(told.stdout):
        assert phase["first_month"][:7] in shown.stdout


def test_init_reads_the_months_off_the_loan_file_and_keeps_what_it_was_told(
    small_book: BookFolders, tmp_path: Path
) -> None:
    book = BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)
    first = book.verb("init")
    assert first.returncode == 0, first
    assert "2023-01 to 2024-08, first training 2024-01" in first.stdout
    assert "2023-01 to 2024-05" in book.verb("init", "--last-month", "2024-05-01").stdout
    assert "2023-03 to 2024-04" in book.verb("init", "--first-month", "2023-03", "--last-month", "2024-04").stdout
    assert "2023-03 to 2024-04" in book.verb("init").stdout
    for again in ("--open-ended", "", "--first-month 2023-02"):
        assert "open-ended" in book.verb("init", *again.split()).stdout, again
    assert book.verb("init", "--open-ended", "--last-month", "2024-05").returncode == 2
    assert "2023-02 to 2024-05" in book.verb("init", "--last-month", "2024-05").stdout


def test_clean_deletes_nothing_until_it_is_told_yes_and_never_given_raw_files(
    small_book: BookFolders, tmp_path: Path
) -> None:
    book = small_book.copy_raw_to(tmp_path)
    (book.raw_dir / ".generated-by-demo").unlink()
    book.verb("init")
    built = book.data_dir / "gold" / "label_store" / "2023-01-01.parquet"
    own = book.data_dir / "notes.txt"
    built.parent.mkdir(parents=True)
    for file in (built, own):
        file.touch()
    asked = book.verb("clean")
    assert asked.returncode == 1
    assert str(built.parents[1]) in asked.stdout
    assert "Nothing deleted; add --yes" in asked.stdout
    assert built.is_file()
    assert (book.data_dir / "platform.yaml").is_file()
    assert book.verb("clean", "--yes").returncode == 0
    assert sorted(path.name for path in book.data_dir.iterdir()) == ["notes.txt"]
    assert len(list(book.raw_dir.glob("*.csv"))) == 4


def test_clean_deletes_raw_files_that_the_demo_made(small_book: BookFolders, tmp_path: Path) -> None:
    book = BookFolders(tmp_path / "data", tmp_path / "raw", small_book.policy_dir)
    write_book(book.layout, dataclasses.replace(SPEC, n_months=1), on_month=lambda: None)
    assert book.verb("clean", "--yes").returncode == 0
    assert not book.raw_dir.exists()


def test_backfill_ends_with_the_book_or_with_the_newest_month_delivered(
    small_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def noted(_book: Book, _console: Console, *, first: date, last: date, **_: object) -> int:
        asked.append((f"{first:%Y-%m}", f"{last:%Y-%m}"))
        return 0

    monkeypatch.setattr(summary, "run_backfill", noted)
    book = BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)
    book.verb("init", "--last-month", "2024-05")
    book.verb("backfill")
    book.verb("init", "--open-ended")
    book.verb("backfill", "--from", "2024-02")
    book.verb("backfill", "--to", "2024-03")
    assert asked == [("2023-01", "2024-05"), ("2024-02", "2024-08"), ("2023-01", "2024-03")]
