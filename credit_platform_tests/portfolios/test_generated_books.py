"""What is alike in the generated books of every kind: what is refused, what reads back, what drifts do to rows."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import SettingsError
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.drifted_rows import ChangedForm, changed_form, is_order_only, without_cells
from credit_platform.portfolios.generator import GeneratedBook
from credit_platform.portfolios.named import portfolio_named

KINDS = ("loans", "home_credit", "churn")
SIZE: dict[str, Any] = {"first_month": date(2021, 1, 1), "n_months": 6, "cases_per_month": 40, "seed": 11}
each_kind = pytest.mark.parametrize("kind", KINDS)


def made(kind: str, **other: Any) -> GeneratedBook:
    return portfolio_named(kind).required_generator.make(**(SIZE | other))


@each_kind
def test_a_book_is_read_back_from_its_ground_truth(kind: str) -> None:
    book = made(kind)
    generator = portfolio_named(kind).required_generator
    assert generator.read(json.loads(json.dumps(book.to_dict()))).to_dict() == book.to_dict()
    assert [book.months[0], book.months[-1], len(book.months)] == [date(2021, 1, 1), date(2021, 6, 1), 6]
    assert (book.cases_per_month, book.seed, book.drifts, book.has_leak) == (40, 11, (), False)


@each_kind
@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        ("first_month", {"first_month": date(2021, 1, 2)}),
        ("n_months", {"n_months": 0}),
        ("cases_per_month", {"cases_per_month": 0}),
        ("cases_per_month", {"cases_per_month": 10**9}),
        ("seed", {"seed": -1}),
        ("leak", {"has_leak": True}),
    ],
)
def test_an_impossible_book_is_refused_by_name(kind: str, named: str, wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=named):
        made(kind, **wrong)


@each_kind
@pytest.mark.parametrize("month", [date(2020, 12, 1), date(2021, 7, 1), date(2021, 3, 2)])
def test_a_month_outside_the_book_is_refused(kind: str, month: date) -> None:
    with pytest.raises(SettingsError, match=r"is not a month of the book.*Choose one of 2021-01 to 2021-06"):
        made(kind).rows(month)


@pytest.mark.parametrize("kind", ["loans", "churn"])
def test_a_drift_outside_the_book_is_refused(kind: str) -> None:
    drift = Drift(DriftKind.CONCEPT, date(2021, 7, 1), 0.5)
    with pytest.raises(SettingsError, match="drift concept: 2021-07 is not a month of the book"):
        made(kind, drifts=(drift,))


@pytest.mark.parametrize("kind", ["home_credit", "churn"])
def test_where_no_evidence_looks_back_the_length_of_a_history_changes_nothing(kind: str) -> None:
    assert made(kind, history_months=24) == made(kind)


FORM = ChangedForm(decimals=("amount",), added=("branch", "unknown"), renamed=("amount", "value"))
ROWS = pl.DataFrame({"key": ["1", "2"], "amount": ["1.5", "20"]})


def test_another_form_is_as_grave_as_its_strength() -> None:
    order, commas, added, renamed = (changed_form(ROWS, FORM, strength) for strength in (0.2, 0.5, 0.7, 1.0))
    assert order.columns == ["amount", "key"]
    assert order.select(ROWS.columns).equals(ROWS)
    assert commas["amount"].to_list() == ["1,5", "20"]
    assert added.columns == ["key", "amount", "branch"]
    assert added.drop("branch").equals(ROWS)
    assert renamed.columns == ["key", "value"]
    without_decimals = ChangedForm(decimals=(), added=FORM.added, renamed=FORM.renamed)
    assert changed_form(ROWS, without_decimals, 0.5).equals(added)


@pytest.mark.parametrize(("strength", "is_harmless"), [(0.2, True), (0.25, True), (0.3, False), (1.0, False)])
def test_only_another_order_of_columns_is_harmless(strength: float, *, is_harmless: bool) -> None:
    assert is_order_only(Drift(DriftKind.SCHEMA_CHANGE, date(2021, 1, 1), strength)) is is_harmless
    assert not is_order_only(Drift(DriftKind.MISSINGNESS, date(2021, 1, 1), strength))
    for kind in KINDS:
        assert portfolio_named(kind).required_generator.is_harmless is is_order_only


@given(share=st.floats(0, 1), seed=st.integers(0, 99))
def test_cells_are_emptied_in_the_share_asked_for_and_in_no_other_column(share: float, seed: int) -> None:
    rows = pl.DataFrame({"kept": range(2_000), "holed": range(2_000)})
    holed = without_cells(rows, ["holed"], share, np.random.default_rng(seed))
    assert holed["kept"].equals(rows["kept"])
    assert abs(holed["holed"].null_count() / rows.height - share) < 0.06
    assert holed.filter(pl.col("holed") != pl.col("kept")).is_empty()
