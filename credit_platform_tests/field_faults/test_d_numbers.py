"""Numbers no type holds, dates no calendar has, quotes that vanish: a row is set aside, no month lost, no sum wrong.

The extremes of every contract are computed twice: by the platform, and exactly by Python.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.errors import SourceError
from credit_platform.lake.raw.readers import parse_file
from credit_platform.lake.raw.sources import source_months
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.features.ratios_check import RATIOS_CHECK
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.portfolio import LOANS as LOAN_BOOK
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.portfolios.loans.sources.silver import LARGEST_AMOUNT
from credit_platform_tests.bad_inputs.delivery import (
    ATTRIBUTES,
    CLICKS,
    FINANCIALS,
    LOANS,
    MONTHS,
    ROWS_A_MONTH,
    cell,
    deliver,
    outcome_of,
    source_of,
)
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.planted import NAME
from credit_platform_tests.field_faults.portfolio_tables import portfolio_tables
from credit_platform_tests.source_rows import bronze_rows

MONTH = date(2023, 1, 1)


ALL_ROWS = ROWS_A_MONTH * len(MONTHS)


AMOUNTS = ("loan_amt", "due_amt", "paid_amt", "overdue_amt", "balance")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOAN_BOOK)


def features_of(*financials: dict[str, str | None]) -> pl.DataFrame:
    """Features of one loan per row of financials, each of a customer of its own."""
    ids = [f"CUS_0x{n}" for n in range(100, 100 + len(financials))]
    loans = [{"loan_id": f"{customer}_L", "Customer_ID": customer} for customer in ids]
    known = [{"Customer_ID": customer, **cells} for customer, cells in zip(ids, financials, strict=True)]
    return build_feature_store(
        clean_loan_snapshots(bronze_rows(LOANS, *loans)).rows,
        clean_attributes(bronze_rows(ATTRIBUTES)).rows,
        clean_financials(bronze_rows(FINANCIALS, *known)).rows,
        clean_clickstream(bronze_rows(CLICKS)).rows,
        clickstream_months=6,
    ).collect()


@case(
    "D1",
    given="an amount of 1e17 in one row of the loan tape",
    right="the row is quarantined with the reason; the other loans of every month are built",
)
@pytest.mark.parametrize("amount", ["1e17", "90000000000000.02", "1e16", "1e308", "-1e17"])
@pytest.mark.parametrize("column", AMOUNTS)
def test_an_amount_no_type_holds_sets_its_row_aside(lake: Lake, column: str, amount: str) -> None:
    cell(8, column, amount)(deliver(lake.layout.raw_dir, LOANS))
    outcome = outcome_of(lake, LOANS)
    assert (outcome.refusal, outcome.held_back, outcome.silver.height) == ("", {}, ALL_ROWS - 1)
    set_aside = outcome.quarantined.row(0, named=True)
    assert set_aside["source_line"] == 8
    assert set_aside["reason"].startswith(f"{column}: ")
    assert portfolio_tables(outcome.silver, list(MONTHS))["vintages"]["n_loans"].sum() > 0


@case(
    "D2",
    given="Delay_from_due_date 1500000000 and two other loans",
    right="no product wraps: a delay beyond a century is null and counted, any other product is exact",
)
def test_a_product_of_counts_never_wraps() -> None:
    made = features_of(
        {"Delay_from_due_date": "1500000000"},
        {"Delay_from_due_date": "36525", "Num_of_Loan": "9", "Type_of_Loan": "_"},
        {"Delay_from_due_date": "-36525", "Num_of_Loan": "9", "Type_of_Loan": "_"},
    )
    assert made["loan_extent"].to_list() == [None, 36525.0 * 9, -36525.0 * 9]
    cleaned = clean_financials(bronze_rows(FINANCIALS, {"Delay_from_due_date": "1500000000"})).rows.collect()
    assert cleaned["repairs"].to_list() == [["Delay_from_due_date_out_of_range_nulled"]]


@case(
    "D3",
    given="a salary of 0.001 and a debt of 1e308; a salary of 1e-310 and the largest debt there is",
    right="the ratio is null and counted: a repair where an amount is impossible, a yellow check where the ratio is",
)
def test_an_infinite_ratio_is_null_and_counted() -> None:
    made = features_of(
        {"Monthly_Inhand_Salary": "0.001", "Outstanding_Debt": "1e308"},
        {"Monthly_Inhand_Salary": "1e-310", "Outstanding_Debt": f"{LARGEST_AMOUNT}"},
        {"Monthly_Inhand_Salary": "0.001", "Outstanding_Debt": "5"},
    )
    assert made["debt_to_salary"].to_list() == [None, None, 5 / 0.001]
    FeatureStore.validate(made)
    label = LOAN_BOOK.load_policy(None).model.label
    found = RATIOS_CHECK.evaluate(made.lazy(), [MONTH], label)[MONTH]
    assert (found.passed, found.metadata["debt_to_salary_left_empty"]) == (False, 1)
    assert "debt_to_salary of 1 loans" in found.description


@case(
    "D4",
    given="one clickstream row dated 0000-01-01, 2023-02-30 or 2023-13-01",
    right="that row is set aside with its line, every month is built from the others",
)
@pytest.mark.parametrize("source", [LOANS, ATTRIBUTES, FINANCIALS, CLICKS])
@pytest.mark.parametrize("day", ["0000-01-01", "2023-02-30", "2023-13-01", "2023-00-10"])
def test_a_row_of_a_day_no_calendar_has_is_set_aside(lake: Lake, source: str, day: str) -> None:
    cell(8, "snapshot_date", day)(deliver(lake.layout.raw_dir, source))
    outcome = outcome_of(lake, source)
    assert (outcome.refusal, outcome.held_back, outcome.silver.height) == ("", {}, ALL_ROWS - 1)
    assert outcome.quarantined.select("snapshot_month", "source_line", "rule").rows() == [
        (MONTHS[1], 8, "snapshot_date_is_readable")
    ]


@case(
    "D5",
    given='quotes escaped by a backslash in a CSV cell ("say \\"hi\\"")',
    right="a fault with its line; quotes written twice are kept",
)
@pytest.mark.parametrize(
    "written", ['"say \\"hi\\""', '"5\\""', '"a"b"', '"say "hi" to"', 'O"Neil', '"\\"hi\\""', '"Ada"x', ' "Ada"']
)
def test_quotes_are_kept_or_a_fault_with_its_line(tmp_path: Path, written: str) -> None:
    text = f'a,b\n1,{NAME}\n2,{written}\n3,"y"\n'.encode()
    with pytest.raises(SourceError, match=r"t\.csv, line [34]"):
        parse_file("t", ("a", "b"), tmp_path / "t.csv", text)


def test_quotes_written_twice_and_backslashes_before_a_closing_quote_are_kept(tmp_path: Path) -> None:
    text = b'a,b\n1,"say ""hi"""\n2,"C:\\dir\\"\n3,""""\n4,""\n'
    read = parse_file("t", ("a", "b"), tmp_path / "t.csv", text)
    assert [cell or "" for cell in read["b"]] == ['say "hi"', "C:\\dir\\", '"', ""]


@case(
    "D6",
    given="a start date in year 0 with the number of instalments that goes with it",
    right="the row is quarantined; a date no calendar has reaches no table",
)
def test_a_start_date_no_calendar_has_sets_its_row_aside() -> None:
    cells = {"loan_id": "L1", "loan_start_date": "0000-01-01", "installment_num": str(2023 * 12), "tenure": "30000"}
    cleaned = clean_loan_snapshots(bronze_rows(LOANS, cells, {}))
    rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
    assert rows.height == 1
    assert quarantined["rule"].to_list() == ["loan_start_date_is_readable"]


@case(
    "D8",
    given="a salary of 1e-290, whose ratio is a number, and one of 0.001",
    right="a ratio beyond the largest amount over a cent is null and counted: squares of it would fit no float",
)
def test_a_ratio_no_amounts_have_is_null_and_leaves_the_feature_its_spread() -> None:
    made = features_of(
        {"Monthly_Inhand_Salary": "1e-290", "Outstanding_Debt": "5", "Total_EMI_per_month": "5"},
        {"Monthly_Inhand_Salary": "0.01", "Outstanding_Debt": f"{LARGEST_AMOUNT}"},
        {"Monthly_Inhand_Salary": "0.001", "Outstanding_Debt": "5"},
    )
    assert made["debt_to_salary"].to_list() == [None, LARGEST_AMOUNT / 0.01, 5 / 0.001]
    assert made["emi_to_salary"][0] is None
    spread = made["debt_to_salary"].std()
    assert isinstance(spread, float)
    assert 0 < spread < float("inf")
    found = RATIOS_CHECK.evaluate(made.lazy(), [MONTH], LOAN_BOOK.load_policy(None).model.label)[MONTH]
    assert (found.passed, found.metadata["debt_to_salary_left_empty"]) == (False, 1)


@case(
    "D9",
    given="one row dated 0001-01-01 or 9999-12-31, a stand-in for a date",
    right="the book begins and ends with its other months, which are built as ever",
)
@pytest.mark.parametrize("source", [LOANS, ATTRIBUTES, FINANCIALS, CLICKS])
@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
def test_a_stand_in_for_a_date_is_no_month_of_the_book(lake: Lake, source: str, day: str) -> None:
    cell(8, "snapshot_date", day)(deliver(lake.layout.raw_dir, source))
    outcome = outcome_of(lake, source)
    assert (outcome.refusal, outcome.held_back, outcome.silver.height) == ("", {}, ALL_ROWS - 1)
    assert source_months(lake.layout, source_of(source)) == list(MONTHS)
