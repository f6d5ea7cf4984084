"""Loan snapshots: the rules that clean the loan management file, and the loan's age and delinquency.

Labels and portfolio tables made of the snapshots stand in their own modules.
"""

import math
from collections.abc import Mapping

import polars as pl

from credit_platform.months import months_between_expr, source_date
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.cases import AppliedCases
from credit_platform.portfolios.loans.config import SHIPPED_COUNT, DelinquencyPolicy, loan_label
from credit_platform.portfolios.loans.outcome.arrears import PAST_COLUMNS, with_delinquency
from credit_platform.portfolios.loans.outcome.delinquency import (
    days_past_due,
    dpd_bucket,
    first_missed_date,
    n_installments_missed,
)
from credit_platform.portfolios.loans.sources.bronze import LmsLoanDaily
from credit_platform.portfolios.loans.sources.due_rows import LOANS_DUE
from credit_platform.portfolios.loans.sources.silver import (
    LARGEST_AMOUNT,
    LOAN_START,
    START_COLUMNS,
    LoanSnapshots,
    is_installment_num_mob,
    is_started_by_snapshot,
)
from credit_platform.portfolios.source import LookBack, Source
from credit_platform.schemas.cleaning.case_start import DELIVERED_START
from credit_platform.schemas.cleaning.cells import (
    SOURCE,
    NumberCell,
    date_is_readable,
    identifier_is_readable,
    key_is_unique,
    rejected_when_null,
    snapshot_date_lies_in_its_month,
)
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs, plain_identifier
from credit_platform.schemas.cleaning.rule import CleaningRule, Strategies
from credit_platform.schemas.cleaning.strategies import NO_CHANGES
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import Cleaned, clean_table, source_columns
from credit_platform.schemas.source_cells import SourceCells

_IDENTIFIERS = {"loan_id": "loan_id", "Customer_ID": "customer_id"}
_DATES = ("snapshot_date", "loan_start_date")
_NUMBERS = {
    "tenure": "tenure",
    "installment_num": "installment_num",
    "loan_amt": "loan_amount",
    "due_amt": "due_amount",
    "paid_amt": "paid_amount",
    "overdue_amt": "overdue_amount",
    "balance": "balance_amount",
}
# Any number is read; one that the contract forbids has the whole row rejected.
_CELLS = tuple(
    NumberCell.of(LoanSnapshots, name, source, low=-math.inf, high=math.inf) for source, name in _NUMBERS.items()
)


def _rejected(name: str, column: str, condition: str, applies: pl.Expr) -> CleaningRule:
    return CleaningRule(
        name=name, column=column, condition=condition, remedy="row quarantined", applies=applies, strategy="quarantine"
    )


def _months_since(start: str) -> pl.Expr:
    return months_between_expr(pl.col(start), pl.col("snapshot_date"))


# No amount of a loan is ever guessed: a cell is read exactly or its row is quarantined.
REPAIRS: tuple[CleaningRule, ...] = (
    *(rule for column in _IDENTIFIERS for rule in identifier_repairs(column)),
    *(rule for cell in _CELLS for rule in cell.readable_rules()),
)
REJECTIONS: tuple[CleaningRule, ...] = (
    *(identifier_is_readable(column, value) for column, value in _IDENTIFIERS.items()),
    *(date_is_readable(column) for column in _DATES),
    snapshot_date_lies_in_its_month(),
    *(rejected_when_null(cell.name, column=cell.source, condition="not a usable number") for cell in _CELLS),
    *(
        _rejected(f"{cell.source}_is_not_negative", cell.source, "negative", pl.col(cell.name) < 0)
        for cell in _CELLS
        if cell.contract[0] == 0 and cell.dtype == "Float64"
    ),
    _rejected("tenure_is_positive", "tenure", "not at least one month", pl.col("tenure") < 1),
    _rejected(
        "loan_starts_before_its_snapshot", "loan_start_date", "later than the snapshot", ~is_started_by_snapshot()
    ),
    _rejected(
        "installment_num_equals_months_on_book",
        "installment_num",
        "not the months between loan_start_date and snapshot_date",
        ~(is_installment_num_mob() | (pl.col("installment_num") == _months_since(DELIVERED_START))),
    ),
    _rejected(
        "missed_installments_are_countable",
        "overdue_amt",
        "overdue without an instalment to count it in, or more than a century of them",
        pl.col("n_installments_missed").is_null(),
    ),
    *(
        _rejected(
            f"{cell.source}_is_exact",
            cell.source,
            f"beyond {LARGEST_AMOUNT:,.0f}, where no type of the platform keeps cents",
            pl.col(cell.name).abs() > LARGEST_AMOUNT,
        )
        for cell in _CELLS
        if cell.dtype == "Float64"
    ),
    key_is_unique("loan_id"),
)


