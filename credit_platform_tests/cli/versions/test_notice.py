"""`explain --notice` on a finished book: by the champion, as text and as JSON, and never of an approved loan."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from credit_platform.cli.book import Book
from credit_platform.cli.versions.notice import notice_of_case
from credit_platform.errors import CaseError, PolicyError
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import MODELS, BookFolders

MONTH = date(2024, 5, 1)
CATALOGUE = LOANS.load_policy().reasons


def decided(folders: BookFolders, decision: str, model: str = MODELS[0]) -> list[str]:
    rows = folders.lake.scan(f"prediction/{model}", [MONTH]).filter(pl.col("decision") == decision).collect()
    return rows["loan_id"].to_list()


def test_a_declined_loan_gets_its_reasons_in_words_and_the_lender_what_is_missing(finished_book: BookFolders) -> None:
    loan = decided(finished_book, "decline")[0]
    shown = finished_book.verb("explain", loan, "--notice")
    assert shown.returncode == 0, shown
    row = finished_book.lake.scan(f"prediction/{MODELS[0]}", [MONTH]).filter(pl.col("loan_id") == loan).collect()
    first = CATALOGUE.by_code[row["reason_1"][0]]
    assert first.is_specific
    assert f"Application {loan} of 2024-05 for a loan" in shown.stdout
    assert f"1. {first.consumer}" in shown.stdout
    assert str(row["score"][0]) not in shown.stdout.replace(loan, "")
    assert "fill in notice.creditor, notice.rights, notice.agency in reason_codes.yaml" in shown.stderr


def test_the_notice_for_a_program_names_codes_and_texts_of_the_model_asked_for(finished_book: BookFolders) -> None:
    loan = decided(finished_book, "decline", MODELS[1])[0]
    told = finished_book.verb("explain", loan, "--notice", "--model", "model_2", "--json")
    assert told.returncode == 0, told
    notice = json.loads(told.stdout)
    row = finished_book.lake.scan(f"prediction/{MODELS[1]}", [MONTH]).filter(pl.col("loan_id") == loan).collect()
    codes = [row[f"reason_{place}"][0] for place in range(1, 5)]
    assert [reason["code"] for reason in notice["reasons"]] == [code for code in codes if code]
    assert (notice["loan_id"], notice["applied_for"]) == (loan, "2024-05")
    assert notice["unfilled"] == ["creditor", "rights", "agency"]


def test_an_approved_loan_has_no_notice(finished_book: BookFolders) -> None:
    refused = finished_book.verb("explain", decided(finished_book, "approve")[0], "--notice")
    assert refused.returncode == 1
    assert "scorecard decided to approve it, and a notice is of a decline" in refused.stderr
    assert not refused.stdout


@pytest.mark.parametrize("model", MODELS)
def test_a_decline_has_a_specific_first_reason_unless_nothing_specific_speaks_against_it(
    finished_book: BookFolders, model: str
) -> None:
    lake = finished_book.lake
    scored = lake.scan(f"prediction/{model}", lake.months(f"prediction/{model}")).collect()
    declined = scored.filter(pl.col("decision") == "decline")
    assert declined.height > 50
    specific = [code for code, reason in CATALOGUE.by_code.items() if reason.is_specific]
    vague_first = declined.filter(~pl.col("reason_1").is_in(specific))
    # A loan that is as good as any approved one in all that can be told: nothing but its clickstream is given.
    assert vague_first["reason_2"].null_count() == vague_first.height < 0.02 * declined.height


def test_a_policy_kept_without_the_texts_says_so(finished_book: BookFolders) -> None:
    settings = finished_book.settings()
    reasons = settings.policy.reasons.model_copy(update={"notice": None})
    without = settings.model_copy(update={"policy": replace(settings.policy, reasons=reasons)})
    with pytest.raises(PolicyError, match="notice: is missing, and a notice is made of it"):
        notice_of_case(Book.of(without), "L1", model=None)


def test_an_unknown_loan_is_refused_as_by_explain(finished_book: BookFolders) -> None:
    with pytest.raises(CaseError, match="no application of this id"):
        notice_of_case(Book.of(finished_book.settings()), "nobody", model=None)
