"""Extremes of every column, and what Python's exact arithmetic makes of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import dataframely as dy
import polars as pl
import pytest

from credit_platform.portfolios.loans.features.catalogue import CHANNELS
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.portfolio import LOANS as LOAN_BOOK
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.portfolios.loans.sources.silver import LARGEST_AMOUNT, LoanSnapshots
from credit_platform_tests.bad_inputs.delivery import (
    ATTRIBUTES,
    CLICKS,
    FINANCIALS,
    LOANS,
)
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.field_faults.portfolio_tables import portfolio_tables
from credit_platform_tests.source_rows import bronze_rows


def _range_of(schema: type[dy.Schema], name: str) -> tuple[float, float]:
    """The lowest and the highest value a column's contract allows."""
    column = schema.columns()[name]
    low, high = getattr(column, "min", None), getattr(column, "max", None)
    assert low is not None, f"{name} has no lowest value"
    assert high is not None, f"{name} has no highest value"
    return low, high


WIDE = [
    (source.silver, name)
    for source in LOAN_BOOK.sources
    for name, column in source.silver.columns().items()
    if column.dtype.is_float() or column.dtype == pl.Int64
]


@pytest.mark.parametrize(("schema", "name"), WIDE, ids=lambda part: getattr(part, "__name__", part))
def test_every_amount_and_wide_count_of_silver_has_a_range(schema: type[dy.Schema], name: str) -> None:
    low, high = _range_of(schema, name)
    assert max(abs(low), abs(high)) <= 2**53 / 100


def _ends(name: str) -> tuple[float, float]:
    return _range_of(LOAN_BOOK.source(FINANCIALS).silver, name)


def _ratio(part: float | None, whole: float | None) -> float | None:
    """The exact quotient, rounded once; None where a part is unknown, the divisor not positive or no float holds it."""
    if part is None or whole is None or whole <= 0:
        return None
    try:
        return float(Fraction(part) / Fraction(whole))
    except OverflowError:
        return None


PARTS = (
    "n_bank_accounts",
    "n_credit_cards",
    "n_loans",
    "delay_from_due_days",
    "monthly_inhand_salary_amount",
    "outstanding_debt_amount",
    "emi_amount",
)


def _exact_features(row: dict[str, float]) -> dict[str, float | None]:
    n_items = int(row["n_bank_accounts"]) + int(row["n_credit_cards"])
    salary, emi = row["monthly_inhand_salary_amount"], row["emi_amount"]
    return {
        "n_financial_products": n_items + int(row["n_loans"]),
        "loans_per_credit_item": _ratio(row["n_loans"], n_items),
        "debt_to_salary": _ratio(row["outstanding_debt_amount"], salary),
        "emi_to_salary": _ratio(emi, salary),
        "repayment_ability_amount": float(Fraction(salary) - Fraction(emi)),
        "loan_extent": int(row["delay_from_due_days"]) * int(row["n_loans"]),
    }


def test_features_of_every_extreme_are_those_of_exact_arithmetic() -> None:
    """Every column at its lowest and highest, in all combinations, as the contract of silver allows them."""
    combinations = [dict[str, float]()]
    for name in PARTS:
        combinations = [{**row, name: end} for row in combinations for end in _ends(name)]
    silver = LOAN_BOOK.source(FINANCIALS).silver
    known = clean_financials(
        bronze_rows(FINANCIALS, *({"Customer_ID": f"CUS_0x{n}"} for n in range(len(combinations))))
    )
    frame = known.rows.sort("customer_id").collect()
    extremes = pl.DataFrame(combinations, schema={name: silver.columns()[name].dtype for name in PARTS})
    frame = frame.with_columns(extremes.get_column(name) for name in PARTS)
    silver.validate(frame)
    loans = clean_loan_snapshots(
        bronze_rows(LOANS, *({"Customer_ID": f"CUS_0x{n}", "loan_id": f"L{n:05}"} for n in range(len(combinations))))
    ).rows
    made = build_feature_store(
        loans,
        clean_attributes(bronze_rows(ATTRIBUTES)).rows,
        frame.lazy(),
        clean_clickstream(bronze_rows(CLICKS)).rows,
        clickstream_months=6,
    ).collect()
    FeatureStore.validate(made)
    by_customer = dict(zip(frame["customer_id"], combinations, strict=True))
    for row in made.iter_rows(named=True):
        wanted = _exact_features(by_customer[row["customer_id"]])
        assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize("end", [0, 1], ids=["lowest", "highest"])
def test_sums_and_means_of_extreme_clickstream_are_those_of_exact_arithmetic(end: int) -> None:
    extreme = _range_of(LOAN_BOOK.source(CLICKS).silver, CHANNELS[0])[end]
    months = [date(2022, month, 1) for month in range(1, 13)]
    values = [extreme] * 11 + [1]
    rows = pl.concat(
        bronze_rows(CLICKS, {**dict.fromkeys(CHANNELS, str(value)), "snapshot_date": str(month)}, month=month)
        for month, value in zip(months, values, strict=True)
    )
    december = {"loan_start_date": "2022-12-01", "snapshot_date": "2022-12-01"}
    made = build_feature_store(
        clean_loan_snapshots(bronze_rows(LOANS, december, month=months[-1])).rows,
        clean_attributes(bronze_rows(ATTRIBUTES)).rows,
        clean_financials(bronze_rows(FINANCIALS)).rows,
        clean_clickstream(rows).rows,
        clickstream_months=12,
    ).collect()
    row = made.row(0, named=True)
    assert {row[f"{channel}_sum"] for channel in CHANNELS} == {float(sum(values))}
    assert {row[f"{channel}_mean"] for channel in CHANNELS} == {float(Fraction(int(sum(values)), 12))}


def test_portfolio_tables_of_the_largest_amounts_are_those_of_exact_arithmetic() -> None:
    largest = Decimal(LARGEST_AMOUNT)
    amounts = [largest, largest - Decimal("0.01"), Decimal("0.01"), Decimal(0)]
    later = date(2023, 2, 1)
    first = [{"loan_id": f"L{n:03}", "loan_amt": str(amount)} for n, amount in enumerate(amounts)]
    second = [
        {**cells, "snapshot_date": str(later), "installment_num": "1", "due_amt": "100", "overdue_amt": overdue}
        for cells, overdue in zip(first, ("100", "0", "100", "0"), strict=True)
    ]
    silver = pl.concat(
        [
            clean_loan_snapshots(rows).rows
            for rows in (bronze_rows(LOANS, *first), bronze_rows(LOANS, *second, month=later))
        ]
    ).collect()
    LoanSnapshots.validate(silver)
    assert silver.height == 2 * len(amounts)
    made = portfolio_tables(silver, [later])
    lent = sum(map(Fraction, amounts))
    late = Fraction(amounts[0]) + Fraction(amounts[2])
    rate = made["vintages"].filter(mob=1)["ever_30dpd_amount_rate"].item()
    assert rate == pytest.approx(float(late / lent), rel=2**-52, abs=0)
    moved = made["roll_rates"].filter(from_bucket="current", to_bucket="30-59")
    assert moved["transition_amount_rate"].item() == pytest.approx(float(late / lent), rel=2**-52, abs=0)
    assert moved["n_loans"].item() == 2
