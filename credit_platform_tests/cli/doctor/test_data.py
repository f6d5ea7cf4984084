"""Every look at the data folder, on a book that is well and with one thing broken in a copy of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.cli.book import Book
from credit_platform.cli.doctor import data
from credit_platform.cli.doctor.findings import DoctorFinding
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.catalog import refresh_datamart
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import BookFolders

MONTH = date(2024, 5, 1)
LABELS = "gold/label_store"


@dataclass(frozen=True)
class Case:
    """One thing that is broken, and what the doctor says of it."""

    look: Callable[[BookFolders], DoctorFinding]
    break_it: Callable[[BookFolders], object]
    level: str
    said: str


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def spoil_the_footer(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-40] + b"\xff" * 32 + content[-8:])


def with_other_columns(book: BookFolders) -> None:
    file = book.layout.month_file(LABELS, MONTH)
    pl.read_parquet(file).rename({"label": "target"}).write_parquet(file)


def change_a_decision(book: BookFolders) -> None:
    log = book.layout.audit_log()
    log.write_bytes(log.read_bytes().replace(b'"promoted"', b'"promotes"', 1))


def abandon_a_part(book: BookFolders) -> None:
    part = book.layout.table(LABELS) / ".2024-05-01.parquet.1234.part"
    part.touch()
    os.utime(part, (0, 0))


def drop_a_view(book: BookFolders) -> None:
    refresh_datamart(book.layout)
    stored = book.layout.month_file("gold/label_store", MONTH)
    other = book.layout.month_file("gold/of_another_release", MONTH)
    other.parent.mkdir()
    other.write_bytes(stored.read_bytes())


def views_of_this_folder(book: BookFolders) -> DoctorFinding:
    return data.check_catalog(book.layout)


CASES = {
    "torn table": Case(
        lambda book: data.check_tables(book.layout),
        lambda book: truncate(book.layout.month_file(LABELS, MONTH)),
        "error",
        "1 files are not whole Parquet files: gold/label_store 2024-05",
    ),
    "a footer that is none": Case(
        lambda book: data.check_tables(book.layout),
        lambda book: spoil_the_footer(book.layout.month_file(LABELS, MONTH)),
        "error",
        "1 files are not whole Parquet files: gold/label_store 2024-05",
    ),
    "other columns": Case(
        lambda book: data.check_tables(book.layout), with_other_columns, "error", "other columns: gold/label_store"
    ),
    "private rows": Case(
        lambda book: data.check_private(book.layout),
        lambda book: book.layout.month_file("bronze/features_attributes", MONTH).chmod(0o644),
        "warning",
        "others may read",
    ),
    "no views": Case(views_of_this_folder, lambda book: book.layout.datamart.unlink(), "warning", "is not there"),
    "strayed views": Case(views_of_this_folder, lambda _: None, "error", "this one was moved or copied"),
    "broken views": Case(
        views_of_this_folder, lambda book: book.layout.datamart.write_bytes(b"x" * 9000), "error", "does not open"
    ),
    "a table without a view": Case(views_of_this_folder, drop_a_view, "warning", "no view of gold.of_another_release"),
    "torn log": Case(
        lambda book: data.check_logs(book.layout),
        lambda book: truncate(book.layout.deliveries()),
        "warning",
        "the last line of deliveries.jsonl was cut off",
    ),
    "broken log": Case(
        lambda book: data.check_logs(book.layout),
        lambda book: book.layout.alerts().write_bytes(b"{}\nnot a record\n{}\n"),
        "error",
        "ledger.jsonl, line 2",
    ),
    "changed decision": Case(
        lambda book: data.check_audit(Book.of(book.settings())), change_a_decision, "error", "it was changed"
    ),
    "leftover": Case(
        lambda book: data.check_leftovers(book.data_dir, now=time.time()),
        abandon_a_part,
        "warning",
        "1 half-written files of killed processes",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_broken_thing_is_found(book_copy: BookFolders, name: str) -> None:
    case = CASES[name]
    book_copy.layout.alerts().parent.mkdir(exist_ok=True)
    case.break_it(book_copy)
    found = case.look(book_copy)
    assert (found.level, case.said in found.found) == (case.level, True), found
    assert found.mend


def test_a_finished_book_is_well(finished_book: BookFolders) -> None:
    findings = data.data_findings(finished_book.settings(), finished_book.data_dir)
    assert [finding for finding in findings if finding.level != "ok"] == []
    assert len({finding.check for finding in findings}) == len(findings) == 11


def test_a_look_that_fails_itself_is_a_finding_and_the_others_go_on(
    finished_book: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(layout: Layout) -> DoctorFinding:
        raise OSError(5, "Input/output error", str(layout.data_dir))

    monkeypatch.setattr(data, "check_tables", fails)
    findings = data.data_findings(finished_book.settings(), finished_book.data_dir)
    by_check = {finding.check: finding for finding in findings}
    assert len(by_check) == 11
    assert by_check["tables"].level == "error"
    said = f"cannot be looked at: OSError: [Errno 5] Input/output error: '{finished_book.data_dir}'"
    assert said in by_check["tables"].found
    assert "file it names" in by_check["tables"].mend
    assert {by_check[check].level for check in ("logs", "audit", "leftovers")} == {"ok"}


def test_windows_that_do_not_fit_the_book_are_a_finding(book_copy: BookFolders, tmp_path: Path) -> None:
    policy_dir = tmp_path / "policy"
    policy_dir.mkdir()
    (policy_dir / "model_config.yaml").write_text("windows: {mode: absolute}")
    late = {"first_month": date(2023, 6, 1), "policy": LOANS.load_policy(policy_dir)}
    settings = book_copy.settings().model_copy(update=late)
    by_check = {finding.check: finding for finding in data.data_findings(settings, book_copy.data_dir)}
    assert by_check["book"].level == "error"
    assert "SettingsError: windows.absolute.train: begins in 2023-01" in by_check["book"].found
    assert by_check["tables"].level == "ok"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    assert data.check_permissions([tmp_path / "new"]).level == "ok"
    refused = data.check_permissions([tmp_path], may=lambda _folder, _mode: False)
    assert (refused.level, refused.found) == ("error", f"{tmp_path} cannot be written by this account")
    (tmp_path / "file").touch()
    assert data.check_permissions([tmp_path / "file" / "data"]).found == f"{tmp_path / 'file'} is not a folder"


def test_raw_files_that_are_required_must_be_there(small_book: BookFolders, tmp_path: Path) -> None:
    book = small_book.copy_raw_to(tmp_path)
    settings = book.settings()

    def look() -> DoctorFinding:
        return data.check_raw(settings, book.layout)

    assert (look().level, look().found) == ("ok", "4 files of 4 sources")
    (book.raw_dir / "feature_clickstream.csv").unlink()
    assert (look().level, "feature_clickstream, which is not required" in look().found) == ("warning", True)
    loans = book.raw_dir / "lms_loan_daily.csv"
    content = loans.read_bytes()
    loans.unlink()
    assert (look().level, look().found) == ("error", "no file of lms_loan_daily")
    loans.mkdir()
    assert (look().level, look().found) == ("error", "lms_loan_daily.csv cannot be read")
    loans.rmdir()
    loans.write_bytes(content)
    for file in book.raw_dir.glob("*.csv"):
        file.unlink()
    assert look().level == "warning"


def test_a_book_whose_months_nobody_knows_is_only_a_warning(small_book: BookFolders) -> None:
    settings = small_book.settings().model_copy(update={"is_book_known": False})
    assert data.check_book_file(settings).level == "warning"
    assert data.check_book_file(small_book.settings()).found == "2023-01 to 2024-08, automation stopped"
