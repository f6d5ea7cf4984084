"""A generated book: relations, keys, texts, the same bytes for the same seed, what cannot be generated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from credit_platform.months import add_months
from credit_platform.portfolios.home_credit.generator.applicants import CreditProcess
from credit_platform.portfolios.home_credit.generator.book import HomeCreditBook
from credit_platform.portfolios.home_credit.generator.home_credit_generator import GENERATOR
from credit_platform.portfolios.home_credit.generator.keys import MOST_CHILDREN

if TYPE_CHECKING:
    pass

SMALL = HomeCreditBook(n_months=6, cases_per_month=20, seed=11)
WIDTHS = {
    "application_train": 122,
    "application_test": 121,
    "bureau": 17,
    "bureau_balance": 3,
    "previous_application": 37,
    "installments_payments": 8,
    "POS_CASH_balance": 8,
    "credit_card_balance": 23,
}
# The bytes of the small book; whoever changes them changes every generated book.
UNCHANGED = "dd24552ed686ca7c0480efbbc44cca1bde62f00eccad8695edef19f599fb5a25"

Files = dict[str, pl.DataFrame]


def hash_of(book: HomeCreditBook) -> str:
    digest = hashlib.sha256()
    for month in book.months:
        for name, rows in sorted(book.rows(month).items()):
            digest.update(name.encode() + rows.write_csv(quote_style="necessary").encode())
    return digest.hexdigest()


def applications(files: Files) -> pl.Series:
    return pl.concat([files[name]["SK_ID_CURR"] for name in ("application_train", "application_test")])


def test_the_same_seed_gives_the_same_bytes_as_ever() -> None:
    assert hash_of(SMALL) == UNCHANGED
    assert hash_of(replace(SMALL, seed=12)) != UNCHANGED


def test_a_month_is_the_same_whichever_was_drawn_before() -> None:
    last = SMALL.rows(SMALL.months[-1])
    assert all(rows.equals(last[name]) for name, rows in SMALL.rows(SMALL.months[-1]).items())


def test_every_month_has_all_files_as_text_in_the_same_columns(home_credit_files: Files) -> None:
    assert {name: rows.width for name, rows in home_credit_files.items()} == WIDTHS
    for month in SMALL.months:
        rows = SMALL.rows(month)
        assert {name: frame.columns for name, frame in rows.items()} == {
            name: frame.columns for name, frame in home_credit_files.items()
        }
        assert {dtype for frame in rows.values() for dtype in frame.dtypes} == {pl.String}


def test_the_last_sixth_of_the_months_has_no_outcome(home_credit_book: HomeCreditBook) -> None:
    *known, new = [home_credit_book.rows(month) for month in home_credit_book.months]
    assert [rows["application_train"].height for rows in known] == [1000] * 5
    assert all(rows["application_test"].is_empty() for rows in known)
    assert (new["application_train"].height, new["application_test"].height) == (0, 1000)
    assert all(rows.height > 0 for name, rows in new.items() if name != "application_train")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bureau", ["SK_ID_BUREAU"]),
        ("bureau_balance", ["SK_ID_BUREAU", "MONTHS_BALANCE"]),
        ("previous_application", ["SK_ID_PREV"]),
        ("POS_CASH_balance", ["SK_ID_PREV", "MONTHS_BALANCE"]),
        ("credit_card_balance", ["SK_ID_PREV", "MONTHS_BALANCE"]),
    ],
)
def test_keys_are_unique(home_credit_files: Files, name: str, key: list[str]) -> None:
    assert not home_credit_files[name].select(key).is_duplicated().any()


def test_applications_have_unique_keys_that_do_not_rise(home_credit_files: Files) -> None:
    found = applications(home_credit_files).cast(pl.Int64)
    assert found.is_unique().all()
    assert (found.min(), found.max()) == (100_001, 106_000)
    assert 0.3 < (np.diff(found.to_numpy()) > 0).mean() < 0.7


def test_every_child_has_its_parent(home_credit_files: Files) -> None:
    files = home_credit_files
    for name in ("bureau", "previous_application", "installments_payments", "POS_CASH_balance", "credit_card_balance"):
        assert files[name]["SK_ID_CURR"].is_in(applications(files).implode()).all(), name
    assert files["bureau_balance"]["SK_ID_BUREAU"].is_in(files["bureau"]["SK_ID_BUREAU"].implode()).all()
    approved = files["previous_application"].filter(pl.col("NAME_CONTRACT_STATUS") == "Approved")
    for name in ("installments_payments", "POS_CASH_balance", "credit_card_balance"):
        assert files[name].join(approved, on=["SK_ID_PREV", "SK_ID_CURR"], how="anti").is_empty(), name


def test_an_application_has_at_most_as_many_children_as_there_are_keys(home_credit_files: Files) -> None:
    for name in ("bureau", "previous_application"):
        most = home_credit_files[name].group_by("SK_ID_CURR").len()["len"].max()
        assert isinstance(most, int)
        assert 15 < most <= MOST_CHILDREN


def test_the_outcome_is_drawn_from_the_true_probability(home_credit_book: HomeCreditBook) -> None:
    truth = pl.concat([home_credit_book.truth(month) for month in home_credit_book.months])
    delivered = pl.concat([home_credit_book.rows(month)["application_train"] for month in home_credit_book.months])
    joined = delivered.select(pl.col("SK_ID_CURR", "TARGET").cast(pl.Int64)).join(truth, on="SK_ID_CURR")
    assert joined.height == delivered.height
    assert (joined["TARGET"] == joined["is_bad"].cast(pl.Int64)).all()
    by_tenth = truth.sort("default_probability").with_row_index().group_by(pl.col("index") * 10 // truth.height)
    gaps = by_tenth.agg(pl.col("is_bad").mean() - pl.col("default_probability").mean())["is_bad"]
    assert np.abs(gaps.to_numpy()).max() < 0.06


def test_a_book_is_read_back_from_its_ground_truth() -> None:
    book = replace(SMALL, process=CreditProcess(habit=0.9, scores=(0.1, 0.2, 0.3)))
    assert GENERATOR.read(json.loads(json.dumps(book.to_dict()))) == book


def test_nothing_is_recorded_late() -> None:
    first = SMALL.first_month
    assert all(rows.equals(SMALL.rows(first)[name]) for name, rows in SMALL.corrected_rows(first).items())


def test_a_book_of_one_application_has_all_files() -> None:
    book = HomeCreditBook(n_months=1, cases_per_month=1)
    assert {name: rows.width for name, rows in book.rows(book.first_month).items()} == WIDTHS


def test_the_last_sixth_of_the_months_is_of_new_applications() -> None:
    assert SMALL.first_new_month == add_months(SMALL.first_month, 5)
