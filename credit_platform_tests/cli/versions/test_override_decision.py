"""A person decides about a case in place of the champion: logged, shown beside it, counted, and no row changed."""

from __future__ import annotations

import json
from datetime import date

import pytest

from credit_platform.portfolios.tables import DECISIONS
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders, table_bytes

pytestmark = PREVIEW_ALLOWED
MONTH = date(2024, 7, 1)
WHY = ("--reason", "a guarantor was found", "--approver", "Ana Lim")


def declined(book: BookFolders) -> str:
    rows = book.lake.scan(DECISIONS, [MONTH]).filter(decision="decline").collect()
    return str(rows["loan_id"][0])


def month_page(book: BookFolders) -> str:
    return book.layout.month_page(MONTH).read_text()


def test_an_override_is_logged_shown_beside_the_decision_counted_and_taken_back(book_copy: BookFolders) -> None:
    loan, before = declined(book_copy), table_bytes(book_copy, DECISIONS, MONTH)
    n = book_copy.lake.scan(DECISIONS, [MONTH]).collect().height
    done = book_copy.verb("override-decision", loan, "--to", "approve", *WHY)
    assert done.returncode == 0, done.stderr
    assert f"loan {loan} of 2024-07: approve by Ana Lim; scorecard said decline" in done.stdout
    assert table_bytes(book_copy, DECISIONS, MONTH) == before
    said = book_copy.verb("explain", loan).stdout
    assert "Decision: approve by Ana Lim (a guarantor was found), record 1 of 2" in said
    assert "in place of decline by scorecard, version " in said
    shown = json.loads(book_copy.verb("explain", loan, "--json").stdout)["decision"]
    assert (shown["decision"], shown["overridden"]["override"]["decision"]) == ("decline", "approve")
    assert f"Overridden by people: 1 of {n}: " in month_page(book_copy)
    assert f"1 of {n}: " in book_copy.layout.report("monitoring_dashboard.html").read_text()
    again = book_copy.verb("override-decision", loan, "--to", "approve", *WHY)
    assert (again.returncode, "it is approve already, by Ana Lim, record 1" in again.stderr) == (1, True)
    assert book_copy.verb("override-decision", loan, "--to", "decline", *WHY).returncode == 0
    assert f"Overridden by people: 0 of {n}: 0.0% (" in month_page(book_copy)
    assert book_copy.verb("audit", "verify").returncode == 0
    log = book_copy.layout.decision_overrides()
    log.write_bytes(log.read_bytes().replace(b"Ana Lim", b"Ann Lim", 1))
    verified = book_copy.verb("audit", "verify")
    assert (verified.returncode, "decision_overrides.jsonl, line 1" in verified.stdout) == (1, True)


@pytest.mark.parametrize(
    ("loan", "options", "code", "said"),
    [
        ("LOAN", ("--to", "refer", *WHY), 2, "'refer' is no decision"),
        ("LOAN", ("--to", "decline", *WHY), 1, "it is decline already, by scorecard"),
        ("LOAN", ("--to", "approve", "--reason", " ", "--approver", "A"), 2, "--reason"),
        ("nobody", ("--to", "approve", *WHY), 1, "no application of this id"),
    ],
)
def test_an_override_that_says_nothing_is_refused_and_written_nowhere(
    book_copy: BookFolders, loan: str, options: tuple[str, ...], code: int, said: str
) -> None:
    case = declined(book_copy) if loan == "LOAN" else loan
    refused = book_copy.verb("override-decision", case, *options)
    assert (refused.returncode, said in refused.stderr) == (code, True)
    assert not book_copy.layout.decision_overrides().exists()


def test_a_loan_that_is_not_decided_cannot_be_overridden(book_copy: BookFolders) -> None:
    loan = declined(book_copy)
    book_copy.layout.month_file(DECISIONS, MONTH).unlink()
    refused = book_copy.verb("override-decision", loan, "--to", "approve", *WHY)
    assert (refused.returncode, "it is not decided in 2024-07" in refused.stderr) == (1, True)
    assert "Decision: unknown, the month has not been decided" in book_copy.verb("explain", loan).stdout
