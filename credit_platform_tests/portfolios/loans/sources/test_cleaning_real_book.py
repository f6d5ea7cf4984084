from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pytest

from credit_platform.portfolios.loans.config import loan_label
from credit_platform.portfolios.loans.outcome.labels import label_loans
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.portfolios.loans.sources.silver import (
    CustomerAttributes,
    CustomerClickstream,
    CustomerFinancials,
    LoanSnapshots,
)
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.source_rows import read_bronze

if TYPE_CHECKING:
    from pathlib import Path

TABLES = {
    "lms_loan_daily": (clean_loan_snapshots, LoanSnapshots),
    "features_attributes": (clean_attributes, CustomerAttributes),
    "features_financials": (clean_financials, CustomerFinancials),
    "feature_clickstream": (clean_clickstream, CustomerClickstream),
}


def plain_number(text: str) -> float | None:
    try:
        return float(text.rstrip("_"))
    except ValueError:
        return None


def is_outside(low: float, high: float, text: str) -> bool:
    number = plain_number(text)
    return number is not None and not low <= number <= high


def is_underscored(text: str) -> bool:
    return text.endswith("_") and plain_number(text) is not None


def plain_counts(source: str, rows: list[dict[str, str | None]]) -> Counter[str]:
    """Each kind of dirt, counted row by row without the product's rules."""
    ranges = {
        "Age": (14, 100),
        "Num_Bank_Accounts": (0, 11),
        "Num_Credit_Card": (0, 11),
        "Interest_Rate": (1, 34),
        "Num_of_Delayed_Payment": (0, 28),
        "Num_Credit_Inquiries": (0, 17),
        "Total_EMI_per_month": (0, 1800),
    }
    placeholders = {
        "Occupation": "_______",
        "Credit_Mix": "_",
        "Changed_Credit_Limit": "_",
        "Payment_of_Min_Amount": "NM",
        "Payment_Behaviour": "!@9#%8",
        "Amount_invested_monthly": "__10000__",
        "Monthly_Balance": "__-333333333333333333333333333__",
    }
    underscored = ["Age", "Annual_Income", "Num_of_Loan", "Num_of_Delayed_Payment", "Outstanding_Debt"]
    counts: Counter[str] = Counter()
    for row in rows:
        cells = {name: text or "" for name, text in row.items()}
        counts.update(
            f"{c}_out_of_range_nulled" for c, (low, high) in ranges.items() if is_outside(low, high, cells.get(c, ""))
        )
        counts.update(f"{c}_placeholder_nulled" for c, text in placeholders.items() if cells.get(c) == text)
        counts.update(f"{c}_underscore_stripped" for c in underscored if is_underscored(cells.get(c, "")))
        if source == "features_financials":
            listed = len(cells["Type_of_Loan"].split(",")) if cells["Type_of_Loan"] else 0
            counts["Num_of_Loan_recovered_from_loan_types"] += plain_number(cells["Num_of_Loan"]) != listed
            counts["Annual_Income_recovered_from_monthly_salary"] += is_outside(0.01, 400_000, cells["Annual_Income"])
    return +counts


@pytest.mark.parametrize("source", list(TABLES))
def test_a_real_book_is_balanced_valid_and_repaired_as_often_as_it_is_dirty(real_book: Path, source: str) -> None:
    clean, schema = TABLES[source]
    bronze = read_bronze(real_book, source)
    cleaned = clean(bronze.lazy())
    rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
    schema.validate(rows)
    n_in, n_out, n_aside = (
        dict(frame.group_by("snapshot_month").len().iter_rows()) for frame in (bronze, rows, quarantined)
    )
    cells = bronze.drop("source_file", "source_line").rows_by_key("snapshot_month")
    n_distinct = {month: len(set(month_rows)) for month, month_rows in cells.items()}
    for month, n in n_in.items():
        assert n == n_out.get(month, 0) + n_aside.get(month, 0) + (n - n_distinct[month])
    repaired = Counter(rows["repairs"].explode().drop_nulls().to_list())
    assert repaired == plain_counts(source, [] if source == "feature_clickstream" else bronze.to_dicts())


def test_labels_of_a_real_book_equal_the_expected_ones(real_book: Path) -> None:
    file = real_book.parent / "loans-expected" / "labels.csv"
    if not file.is_file():
        pytest.skip(f"{file.name} with the expected labels is not beside the book")
    expected = pl.read_csv(file, schema_overrides={"snapshot_date": pl.Date}).sort("snapshot_date", "loan_id")
    snapshots = clean_loan_snapshots(read_bronze(real_book, "lms_loan_daily").lazy()).rows
    labelled = label_loans(snapshots, loan_label(LOANS.load_policy().model.label)).collect()
    found = labelled.select("loan_id", "customer_id", pl.col("label").cast(pl.Int64), "snapshot_month")
    assert found.rows() == expected.rows()
