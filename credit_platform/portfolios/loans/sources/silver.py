"""The silver tables: typed, repaired and deduplicated rows, one per loan or customer and month.

How a cell is repaired does not belong here; the rules stand with each table's cleaning in lending and features.
Amounts are in the currency of the book.
"""

import dataframely as dy
import polars as pl

from credit_platform.portfolios.loans.features.catalogue import CHANNELS
from credit_platform.portfolios.loans.outcome.delinquency import owes_nothing
from credit_platform.schemas.cleaning.case_start import CaseStart
from credit_platform.schemas.made_columns import schema_of

# Up to here a float tells cents apart, and their sums over any book fit the decimals of the portfolio tables.
LARGEST_AMOUNT = 90_000_000_000_000.0
# A century; and what a century of months adds up to is still a whole number that a float holds exactly.
_LARGEST_DELAY_DAYS = 36_525
_LARGEST_ACTIVITY = 1_000_000_000_000
_LARGEST_LIMIT_CHANGE = 1_000_000.0
_LARGEST_LOAN_COUNT = 1_000_000
_LONGEST_HISTORY_MONTHS = 999 * 12 + 99


def _snapshot_month() -> dy.Date:
    return dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")


def _snapshot_date() -> dy.Date:
    return dy.Date(description="Day of the snapshot")


def _customer_id(*, primary_key: bool) -> dy.String:
    return dy.String(primary_key=primary_key, min_length=1, description="Identifier of the customer")


def _amount(description: str, *, low: float = 0, nullable: bool = True) -> dy.Float64:
    return dy.Float64(nullable=nullable, min=low, max=LARGEST_AMOUNT, description=f"{description}, currency units")


def _count(description: str, high: int) -> dy.Int32:
    return dy.Int32(nullable=True, min=0, max=high, description=f"{description}, count")


def _channel(number: int) -> dy.Int64:
    return dy.Int64(
        nullable=True,
        min=-_LARGEST_ACTIVITY,
        max=_LARGEST_ACTIVITY,
        description=f"Clickstream channel {number}, activity in the month; negatives are data",
    )


def _repairs() -> dy.List:
    # Nullable items spare a check of every list; the cleaning drops nulls itself.
    return dy.List(dy.String(nullable=True), description="Names of the repairs made to the row, sorted")


def is_started_by_snapshot() -> pl.Expr:
    """Whether the loan was paid out by the day of the snapshot."""
    return pl.col("loan_start_date") <= pl.col("snapshot_date")


def is_installment_num_mob() -> pl.Expr:
    """Whether as many instalments fell due as the loan has months on book."""
    return pl.col("installment_num") == pl.col("mob")


LOAN_START = CaseStart(
    key="loan_id",
    customer="customer_id",
    start="loan_start_date",
    # Past the end of its term a loan with arrears goes on: it may be restructured.
    has_ended=owes_nothing() | ((pl.col("installment_num") >= pl.col("tenure")) & (pl.col("overdue_amount") <= 0)),
    judged=("installment_num_equals_months_on_book",),
)
# What `LOAN_START` reads of the months before, beside what arrears are counted of.
START_COLUMNS = ("customer_id", "balance_amount", "installment_num")


class LoanSnapshots(dy.Schema):
    """One row per loan and month: what fell due, what was paid, and how many days past due the loan is."""

    snapshot_month = _snapshot_month()
    snapshot_date = _snapshot_date()
    loan_id = dy.String(primary_key=True, min_length=1, description="Identifier of the loan")
    customer_id = _customer_id(primary_key=False)
    loan_start_date = dy.Date(description="Day the loan was paid out, as it was first delivered")
    tenure = dy.Int32(min=1, description="Instalments agreed, months")
    installment_num = dy.Int32(min=0, description="Instalments fallen due so far, count")
    loan_amount = _amount("Amount lent", nullable=False)
    due_amount = _amount("Instalment due on this snapshot", nullable=False)
    paid_amount = _amount("Amount paid for this snapshot", nullable=False)
    overdue_amount = _amount("Amount due and unpaid so far", nullable=False)
    balance_amount = _amount("Amount lent and not yet repaid", low=-LARGEST_AMOUNT, nullable=False)
    mob = dy.Int32(min=0, description="Months on book, months since the month of origination")
    n_installments_missed = dy.Int32(min=0, description="Instalments missed, overdue over due rounded up, count")
    first_missed_date = dy.Date(nullable=True, description="Due day of the oldest missed instalment, null when current")
    dpd = dy.Int32(min=0, description="Days past due, days since first_missed_date")
    dpd_bucket = dy.String(description="Days past due in buckets: current, 1-29, 30-59, 60-89, 90-119, 120+")
    repairs = _repairs()

    @dy.rule()
    def dpd_bucket_is_known(cls) -> pl.Expr:
        """Every bucket is one of the six."""
        return cls.dpd_bucket.col.is_in(("current", "1-29", "30-59", "60-89", "90-119", "120+"))

    @dy.rule()
    def loan_starts_before_its_snapshot(cls) -> pl.Expr:
        """No loan is seen before it was paid out."""
        return is_started_by_snapshot()

    @dy.rule()
    def installment_num_equals_months_on_book(cls) -> pl.Expr:
        """One instalment falls due in each month on book; they are counted anew where a later start is delivered."""
        return is_installment_num_mob() | cls.repairs.col.list.contains(LOAN_START.changed.name)

    @dy.rule()
    def days_past_due_imply_a_missed_installment(cls) -> pl.Expr:
        """A loan is past due exactly when an instalment is missed, and then knows since when."""
        is_missed = cls.n_installments_missed.col > 0
        return (is_missed == (cls.dpd.col > 0)) & (is_missed == cls.first_missed_date.col.is_not_null())


