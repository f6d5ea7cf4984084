from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.portfolios.loans.config import DelinquencyPolicy
from credit_platform.portfolios.loans.sources.loan_snapshots import REJECTIONS, REPAIRS, clean_loan_snapshots
from credit_platform.portfolios.loans.sources.silver import LoanSnapshots
from credit_platform_tests.source_rows import bronze_rows

JULY = {"snapshot_date": "2023-07-01", "installment_num": "6", "due_amt": "1000.0"}


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("loan_id", "", "loan_id_is_readable"),
        ("loan_start_date", "soon", "loan_start_date_is_readable"),
        ("loan_start_date", "2023-07-02", "loan_starts_before_its_snapshot"),
        ("loan_start_date", "2023-02-01", "installment_num_equals_months_on_book"),
        ("tenure", "ten", "tenure_is_readable"),
        ("tenure", "0", "tenure_is_positive"),
        ("installment_num", "5", "installment_num_equals_months_on_book"),
        ("installment_num", "6.5", "installment_num_is_readable"),
        ("loan_amt", None, "loan_amt_is_readable"),
        ("loan_amt", "-1", "loan_amt_is_not_negative"),
        ("due_amt", "NaN", "due_amt_is_readable"),
        ("due_amt", "-1000", "due_amt_is_not_negative"),
        ("paid_amt", "_", "paid_amt_is_readable"),
        ("paid_amt", "-1000", "paid_amt_is_not_negative"),
        ("overdue_amt", "inf", "overdue_amt_is_readable"),
        ("overdue_amt", "-1000", "overdue_amt_is_not_negative"),
        ("overdue_amt", "1e12", "missed_installments_are_countable"),
        ("balance", "", "balance_is_readable"),
    ],
)
def test_a_loan_row_that_cannot_be_trusted_is_quarantined(column: str, text: str | None, rule: str) -> None:
    cleaned = clean_loan_snapshots(bronze_rows("lms_loan_daily", {**JULY, column: text}, month=date(2023, 7, 1)))
    rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
    assert rows.is_empty()
    assert quarantined["rule"].to_list() == [rule]
    assert quarantined["reason"][0].split(": ")[0] in {column, "installment_num"}


@pytest.mark.parametrize(
    ("cells", "repairs"),
    [
        ({}, []),
        ({"balance": "-20.0"}, []),
        ({"installment_num": "6.0"}, []),
        ({"overdue_amt": "2000.0_"}, ["overdue_amt_underscore_stripped"]),
        ({"loan_id": " L1"}, ["loan_id_whitespace_stripped"]),
        ({"snapshot_date": "1/7/23", "loan_start_date": "1/1/23"}, []),
    ],
)
def test_a_loan_row_is_typed_and_its_delinquency_attached(cells: dict[str, str], repairs: list[str]) -> None:
    bronze = bronze_rows("lms_loan_daily", {**JULY, "overdue_amt": "2000.0", **cells}, month=date(2023, 7, 1))
    rows = clean_loan_snapshots(bronze).rows.collect()
    LoanSnapshots.validate(rows)
    row = rows.row(0, named=True)
    assert (row["mob"], row["n_installments_missed"], row["dpd"], row["dpd_bucket"]) == (6, 2, 60, "60-89")
    assert row["repairs"] == repairs


def test_the_day_count_is_a_choice() -> None:
    bronze = bronze_rows("lms_loan_daily", {**JULY, "overdue_amt": "2000.0"}, month=date(2023, 7, 1))
    rows = clean_loan_snapshots(bronze, policy=DelinquencyPolicy(day_count="calendar")).rows.collect()
    assert rows["dpd"].to_list() == [61]


def test_rule_names_are_unique() -> None:
    rules = (*REPAIRS, *REJECTIONS)
    assert len({rule.name for rule in rules}) == len(rules)
