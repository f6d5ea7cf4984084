"""Who is who on a tape: loans that are re-dated, ids that are used again, written otherwise, or are no ids at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

import credit_platform
from credit_platform.assets.models.training import train_as_of
from credit_platform.assets.pages.version_documents import document_version
from credit_platform.cli.book import Book
from credit_platform.cli.versions.explain import explain_case
from credit_platform.errors import CaseError
from credit_platform.lake.models.stored_version import SharedCustomers
from credit_platform.monitoring.early_warning.early_outcomes import cohort_readings
from credit_platform.months import add_months
from credit_platform.portfolios.loans.outcome.early_outcomes import early_outcomes
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.schemas.cleaning.keys import MISSING_WORDS, PLACEHOLDERS
from credit_platform.scoring.training.samples import attach_labels, left_out, shared_customers
from credit_platform.scoring.training.windows import SampleRole
from credit_platform_tests.checks.evaluating import FIRST, number, reds
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.small_tapes import (
    CONFIG,
    FILES_OF_CUSTOMERS,
    LOAN_FILE,
    judged,
    labels_of,
    loan,
    rows_of,
    tape,
)
from credit_platform_tests.small_book import FIRST_TRAINING, LAST, PREVIEW_ALLOWED, BookFolders
from credit_platform_tests.source_rows import bronze_rows

pytestmark = PREVIEW_ALLOWED
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
APRIL = date(2023, 4, 1)
KEYS = [(LOAN_FILE, "loan_id", "loan_id"), (LOAN_FILE, "Customer_ID", "customer_id")]
KEYS += [(source, "Customer_ID", "customer_id") for source in FILES_OF_CUSTOMERS]
KNOWN = "loan_snapshots/cases_are_known_from_their_start"
COVERED = "feature_store/no_source_goes_dark"


def redated(name: str, *, begins_again: bool) -> list[dict[str, str | None]]:
    """A loan that is 60 days late at MOB 6 and has a later start date from MOB 3 on."""
    rows = loan(name, missed_from=5, n_months=8)
    for mob, row in enumerate(rows[3:]):
        row["loan_start_date"] = APRIL.isoformat()
        row["installment_num"] = str(mob if begins_again else mob + 3)
    return rows


@case(
    "B1",
    given="a loan has a later start date from its third month on book on, and its term begins again",
    right="the first date stays: one application, one label in its own cohort; flagged, counted, a warning per month",
)
@pytest.mark.parametrize("begins_again", [True, False])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_redated_loan_is_the_loan_it_was(tmp_path: Path, *, at_once: bool, begins_again: bool) -> None:
    rows = [*redated("L1", begins_again=begins_again), *loan("L2", n_months=8)]
    lake = tape(tmp_path, {LOAN_FILE: rows}, at_once=at_once)
    silver = rows_of(lake, "silver/loan_snapshots").filter(loan_id="L1")
    assert silver["mob"].to_list() == list(range(8))
    assert set(silver["loan_start_date"]) == {FIRST}
    assert [row != [] for row in silver["repairs"].to_list()] == [False] * 3 + [True] * 5
    assert rows_of(lake, "quarantine/loan_snapshots").is_empty()
    assert rows_of(lake, "gold/feature_store").select("snapshot_month", "loan_id").rows() == [
        (FIRST, "L1"),
        (FIRST, "L2"),
    ]
    labels = labels_of(lake).select("loan_id", "cohort", "label").rows()
    assert labels == [("L1", FIRST, 1), ("L2", FIRST, 0)]
    with judged(lake, KNOWN) as results:
        assert reds(results) == [add_months(FIRST, n) for n in range(3, 8)]
        assert {result.severity for result in results.values() if not result.passed} == {WARN}
        assert number(results[APRIL], "loan_start_date_changed") == 1
        assert "L1" in (results[APRIL].description or "")


@case(
    "B10",
    given="a loan in arrears at the end of its term is restructured: a later start date, and a new term",
    right="it is the loan it was, and no second application",
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_loan_restructured_at_the_end_of_its_term_is_the_loan_it_was(tmp_path: Path, *, at_once: bool) -> None:
    rows = loan("L1", n_months=8, missed_from=2, tenure=3)
    for mob, row in enumerate(rows[4:]):
        row |= {"loan_start_date": "2023-05-01", "installment_num": str(mob), "tenure": "12"}
    lake = tape(tmp_path, {LOAN_FILE: [*rows, *loan("L2", n_months=8)]}, at_once=at_once)
    assert rows_of(lake, "silver/loan_snapshots").filter(loan_id="L1")["mob"].to_list() == list(range(8))
    assert rows_of(lake, "gold/feature_store").height == 2
    assert labels_of(lake).filter(loan_id="L1").select("cohort", "label").rows() == [(FIRST, 1)]


@case(
    "B11",
    given="an id is used again by a loan that is first seen in arrears, and the first loan left in arrears",
    right="the arrears of the second are laid against its own instalments",
)
@pytest.mark.parametrize("at_once", [True, False])
def test_arrears_are_those_of_one_loan_of_an_id(tmp_path: Path, *, at_once: bool) -> None:
    first = loan("L1", customer="CUS_A1", n_months=3, missed_from=1)
    for row in first:
        row["due_amt"] = "100.0"
    second = loan("L1", customer="CUS_B2", start=APRIL, n_months=5, missed_from=1, first_mob=1)
    lake = tape(tmp_path, {LOAN_FILE: [*first, *second]}, at_once=at_once)
    found = rows_of(lake, "silver/loan_snapshots").filter(loan_start_date=APRIL)
    assert found["n_installments_missed"].to_list() == [1, 2, 3, 4]


def used_again(*, customer: str) -> list[dict[str, str | None]]:
    """Two loans of one id: the first is repaid after three months, the second begins a month later and turns bad."""
    first = loan("L1", customer="CUS_A1", n_months=4, tenure=3)
    second = loan("L1", customer=customer, start=date(2023, 5, 1), n_months=8, missed_from=4)
    return [*first, *second, *loan("L2", n_months=8)]


@case(
    "B2",
    given="a loan id is used again by another customer's loan after the first loan has left",
    right="two loans, known by id and cohort in samples, labels and early labels; the re-use is flagged and counted",
)
@pytest.mark.parametrize("customer", ["CUS_B2", "CUS_A1"])
@pytest.mark.parametrize("at_once", [True, False])
def test_an_id_that_is_used_again_is_a_second_loan(tmp_path: Path, customer: str, *, at_once: bool) -> None:
    lake, may = tape(tmp_path, {LOAN_FILE: used_again(customer=customer)}, at_once=at_once), date(2023, 5, 1)
    silver = rows_of(lake, "silver/loan_snapshots").filter(loan_id="L1")
    assert silver["mob"].to_list() == [*range(4), *range(8)]
    features, labels = rows_of(lake, "gold/feature_store"), labels_of(lake)
    own = pl.DataFrame({"loan_id": ["L1"], "cohort": [FIRST], "label": pl.Series([0], dtype=pl.Int8)})
    both = pl.concat([labels.filter(cohort=may).select(own.columns), own])
    sample = attach_labels(features.lazy(), both.lazy(), case_key="loan_id").collect()
    assert sample.select("snapshot_month", "loan_id", "label").rows() == [(FIRST, "L1", 0), (may, "L1", 1)]
    with judged(lake, KNOWN) as results:
        assert reds(results) == [may]
        assert results[may].severity == WARN
        assert number(results[may], "loan_id_used_again") == 1


@case(
    "B7",
    given="an id that is used again, whose two loans have different scores",
    right="early labels of a cohort are held against the score of that cohort's loan",
)
def test_early_labels_take_the_score_of_their_own_cohort(tmp_path: Path) -> None:
    lake = tape(tmp_path, {LOAN_FILE: used_again(customer="CUS_B2")})
    silver = rows_of(lake, "silver/loan_snapshots")
    labels = early_outcomes(silver.lazy(), {"mob2": (2, 15)}, CONFIG.label).collect()
    scored = pl.DataFrame(
        {
            "snapshot_month": [FIRST, date(2023, 5, 1)],
            "loan_id": ["L1", "L1"],
            "default_probability": [0.1, 0.9],
            "model_version": ["a", "b"],
            "sample_role": ["post", "post"],
            "provenance": ["live", "live"],
        }
    )
    read = {one.cohort: one.scorer for one in cohort_readings(labels, scored, key="loan_id")}
    assert {cohort: scorer.model_version for cohort, scorer in read.items() if scorer} == {
        FIRST: "a",
        date(2023, 5, 1): "b",
    }


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
    spelling = {"lower": "cus_00{}x", "zeros": "CUS_{}X", "strange": "Ada Lovelace {}"}[change]
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
def test_a_name_in_the_place_of_an_id_is_not_quoted(tmp_path: Path) -> None:
    with judged(tape(tmp_path, many("strange", "features_attributes")), COVERED, [FIRST]) as results:
        assert results[FIRST].severity == ERROR
        assert "of the shape Aaa Aaaa" in (results[FIRST].description or "")
        assert "Love" not in (results[FIRST].description or "")


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


@case(
    "B6",
    given="a customer with loans in the training and in the out-of-time sample of one version",
    right="counted, in metadata.json and the model card; by policy the later sample is left without those loans",
)
def test_customers_of_two_samples_are_counted_or_left_out() -> None:
    def sample(*customers: str) -> pl.DataFrame:
        return pl.DataFrame({"customer_id": list(customers)}, schema={"customer_id": pl.String})

    train, validation = sample("A", "A", "B"), sample("C", "A")
    samples: dict[SampleRole, pl.DataFrame] = {
        "train": train,
        "validation": validation,
        "test": sample("D"),
        "oot": sample("C", "B", "E"),
    }
    assert shared_customers(samples, customer="customer_id") == {"validation": 1, "test": 0, "oot": 2}
    kept = left_out(samples["oot"], [train, validation], customer="customer_id")
    assert kept["customer_id"].to_list() == ["E"]


@pytest.mark.parametrize("kind", ["measured", "left_out"])
def test_a_version_says_which_customers_are_in_two_samples(book_copy: BookFolders, kind: str) -> None:
    lake, policy = book_copy.lake, book_copy.settings().policy
    trained, newest = add_months(FIRST_TRAINING, -9), add_months(FIRST_TRAINING, -6)
    known = lake.scan("gold/feature_store", [trained]).collect()["customer_id"].head(10)
    features = lake.scan("gold/feature_store", [newest]).collect()
    customers = pl.concat([known, features["customer_id"].slice(10)])
    lake.write("gold/feature_store", features.with_columns(customers), [newest])
    windows = policy.model.windows.model_copy(update={"shared_customers": kind})
    changed = replace(policy, model=policy.model.model_copy(update={"windows": windows}))
    trained_version = train_as_of(lake, "scorecard", FIRST_TRAINING, changed).model_version
    metadata = lake.versions.read("scorecard", trained_version).metadata
    assert metadata.shared_customers == SharedCustomers(policy=kind, validation=0, test=0, oot=10)
    n = labels_of(lake).filter(cohort=newest).height
    assert metadata.samples["oot"].n == n - (10 if kind == "left_out" else 0)
    document_version(lake, changed, "scorecard", trained_version)
    card = "".join(file.read_text() for file in lake.layout.data_dir.rglob("*card*.md"))
    assert "Customers that an earlier sample has as well" in card


@case(
    "B9",
    given="`explain` is asked for an id that two loans have had",
    right="it names the months of both and explains the one of the cohort that is asked for",
)
def test_an_explanation_is_of_one_loan_of_an_id(book_copy: BookFolders) -> None:
    lake, table, book = book_copy.lake, "gold/feature_store", Book.of(book_copy.settings())
    first, second = add_months(LAST, -1), LAST
    name = lake.scan(table, [first]).collect()["loan_id"][0]
    features = lake.scan(table, [second]).collect()
    ids = pl.concat([pl.Series("loan_id", [name]), features["loan_id"].slice(1)])
    lake.write(table, features.with_columns(ids), [second])
    with pytest.raises(CaseError, match=rf"applied for in {first:%Y-%m}, {second:%Y-%m}.*--cohort"):
        explain_case(book, name, model="model_1")
    found = explain_case(book, name, model="model_1", cohort=first)
    assert found.month == first
    with pytest.raises(CaseError, match="it was not applied for in 2023-01"):
        explain_case(book, features["loan_id"][1], model="model_1", cohort=FIRST)
