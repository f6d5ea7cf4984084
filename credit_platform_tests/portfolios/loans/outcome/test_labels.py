from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.months import add_months
from credit_platform.portfolios.loans.config import LoanLabelPolicy
from credit_platform.portfolios.loans.gold import LabelStore
from credit_platform.portfolios.loans.outcome.labels import label_loans, reason_without_label

START, HORIZON = date(2023, 1, 1), date(2023, 7, 1)
SCHEMA = {
    "loan_id": pl.String,
    "customer_id": pl.String,
    "loan_start_date": pl.Date,
    "snapshot_month": pl.Date,
    "mob": pl.Int32,
    "dpd": pl.Int32,
    "balance_amount": pl.Float64,
}


def life(loan: str, *days: int | None, balance: float = 500.0, start: date = START) -> list[dict[str, object]]:
    """The rows of one loan by month on book; None leaves a month out, `balance` is that of every row."""
    return [
        {
            "loan_id": loan,
            "customer_id": f"customer of {loan}",
            "loan_start_date": start,
            "snapshot_month": add_months(start, mob),
            "mob": mob,
            "dpd": dpd,
            "balance_amount": balance,
        }
        for mob, dpd in enumerate(days)
        if dpd is not None
    ]


def labels(*lives: list[dict[str, object]], until: date = HORIZON, **policy: object) -> pl.DataFrame:
    old = life("of an old cohort", *[None] * 12, *[0] * 12, start=date(2022, 1, 1))
    book = [*old, *(row for rows in lives for row in rows)]
    frame = pl.LazyFrame(book, schema=SCHEMA).filter(pl.col("snapshot_month") <= until)
    label = LoanLabelPolicy.model_validate({"dpd_threshold": 30, "mob": 6} | policy)
    return LabelStore.validate(label_loans(frame, label).collect())


@pytest.mark.parametrize(("dpd", "label"), [(0, 0), (29, 0), (30, 1), (61, 1)])
def test_the_threshold_itself_is_a_default(dpd: int, label: int) -> None:
    assert labels(life("A", 0, 0, 0, 0, 0, 0, dpd))["label"].to_list() == [label]


def test_a_label_names_its_loan_definition_and_months() -> None:
    found = labels(life("A", 0, 0, 0, 0, 0, 0, 0), life("young", 0, 90, start=date(2023, 2, 1)))
    assert found.rows() == [("A", "customer of A", 0, "30dpd_6mob", 0, START, HORIZON, "observed")]


@pytest.mark.parametrize(
    ("days", "balance", "at_horizon", "ever"),
    [
        ((0, 0, 0, 0, 60, 0, 0), 500.0, (0, "observed"), (1, "observed")),
        ((0, 0, 0, 0, 0), 0.0, (0, "repaid"), (0, "repaid")),
        ((0, 0, 60, 0, 0), 0.0, (0, "repaid"), (1, "repaid")),
        ((0, 0, 0, 0, 120), 500.0, (1, "left_past_due"), (1, "left_past_due")),
        ((0, 0, 0, 0, 120), 0.0, (1, "left_past_due"), (1, "left_past_due")),
        ((0, 0, 0, 0, 29), 500.0, None, None),
        ((0, 0, 0, 0, 29), 0.0, None, None),
        ((0, 0, 60, 0, 0), 500.0, None, (1, "observed")),
        ((0, 0, 0, None, None, 0, 0), 500.0, (0, "observed"), (0, "observed")),
        ((0, 0, 0, 30, None, None, None, 0), 500.0, (1, "left_past_due"), (1, "left_past_due")),
        ((None, None, None, None, None, None, None, 90), 500.0, None, None),
    ],
)
def test_a_loan_is_labelled_by_its_state_at_the_horizon_or_by_what_it_was_last(
    days: tuple[int | None, ...], balance: float, at_horizon: tuple[int, str] | None, ever: tuple[int, str] | None
) -> None:
    for outcome, expected in (("at_horizon", at_horizon), ("ever", ever)):
        for until in (HORIZON, date(2023, 9, 1)):
            found = labels(life("A", *days, balance=balance), until=until, outcome=outcome)
            assert found.select("label", "label_basis").rows() == ([expected] if expected else [])
            assert set(found["snapshot_month"]) <= {HORIZON}


def test_an_exit_is_known_no_sooner_than_the_horizon() -> None:
    gone = life("A", 0, 0, 120)
    assert labels(gone, until=date(2023, 6, 1)).is_empty()
    assert labels(gone, until=HORIZON).height == 1


def test_a_loan_id_that_is_used_again_is_another_loan() -> None:
    first, second = life("A", 0, 0, 0, 0, 90), life("A", 0, 0, 0, 0, 0, 0, 0, start=date(2023, 6, 1))
    found = labels(first, second, until=date(2023, 12, 1))
    assert found.select("cohort", "label").rows() == [(START, 1), (date(2023, 6, 1), 0)]


def test_the_reason_for_no_label_is_what_the_loan_owes() -> None:
    rows = pl.DataFrame({"balance_amount": [500.0, 0.001, 0.0]}).select(reason_without_label()).to_series()
    assert rows.to_list() == ["left_with_balance", "left_with_arrears", "left_with_arrears"]


def test_an_outcome_cannot_precede_its_features() -> None:
    wrong = labels(life("A", 0, 0, 0, 0, 0, 0, 0)).with_columns(cohort=pl.col("snapshot_month"))
    assert not LabelStore.is_valid(wrong)
