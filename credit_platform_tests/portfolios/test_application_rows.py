from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.portfolios.application_rows import applications_of, said_of
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.portfolio import LOANS

COLUMNS = LOANS.features.schema.column_names()
NUMBERS = {
    name for name, column in FeatureStore.columns().items() if column.dtype in {pl.Float64, pl.Int32} or name == "x"
}


def row(**cells: str | None) -> dict[str, str | None]:
    plain: dict[str, str | None] = {name: "1" if name in NUMBERS else "yes" for name in COLUMNS}
    plain |= {
        "snapshot_month": "2024-05-01",
        "loan_id": "loan_1",
        "customer_id": "customer_1",
        "occupation_group": "professional",
        "credit_mix": "Good",
        "spending_level": "Low",
        "payment_value_size": "Small",
        "sources_present": "attributes+clickstream+financials",
    }
    return plain | cells


def text(*rows: dict[str, str | None]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), schema=dict.fromkeys(COLUMNS, pl.String))
    return frame.with_columns(source_line=pl.int_range(2, pl.len() + 2, dtype=pl.Int64))


def test_cells_become_the_types_of_the_feature_store() -> None:
    read = applications_of(
        text(row(n_loans="3.0", is_minimum_amount_paid="FALSE", annual_income_amount=" 12.5 ")), LOANS
    )
    assert read.faults == ()
    loan = read.rows.row(0, named=True)
    assert (loan["n_loans"], loan["is_minimum_amount_paid"], loan["annual_income_amount"]) == (3, False, 12.5)
    assert loan["snapshot_month"] == date(2024, 5, 1)
    assert dict(read.rows.schema) == {name: column.dtype for name, column in FeatureStore.columns().items()}


def test_what_may_be_unknown_stays_unknown_and_no_source_is_an_empty_text() -> None:
    dark = row(
        credit_mix="",
        interest_rate=None,
        sources_present=None,
        has_attributes="no",
        has_financials="no",
        has_clickstream="no",
        n_clickstream_months="0",
    )
    loan = applications_of(text(dark), LOANS).rows.row(0, named=True)
    assert (loan["credit_mix"], loan["interest_rate"], loan["sources_present"]) == (None, None, "")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"interest_rate": "high"}, "interest_rate does not read as Float64"),
        ({"n_loans": "2.5"}, "n_loans does not read as Int32"),
        ({"is_minimum_amount_paid": "perhaps"}, "is_minimum_amount_paid does not read as Boolean"),
        ({"snapshot_month": "May"}, "snapshot_month does not read as Date"),
        ({"snapshot_month": "2024-05-07"}, "snapshot_month|resolution"),
        ({"loan_id": ""}, "loan_id|nullability"),
        ({"interest_rate": "-1"}, "interest_rate|min"),
        ({"annual_income_amount": "nan"}, "annual_income_amount|"),
        ({"has_clickstream": "no"}, "clickstream_is_present_when_months_were_seen"),
    ],
)
def test_a_row_that_breaks_the_contract_is_named_by_line_and_loan(cells: dict[str, str], said: str) -> None:
    read = applications_of(text(row(), row(loan_id="loan_2") | cells), LOANS)
    assert read.rows.is_empty()
    assert {fault.line for fault in read.faults} == {3}
    assert said in said_of(read.faults)
    assert f"line 3 (loan {cells.get('loan_id', 'loan_2') or 'without id'})" in said_of(read.faults)


def test_both_rows_of_a_loan_that_comes_twice_are_named() -> None:
    read = applications_of(text(row(loan_id="other"), row(), row()), LOANS)
    assert [fault.line for fault in read.faults] == [3, 4]
    assert "primary_key" in read.faults[0].reason


def test_many_faults_are_counted_and_the_first_are_told() -> None:
    said = said_of(
        applications_of(text(*(row(loan_id=f"loan_{n}", interest_rate="-1") for n in range(9))), LOANS).faults
    )
    assert said.count("line") == 5
    assert said.endswith("and 4 more")
