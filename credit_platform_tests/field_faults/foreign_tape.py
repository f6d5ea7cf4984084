"""Tapes as other lenders write them, made from sound rows of the contract: one row per loan and month, 70 columns.

The layouts are like those of public tapes in kind (names, delimiters, dates, signs) and copies of none.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.assets.tables.bronze import sources
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.sources import read_source
from credit_platform.months import add_months, month_range
from credit_platform.policy.load import Policy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.field_faults.planted import NAME, NUMBER
from credit_platform_tests.source_rows import SOUND_CELLS

FIRST, LAST = date(2023, 1, 1), date(2023, 8, 1)
TAPE_SOURCES = ("lms_loan_daily", "features_attributes", "features_financials")
N_LOANS, N_COLUMNS = 9, 70


def contract_rows() -> dict[str, pl.DataFrame]:
    """Rows of nine loans of three cohorts under the contract's columns; every third one stops paying at once."""
    rows: dict[str, list[dict[str, str | None]]] = {source: [] for source in TAPE_SOURCES}
    for number in range(N_LOANS):
        start = add_months(FIRST, number % 3)
        for mob, month in enumerate(month_range(start, LAST)):
            missed = mob if number // 3 == 0 else 0
            own = {
                "loan_id": f"10000000{number}",
                "Customer_ID": f"C-{number}",
                "loan_start_date": f"{start}",
                "tenure": "10",
                "installment_num": f"{mob}",
                "loan_amt": "12500.5",
                "due_amt": "1250.05" if mob else "0",
                "paid_amt": "0" if missed or not mob else "1250.05",
                "overdue_amt": f"{1250.05 * missed:.2f}",
                "balance": f"{12500.5 - 1250.05 * (mob - missed):.2f}",
                "snapshot_date": f"{month}",
                "Name": NAME,
                "SSN": NUMBER,
                "Age": f"{30 + number}",
                "Annual_Income": f"{36000.25 + number}",
                "Interest_Rate": f"{10 + number}",
            }
            for source in TAPE_SOURCES:
                rows[source].append(
                    {name: {**SOUND_CELLS[source], **own}[name] for name in LOANS.source(source).columns}
                )
    return {source: pl.DataFrame(found) for source, found in rows.items()}


@dataclass(frozen=True)
class Layout70:
    """One lender's way to write a tape: its names for our columns, its forms of dates, amounts, rates and terms."""

    file: str
    names: Mapping[str, str]
    dates: Mapping[str, str]
    number: Callable[[str], str]
    ends: Mapping[str, str]
    delimiter: str
    encoding: str


def _english(number: str) -> str:
    return f"{float(number):,.2f}"


def _german(number: str) -> str:
    return _english(number).translate(str.maketrans(",.", ".,"))


MORTGAGES = Layout70(
    file="tape_2023.txt",
    names={
        "loan_id": "Loan Identifier",
        "Customer_ID": "Borrower ID",
        "loan_start_date": "Origination Date",
        "tenure": "Original Loan Term",
        "installment_num": "Loan Age",
        "loan_amt": "Original UPB",
        "due_amt": "Scheduled Payment",
        "paid_amt": "Payment Received",
        "overdue_amt": "Past Due Amount",
        "balance": "Current Actual UPB",
        "snapshot_date": "Monthly Reporting Period",
        "Name": "Borrower Name",
        "SSN": "Social Security Number",
        "Age": "Borrower Age",
        "Occupation": "Employment Title",
        "Annual_Income": "Gross Annual Income",
        "Interest_Rate": "Current Interest Rate",
        "Outstanding_Debt": "Total Debt",
    },
    dates={"snapshot_date": "%m%Y", "loan_start_date": "%m%Y"},
    number=str,
    ends={},
    delimiter="|",
    encoding="utf-8",
)
CONSUMER_LOANS = Layout70(
    file="kredite.csv",
    names={
        "loan_id": "id",
        "Customer_ID": "member_id",
        "loan_start_date": "issue_d",
        "tenure": "term",
        "installment_num": "months_on_book",
        "loan_amt": "loan_amnt",
        "due_amt": "installment",
        "paid_amt": "last_pymnt_amnt",
        "overdue_amt": "past_due_amnt",
        "balance": "out_prncp",
        "snapshot_date": "report_d",
        "Name": "borrower_name",
        "SSN": "ssn",
        "Age": "age",
        "Occupation": "emp_title",
        "Annual_Income": "annual_inc",
        "Interest_Rate": "int_rate",
        "Outstanding_Debt": "revol_bal",
    },
    dates={"snapshot_date": "%d.%m.%Y", "loan_start_date": "%b-%Y"},
    number=_german,
    ends={"tenure": " months", "Interest_Rate": "%"},
    delimiter=";",
    encoding="cp1252",
)
LAYOUTS = {"mortgages": MORTGAGES, "consumer loans": CONSUMER_LOANS}
_WHOLE = {"tenure", "installment_num", "Interest_Rate", "Age", "loan_id"}


