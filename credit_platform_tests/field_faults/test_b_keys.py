"""Keys and categories as lenders write them: numbers, invisible characters, words for nothing."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import credit_platform
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.schemas.cleaning.keys import MISSING_WORDS, PLACEHOLDERS
from credit_platform_tests.checks.evaluating import FIRST
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.planted import NAME, found_in
from credit_platform_tests.field_faults.small_tapes import (
    CONFIG,
    ERROR,
    FILES_OF_CUSTOMERS,
    LOAN_FILE,
    WARN,
    judged,
    loan,
    tape,
)
from credit_platform_tests.small_book import PREVIEW_ALLOWED
from credit_platform_tests.source_rows import bronze_rows

pytestmark = PREVIEW_ALLOWED


KEYS = [(LOAN_FILE, "loan_id", "loan_id"), (LOAN_FILE, "Customer_ID", "customer_id")]
KEYS += [(source, "Customer_ID", "customer_id") for source in FILES_OF_CUSTOMERS]


COVERED = "feature_store/no_source_goes_dark"


def key_in(source: str, column: str, value: str, cell: str) -> tuple[str | None, list[str], list[str]]:
    """A key as silver has it, its repairs, and the rules that set the row aside."""
    cleaned = LOANS.source(source).clean(bronze_rows(source, {column: cell}), CONFIG, {})
    rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
    if rows.is_empty():
        return None, [], quarantined["rule"].to_list()
    return rows[value][0], rows["repairs"][0].to_list(), []


@case(
    "B3",
    given="ids written as 1000.0 or 1.0E+03 in one source and as 1000 in another; ids in other letter case",
    right="whole numbers are read as integers; a required source below the floor stops the month and shows both ids",
)
@pytest.mark.parametrize(("source", "column", "value"), KEYS)
@pytest.mark.parametrize("cell", ["1000.0", "1000.", "1000.00", "1.0E+03", "1e+03", "1.000000e+03"])
def test_whole_numbers_are_one_key_however_they_are_written(source: str, column: str, value: str, cell: str) -> None:
    assert key_in(source, column, value, cell) == ("1000", [f"{column}_digits_restored"], [])
    assert key_in(source, column, value, "1000") == ("1000", [], [])


@pytest.mark.parametrize("cell", ["12E5", "1.5", "A1.0", "1e16", "0x10"])
def test_other_keys_stay_as_they_are(cell: str) -> None:
    assert key_in(LOAN_FILE, "loan_id", "loan_id", cell) == (cell, [], [])


def many(change: str, source: str) -> dict[str, list[dict[str, str | None]]]:
    """Five loans, and a source that writes their customers otherwise."""
    rows = [row for n in range(5) for row in loan(f"L{n}", customer=f"CUS_00{n}X", n_months=2)]
    spelling = {"lower": "cus_00{}x", "zeros": "CUS_{}X", "strange": f"{NAME} {{}}"}[change]
    written = [spelling.format(n) for n in range(5)]
    day = FIRST.isoformat()
    return {LOAN_FILE: rows, source: [{"Customer_ID": text, "snapshot_date": day} for text in written]}


@pytest.mark.parametrize("source", FILES_OF_CUSTOMERS)
@pytest.mark.parametrize(
    ("change", "said"),
    [("lower", ("cus_000x", "CUS_000X", "letter case")), ("zeros", ("CUS_0X", "CUS_000X", "leading zeros"))],
)
def test_a_source_that_knows_nobody_stops_the_month_and_shows_both_ids(
    tmp_path: Path, source: str, change: str, said: tuple[str, ...]
) -> None:
    with judged(tape(tmp_path, many(change, source)), COVERED, [FIRST]) as results:
        result = results[FIRST]
        assert not result.passed
        # Without the clickstream loans are scored; that its ids are another spelling is a warning.
        assert result.severity == (WARN if source == "feature_clickstream" else ERROR)
        for text in (source, "0.0% of 5", *said):
            assert text in (result.description or "")


@case(
    "B8",
    given="the names of people stand where the ids of a required source should be",
    right="the month is stopped; the message shows the shape of what stands there and no name",
)
@pytest.mark.parametrize("shifted_into", [frozenset({"silver"})])
def test_a_name_in_the_place_of_an_id_is_not_quoted(tmp_path: Path) -> None:
    with judged(tape(tmp_path, many("strange", "features_attributes")), COVERED, [FIRST]) as results:
        assert results[FIRST].severity == ERROR
        assert "of the shape Aaaaaaa Aaaa" in (results[FIRST].description or "")
        assert found_in(results[FIRST].description or "") == []


def test_the_floor_of_a_required_source_is_policy(tmp_path: Path) -> None:
    lake = tape(tmp_path, many("lower", "features_financials"))
    with judged(lake, COVERED, [FIRST], coverage={"min_covered": 0.0}) as results:
        assert results[FIRST].passed


@case(
    "B4",
    given="zero-width characters, soft hyphens, byte order marks or no-break spaces in a key or a category",
    right="they are removed, and the repair is counted",
)
@pytest.mark.parametrize(("source", "column", "value"), KEYS)
@pytest.mark.parametrize(
    "sign", ["\u200b", "\u200d", "\u00ad", "\ufeff", "\u00a0", "\u202f", "\u2060", "\u200e", "\x00"]
)
def test_what_nobody_sees_is_no_part_of_a_key(source: str, column: str, value: str, sign: str) -> None:
    for cell in (f"{sign}CUS_0x1", f"CUS_{sign}0x1", f"CUS_0x1{sign}"):
        assert key_in(source, column, value, cell) == ("CUS_0x1", [f"{column}_whitespace_stripped"], [])


@pytest.mark.parametrize(
    ("source", "column", "value", "right"),
    [
        ("features_attributes", "Occupation", "occupation", "Lawyer"),
        ("features_financials", "Credit_Mix", "credit_mix", "Good"),
        ("features_financials", "Payment_Behaviour", "spending_level", "High"),
    ],
)
@pytest.mark.parametrize("sign", ["\u200b", "\u00ad", "\ufeff"])
def test_what_nobody_sees_is_no_part_of_a_category(source: str, column: str, value: str, right: str, sign: str) -> None:
    cell = "High_spent_Small_value_payments" if column == "Payment_Behaviour" else right
    row = key_in(source, column, value, f"{cell[:2]}{sign}{cell[2:]}")
    assert row == (right, [f"{column}_whitespace_stripped"], [])


WORDS = [
    "nan",
    "NaN",
    "NULL",
    "null",
    "None",
    "N/A",
    "n/a",
    "NA",
    "#N/A",
    "?",
    "-",
    "--",
    "(null)",
    "\\N",
    " NULL ",
    "\u2014",
    "(blank)",
    "<missing>",
    "_",
]


@case(
    "B5",
    given="nan, NULL, None, N/A, ?, - and their like as a key or a category, in either case",
    right="missing: the row of a key is set aside, a category is null",
)
@pytest.mark.parametrize(("source", "column", "value"), KEYS)
@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_nothing_is_no_key(source: str, column: str, value: str, word: str) -> None:
    assert key_in(source, column, value, word) == (None, [], [f"{column}_is_readable"])


def test_the_dictionary_lists_every_word_for_nothing() -> None:
    page = (Path(credit_platform.__file__).parent / "reports" / "documents" / "cleaning_head.md").read_text()
    said = page[page.index("A placeholder is") :].replace("\n", " ").replace("`", "")
    assert [word for word in (*PLACEHOLDERS, *MISSING_WORDS) if f" {word}," not in said.replace("#ind.", "#ind,")] == []


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_nothing_is_no_category(word: str) -> None:
    cleaned = LOANS.source("features_attributes").clean(
        bronze_rows("features_attributes", {"Occupation": word}), CONFIG, {}
    )
    row = cleaned.rows.collect().row(0, named=True)
    assert row["occupation"] is None
    assert "Occupation_placeholder_nulled" in row["repairs"]