def loan_cleaning() -> TableCleaning:
    """How every cell of the source becomes a silver column.

    What a loan has missed is counted on its row alone here, which says whether it can be counted at all.
    """
    dates = {column: source_date(SOURCE + column) for column in _DATES}
    identifiers = {value: identifier(column) for column, value in _IDENTIFIERS.items()}
    plain_identifiers = {value: plain_identifier(column) for column, value in _IDENTIFIERS.items()}
    return TableCleaning(
        source_columns=source_columns(LmsLoanDaily),
        columns=tuple(LoanSnapshots.column_names()),
        key=("loan_id",),
        cells=tuple(cell.number() for cell in _CELLS),
        values={**identifiers, **dates, **{cell.name: cell.value() for cell in _CELLS}},
        plain_values={**plain_identifiers, **dates, **{cell.name: cell.plain_value() for cell in _CELLS}},
        repairs=REPAIRS,
        rejections=REJECTIONS,
        start=LOAN_START,
        derived=(
            {"mob": mob(), "n_installments_missed": n_installments_missed()},
            {"first_missed_date": first_missed_date()},
            {"dpd": days_past_due()},
            {"dpd_bucket": dpd_bucket()},
        ),
    )


def clean_loan_snapshots(
    bronze: pl.LazyFrame,
    *,
    policy: DelinquencyPolicy = SHIPPED_COUNT,
    past: pl.LazyFrame | None = None,
    strategies: Strategies = NO_CHANGES,
) -> Cleaned:
    """Turn bronze/lms_loan_daily rows of any months into silver/loan_snapshots and quarantined rows.

    Args:
        bronze: the rows.
        policy: how arrears and days past due are counted.
        past: silver/loan_snapshots of the months before, as far as they are known.
        strategies: rules that are carried out by another strategy than their own.
    """
    known = None if past is None else LOAN_START.last_seen(past)
    cleaned = clean_table(bronze, loan_cleaning(), strategies=strategies, known=known)
    # Polars would clean the rows once for every place in which they are read below.
    rows = with_delinquency(cleaned.rows.cache(), past, policy)
    return cleaned._replace(rows=rows.select(LoanSnapshots.column_names()))


def mob() -> pl.Expr:
    """Months on book: months from the month of origination to the month of the snapshot."""
    return _months_since("loan_start_date")


def _clean(
    bronze: pl.LazyFrame, config: ModelConfig, strategies: Strategies, past: pl.LazyFrame | None = None
) -> Cleaned:
    return clean_loan_snapshots(bronze, policy=loan_label(config.label), past=past, strategies=strategies)


def _applied_for(cases: pl.LazyFrame, _silver: Mapping[str, pl.LazyFrame], _config: ModelConfig) -> pl.LazyFrame:
    return cases.with_columns(mob=pl.lit(0, pl.Int32))


# A loan is known by its customer and the day it was applied for where its system has not given it an id yet.
APPLIED_FOR = AppliedCases(
    key=pl.concat_str("customer_id", pl.col("snapshot_date").dt.to_string("%Y_%m_%d"), separator="_"),
    build=_applied_for,
)

LMS_LOAN_DAILY = Source(
    name="lms_loan_daily",
    bronze=LmsLoanDaily,
    table="loan_snapshots",
    silver=LoanSnapshots,
    clean=_clean,
    rules=(*REPAIRS, *LOAN_START.rules, *REJECTIONS),
    cells=SourceCells(key=("loan_id",), numbers=tuple(_NUMBERS), dates=("loan_start_date",)),
    due=LOANS_DUE,
    # Loans are counted when they are written: rows on book grow with every cohort of a young book.
    volume=(pl.col("mob") == 0).sum(),
    must_be_required=True,
    look_back=LookBack((*PAST_COLUMNS, *START_COLUMNS), _clean),
    cleaning=loan_cleaning(),
)
