"""Whatever was written about a model and a month says the same, read from the files that people and programs get."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from credit_platform.assets.pages.overview import DASHBOARD
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.reports.agreeing_documents import disagreements
from credit_platform_tests.small_book import BookFolders


def of(book: BookFolders) -> list[str]:
    return disagreements(book.lake, LOANS.load_policy(book.policy_dir))


def test_the_documents_of_a_finished_book_agree(finished_book: BookFolders) -> None:
    assert of(finished_book) == []


@pytest.mark.parametrize(
    ("document", "change", "told"),
    [
        ("actions/*.txt", ("Version:     ", "Version:     x"), "TXT: version"),
        ("actions/*.json", ('"actionable": true', '"actionable": false'), "JSON: acted on"),
        ("months/*.html", ("<td class=short>Monitor</td>", "<td class=short>Retrain</td>"), "month page: action"),
        (DASHBOARD, ("<p class='verdict'>", "<p class='verdict'>not "), "card: "),
    ],
)
def test_a_document_that_says_otherwise_is_found(
    finished_book: BookFolders, tmp_path: Path, document: str, change: tuple[str, str], told: str
) -> None:
    copied = finished_book.copy_to(tmp_path)
    changed = [
        file
        for file in copied.layout.report("x").parent.glob(document)
        if change[0] in (text := file.read_text()) and file.write_text(text.replace(*change))
    ]
    assert changed
    assert any(told in line for line in of(copied))


@pytest.mark.slow
def test_the_documents_of_a_drifted_book_agree(drifted_book: BookFolders) -> None:
    assert of(drifted_book) == []


@pytest.mark.slow
def test_the_documents_of_the_real_book_agree(real_book: Path, tmp_path: Path) -> None:
    book = BookFolders(tmp_path / "data", tmp_path / "raw", tmp_path / "policy")
    shutil.copytree(real_book, book.raw_dir)
    program = [str(Path(sys.executable).with_name("credit-platform")), "backfill"]
    folders = {"CREDIT_DATA_DIR": str(book.data_dir), "CREDIT_RAW_DIR": str(book.raw_dir)}
    lived = subprocess.run(program, env=os.environ | folders, capture_output=True, text=True, check=False, timeout=900)
    assert book.lake.months("monitoring/scorecard/action"), lived.stdout + lived.stderr
    assert disagreements(book.lake, LOANS.load_policy()) == []
