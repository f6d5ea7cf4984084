"""Who is who on a tape: loans that are re-dated, ids that are used again, written otherwise, or are no ids at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.assets.models.training import train_as_of
from credit_platform.assets.pages.version_documents import document_version
from credit_platform.cli.book import Book
from credit_platform.cli.versions.explain import explain_case
from credit_platform.errors import CaseError
from credit_platform.lake.models.stored_version import SharedCustomers
from credit_platform.monitoring.early_warning.early_outcomes import cohort_readings
from credit_platform.months import add_months
from credit_platform.portfolios.loans.outcome.early_outcomes import early_outcomes
from credit_platform.scoring.training.samples import attach_labels, left_out, shared_customers
from credit_platform.scoring.training.windows import SampleRole
from credit_platform_tests.checks.evaluating import FIRST, number, reds
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.small_tapes import (
    CONFIG,
    LOAN_FILE,
    WARN,
    judged,
    labels_of,
    loan,
    rows_of,
    tape,
)
from credit_platform_tests.small_book import FIRST_TRAINING, LAST, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED


APRIL = date(2023, 4, 1)


KNOWN = "loan_snapshots/cases_are_known_from_their_start"


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
            "sources_present": ["", ""],
        }
    )
    read = {one.cohort: one.scorer for one in cohort_readings(labels, scored, key="loan_id")}
    assert {cohort: scorer.model_version for cohort, scorer in read.items() if scorer} == {
        FIRST: "a",
        date(2023, 5, 1): "b",
    }


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