class CustomerAttributes(dy.Schema):
    """One row per customer and month: who the customer is. Name and SSN never leave bronze."""

    snapshot_month = _snapshot_month()
    snapshot_date = _snapshot_date()
    customer_id = _customer_id(primary_key=True)
    age = dy.Int32(nullable=True, min=14, max=100, description="Age, years")
    occupation = dy.String(nullable=True, description="Occupation as the customer states it")
    repairs = _repairs()


class CustomerFinancials(dy.Schema):
    """One row per customer and month: what the customer earns, owes and owns."""

    snapshot_month = _snapshot_month()
    snapshot_date = _snapshot_date()
    customer_id = _customer_id(primary_key=True)
    annual_income_amount = _amount("Income per year")
    monthly_inhand_salary_amount = _amount("Net salary per month")
    n_bank_accounts = _count("Bank accounts", 11)
    n_credit_cards = _count("Credit cards", 11)
    interest_rate = dy.Float64(nullable=True, min=1, max=34, description="Interest rate on credit, percent")
    n_loans = _count("Other loans", _LARGEST_LOAN_COUNT)
    loan_types = dy.List(
        dy.String(nullable=True), nullable=True, description="Kinds of the other loans as listed, duplicates kept"
    )
    delay_from_due_days = dy.Int32(
        nullable=True,
        min=-_LARGEST_DELAY_DAYS,
        max=_LARGEST_DELAY_DAYS,
        description="Mean delay of payments after the due date, days; negative when early",
    )
    n_delayed_payments = _count("Delayed payments", 28)
    changed_credit_limit = dy.Float64(
        nullable=True,
        min=-_LARGEST_LIMIT_CHANGE,
        max=_LARGEST_LIMIT_CHANGE,
        description="Change of the credit limit, percent points; negative when cut",
    )
    n_credit_inquiries = _count("Credit inquiries", 17)
    credit_mix = dy.String(
        nullable=True, regex="^(Bad|Standard|Good)$", description="Mix of credits: Bad, Standard, Good"
    )
    outstanding_debt_amount = _amount("Debt outstanding")
    credit_utilization_rate = dy.Float64(
        nullable=True, min=0, max=100, description="Share of the credit limit in use, percent"
    )
    credit_history_months = dy.Int32(
        nullable=True, min=0, max=_LONGEST_HISTORY_MONTHS, description="Length of the credit history, months"
    )
    is_minimum_amount_paid = dy.Bool(nullable=True, description="Whether only the minimum amount is paid")
    emi_amount = _amount("Instalments per month on all loans")
    invested_amount = _amount("Amount invested per month")
    spending_level = dy.String(nullable=True, regex="^(Low|High)$", description="Spending level: Low, High")
    payment_value_size = dy.String(
        nullable=True, regex="^(Small|Medium|Large)$", description="Size of payments: Small, Medium, Large"
    )
    monthly_balance_amount = _amount("Balance left per month", low=-LARGEST_AMOUNT)
    repairs = _repairs()


class _CustomerMonth(dy.Schema):
    """A customer in a month."""

    snapshot_month = _snapshot_month()
    snapshot_date = _snapshot_date()
    customer_id = _customer_id(primary_key=True)


_Channels = schema_of({channel: _channel(number) for number, channel in enumerate(CHANNELS, start=1)})


class CustomerClickstream(_CustomerMonth, _Channels):
    """One row per customer and month: the customer's behaviour in twenty channels."""

    repairs = _repairs()
