"""A synthetic book looks like the real one: same columns, like marginals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

NUMERIC = [
    ("features_attributes", "Age", 3),
    ("features_financials", "Annual_Income", 12_000),
    ("features_financials", "Monthly_Inhand_Salary", 600),
    ("features_financials", "Num_Bank_Accounts", 1),
    ("features_financials", "Num_Credit_Card", 1),
    ("features_financials", "Interest_Rate", 2),
    ("features_financials", "Num_of_Loan", 1),
    ("features_financials", "Delay_from_due_date", 3),
    ("features_financials", "Num_of_Delayed_Payment", 1),
    ("features_financials", "Changed_Credit_Limit", 1),
    ("features_financials", "Num_Credit_Inquiries", 1),
    ("features_financials", "Outstanding_Debt", 150),
    ("features_financials", "Credit_Utilization_Ratio", 1),
    ("features_financials", "Total_EMI_per_month", 250),
    ("features_financials", "Amount_invested_monthly", 350),
    ("features_financials", "Monthly_Balance", 150),
    *[("feature_clickstream", f"fe_{channel}", 8) for channel in range(1, 21)],
]
CATEGORIES = ["Credit_Mix", "Payment_of_Min_Amount", "Payment_Behaviour", "Type_of_Loan"]


def read(folder: Path, source: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{source}.csv", infer_schema=False)


def numbers(frame: pl.DataFrame, column: str) -> pl.Series:
    return frame[column].str.strip_chars("_").cast(pl.Float64, strict=False).drop_nulls()


def test_the_columns_are_those_of_the_real_files(real_book: Path, book: dict[str, pl.DataFrame]) -> None:
    for source, frame in book.items():
        assert frame.columns == read(real_book, source).columns


@pytest.mark.parametrize(("source", "column", "tolerance"), NUMERIC)
def test_quantiles_are_near_those_of_the_real_book(
    real_book: Path, book: dict[str, pl.DataFrame], source: str, column: str, tolerance: float
) -> None:
    real, made = numbers(read(real_book, source), column), numbers(book[source], column)
    for level in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert made.quantile(level) == pytest.approx(real.quantile(level), abs=tolerance), level


@pytest.mark.parametrize("column", CATEGORIES)
def test_shares_of_categories_are_near_those_of_the_real_book(
    real_book: Path, book: dict[str, pl.DataFrame], column: str
) -> None:
    def shares(frame: pl.DataFrame) -> dict[str, float]:
        text = pl.col(column).str.count_matches(", ") if column == "Type_of_Loan" else pl.col(column)
        counted = frame.select(text.cast(pl.String).fill_null("none").alias("value"))["value"].value_counts(
            normalize=True
        )
        return dict(counted.iter_rows())

    real, made = shares(read(real_book, "features_financials")), shares(book["features_financials"])
    assert made.keys() == real.keys()
    assert [made[value] for value in real] == pytest.approx(list(real.values()), abs=0.06)


def test_overdue_shares_by_installment_are_near_those_of_the_real_book(
    real_book: Path, book: dict[str, pl.DataFrame]
) -> None:
    def shares(frame: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        by_month = frame.group_by(pl.col("installment_num").cast(pl.Int64)).agg((pl.col("overdue_amt") != "0.0").mean())
        return by_month.sort("installment_num")["overdue_amt"].to_numpy()

    real, made = shares(read(real_book, "lms_loan_daily")), shares(book["lms_loan_daily"])
    assert made == pytest.approx(real, abs=0.03)


@pytest.mark.parametrize(
    "column",
    ["lms_loan_daily.paid_amt", "lms_loan_daily.overdue_amt", "lms_loan_daily.balance", "lms_loan_daily.due_amt"],
)
def test_the_loan_file_holds_the_same_amounts(real_book: Path, book: dict[str, pl.DataFrame], column: str) -> None:
    source, name = column.split(".")
    assert set(book[source][name]) == set(read(real_book, source)[name])