def tape(layout: Layout70) -> pl.DataFrame:
    """All rows under the lender's names as text, filled up with columns of no use to us."""
    rows = contract_rows()
    joined = pl.concat(
        [
            frame.drop(set(frame.columns) & {"snapshot_date", "Customer_ID"}) if n else frame
            for n, frame in enumerate(rows.values())
        ],
        how="horizontal",
    )
    written = {
        theirs: [_written(layout, ours, cell) for cell in joined[ours].to_list()]
        for ours, theirs in layout.names.items()
    }
    fill = {f"Reserved {n}": ["Größe; n/a|1"] * joined.height for n in range(N_COLUMNS - len(written))}
    return pl.DataFrame(written | fill)


def _written(layout: Layout70, ours: str, cell: str) -> str:
    if ours in layout.dates:
        return date.fromisoformat(cell).strftime(layout.dates[ours])
    is_number = ours in {column for source in TAPE_SOURCES for column in LOANS.source(source).cells.numbers}
    return (layout.number(cell) if is_number and ours not in _WHOLE else cell) + layout.ends.get(ours, "")


def write_tape(layout: Layout70, raw: Path, frame: pl.DataFrame | None = None) -> Path:
    """Write the tape into a raw folder."""
    raw.mkdir(parents=True, exist_ok=True)
    text = io.BytesIO()
    (tape(layout) if frame is None else frame).write_csv(text, separator=layout.delimiter)
    file = raw / layout.file
    file.write_bytes(text.getvalue().decode().encode(layout.encoding))
    return file


def write_contract(raw: Path) -> None:
    """Write the same rows as the contract wants them, less what the tapes do not have."""
    raw.mkdir(parents=True, exist_ok=True)
    for source, rows in contract_rows().items():
        kept = [pl.col(c) if c in MORTGAGES.names else pl.lit(None, pl.String).alias(c) for c in rows.columns]
        rows.select(kept).write_csv(raw / f"{source}.csv")


def gold_of(raw: Path, policy: Policy) -> dict[str, pl.DataFrame]:
    """Feature store and label store of a raw folder under a policy, by the functions the assets call."""
    months, layout = month_range(FIRST, LAST), Layout.of(raw.parent / "data", raw, LOANS)
    silver: dict[str, pl.LazyFrame] = {}
    for name, source in sources(LOANS, policy.model).items():
        declared = LOANS.source(name)
        bronze = read_source(layout, source, months)
        silver[f"silver/{declared.table}"] = declared.clean(bronze.lazy(), policy.model, {}).rows
    features = LOANS.features.build(silver, policy.model)
    labels = LOANS.outcome.build(silver[LOANS.cases.table], policy.model.label)
    return {"features": features.collect().sort("loan_id"), "labels": labels.collect().sort("loan_id")}
