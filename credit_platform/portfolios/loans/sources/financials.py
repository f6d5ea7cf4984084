"""Customer financials: the rules that clean them.

Ratios and counts made of the cleaned columns are features and stand in feature_store.
"""

import polars as pl

from credit_platform.months import source_date
from credit_platform.portfolios.loans.sources.bronze import FeaturesFinancials
from credit_platform.portfolios.loans.sources.due_rows import CUSTOMERS_DUE
from credit_platform.portfolios.loans.sources.silver import CustomerFinancials
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import (
    NUMBER,
    SOURCE,
    TEXT,
    CategoryCell,
    NumberCell,
    date_is_readable,
    identifier_is_readable,
    is_placeholder,
    key_is_unique,
    placeholder_nulled,
    snapshot_date_lies_in_its_month,
    whitespace_stripped,
)
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs
from credit_platform.schemas.cleaning.rule import CleaningRule
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import source_columns

MAX_ANNUAL_INCOME = 400_000.0  # currency units; the salaries of the book top out at 15,205 a month, 182,455 a year
MONTHS_PER_YEAR = 12
_SMALLEST_INCOME = 0.01


def _cell(name: str, source: str, *, low: float | None = None, high: float | None = None) -> NumberCell:
    return NumberCell.of(CustomerFinancials, name, source, low=low, high=high)


# Ranges stand in the schema; `low` and `high` are what is plausible where more is possible.
_INCOME = _cell("annual_income_amount", "Annual_Income", low=_SMALLEST_INCOME, high=MAX_ANNUAL_INCOME)
_SALARY = _cell("monthly_inhand_salary_amount", "Monthly_Inhand_Salary")
_N_LOANS = _cell("n_loans", "Num_of_Loan", high=9)
_CELLS = (
    _SALARY,
    _cell("n_bank_accounts", "Num_Bank_Accounts"),
    _cell("n_credit_cards", "Num_Credit_Card"),
    _cell("interest_rate", "Interest_Rate"),
    _cell("delay_from_due_days", "Delay_from_due_date"),
    _cell("n_delayed_payments", "Num_of_Delayed_Payment"),
    _cell("changed_credit_limit", "Changed_Credit_Limit"),
    _cell("n_credit_inquiries", "Num_Credit_Inquiries"),
    _cell("outstanding_debt_amount", "Outstanding_Debt"),
    _cell("credit_utilization_rate", "Credit_Utilization_Ratio"),
    _cell("emi_amount", "Total_EMI_per_month", high=1800),
    _cell("invested_amount", "Amount_invested_monthly"),
    _cell("monthly_balance_amount", "Monthly_Balance", low=-100_000, high=100_000),
)
_CREDIT_MIX = CategoryCell("Credit_Mix", "Bad|Standard|Good", ("credit_mix",))
_MINIMUM_PAID = CategoryCell("Payment_of_Min_Amount", "Yes|No", ("is_minimum_amount_paid",))
_HISTORY = CategoryCell("Credit_History_Age", r"[0-9]{1,3} Years? and [0-9]{1,2} Months?", ("credit_history_months",))
_BEHAVIOUR = CategoryCell(
    "Payment_Behaviour",
    "(?:Low|High)_spent_(?:Small|Medium|Large)_value_payments",
    ("spending_level", "payment_value_size"),
)
_CATEGORIES = (_CREDIT_MIX, _MINIMUM_PAID, _HISTORY, _BEHAVIOUR)

_LIST_SEPARATOR = r"\s*,\s*(?:and\s+)?|\s+and\s+"  # "A, B, and C"


def _loan_types() -> pl.Expr:
    """The kinds listed, duplicates kept: empty for a blank cell, null for a placeholder."""
    cell = pl.col(TEXT + "Type_of_Loan")
    listed = cell.str.replace_all(_LIST_SEPARATOR, "|").str.strip_chars("|").str.split("|")
    empty = pl.lit([], dtype=pl.List(pl.String))
    return pl.when(cell.is_null()).then(empty).when(~is_placeholder("Type_of_Loan")).then(listed)


def _is_income_possible() -> pl.Expr:
    return _INCOME.is_in_range().fill_null(value=False)


def _income_by_salary() -> pl.Expr:
    """Twelve monthly salaries, null when they are no possible income either."""
    yearly = MONTHS_PER_YEAR * pl.col(NUMBER + "Monthly_Inhand_Salary")
    return pl.when(yearly.is_between(_SMALLEST_INCOME, MAX_ANNUAL_INCOME)).then(yearly)


def _n_loans_listed() -> pl.Expr:
    return _loan_types().list.len().cast(pl.Float64)


def _is_n_loans_true() -> pl.Expr:
    """In range and, where there is a list, as many as listed."""
    agrees = (pl.col(NUMBER + "Num_of_Loan") == _n_loans_listed()).fill_null(value=True)
    return _N_LOANS.is_in_range().fill_null(value=False) & agrees


def _history_months() -> pl.Expr:
    parts = _HISTORY.value().str.extract_groups(r"^([0-9]+) Years? and ([0-9]+) Months?$")
    years, months = (parts.struct.field(str(group)).cast(pl.Int32) for group in (1, 2))
    return MONTHS_PER_YEAR * years + months


def _rules_across_columns() -> tuple[CleaningRule, ...]:
    income, n_loans = pl.col(TEXT + "Annual_Income"), pl.col(TEXT + "Num_of_Loan")
    has_list = _n_loans_listed().is_not_null()
    income_as_parsed, n_loans_as_parsed = _INCOME.as_parsed(), _N_LOANS.as_parsed()
    return (
        CleaningRule(
            name="Annual_Income_recovered_from_monthly_salary",
            column="Annual_Income",
            condition=f"missing, unreadable, not positive or above {MAX_ANNUAL_INCOME:g}",
            remedy="12 x Monthly_Inhand_Salary",
            applies=~_is_income_possible() & _income_by_salary().is_not_null(),
            strategy="repair",
            values=(_INCOME.name,),
            as_parsed=income_as_parsed,
        ),
        CleaningRule(
            name="Annual_Income_nulled",
            column="Annual_Income",
            condition="as above, and no Monthly_Inhand_Salary to tell it",
            remedy="null",
            applies=income.is_not_null() & ~_is_income_possible() & _income_by_salary().is_null(),
            strategy="null",
            values=(_INCOME.name,),
            as_parsed=income_as_parsed,
        ),
        CleaningRule(
            name="Num_of_Loan_recovered_from_loan_types",
            column="Num_of_Loan",
            condition="missing, unreadable, outside 0..9 or not as many as Type_of_Loan lists",
            remedy="number of items in Type_of_Loan, none when blank",
            applies=~_is_n_loans_true() & has_list,
            strategy="repair",
            values=(_N_LOANS.name,),
            as_parsed=n_loans_as_parsed,
        ),
        CleaningRule(
            name="Num_of_Loan_nulled",
            column="Num_of_Loan",
            condition="unreadable or outside 0..9, and Type_of_Loan is a placeholder",
            remedy="null",
            applies=n_loans.is_not_null() & ~_is_n_loans_true() & ~has_list,
            strategy="null",
            values=(_N_LOANS.name,),
            as_parsed=n_loans_as_parsed,
        ),
    )


REPAIRS: tuple[CleaningRule, ...] = (
    *identifier_repairs("Customer_ID"),
    *(rule for cell in _CELLS for rule in cell.rules()),
    *(rule for cell in (_INCOME, _N_LOANS) for rule in cell.readable_rules()),
    *(rule for category in _CATEGORIES for rule in category.rules()),
    whitespace_stripped("Type_of_Loan", "loan_types"),
    placeholder_nulled("Type_of_Loan", "loan_types"),
    *_rules_across_columns(),
)
REJECTIONS: tuple[CleaningRule, ...] = (
    identifier_is_readable("Customer_ID", "customer_id"),
    date_is_readable("snapshot_date"),
    snapshot_date_lies_in_its_month(),
    key_is_unique("Customer_ID"),
)


def _values() -> dict[str, pl.Expr]:
    n_loans = pl.when(_is_n_loans_true()).then(pl.col(NUMBER + "Num_of_Loan")).otherwise(_n_loans_listed())
    income = pl.when(_is_income_possible()).then(pl.col(NUMBER + "Annual_Income")).otherwise(_income_by_salary())
    behaviour = _BEHAVIOUR.value()
    return {
        "snapshot_date": source_date(f"{SOURCE}snapshot_date"),
        "customer_id": identifier("Customer_ID"),
        **{cell.name: cell.value() for cell in _CELLS},
        _INCOME.name: income,
        _N_LOANS.name: _N_LOANS.typed(_N_LOANS.within_contract(n_loans)),
        "loan_types": _loan_types(),
        "credit_mix": _CREDIT_MIX.value(),
        "credit_history_months": _history_months(),
        "is_minimum_amount_paid": _MINIMUM_PAID.value() == "Yes",
        "spending_level": behaviour.str.extract("^(Low|High)_spent"),
        "payment_value_size": behaviour.str.extract("(Small|Medium|Large)_value_payments$"),
    }


FEATURES_FINANCIALS = Source.cleaned_by(
    TableCleaning(
        source_columns=source_columns(FeaturesFinancials),
        columns=tuple(CustomerFinancials.column_names()),
        key=("customer_id",),
        cells=tuple(cell.number() for cell in (*_CELLS, _INCOME, _N_LOANS)),
        values=_values(),
        repairs=REPAIRS,
        rejections=REJECTIONS,
    ),
    name="features_financials",
    bronze=FeaturesFinancials,
    table="customer_financials",
    silver=CustomerFinancials,
    due=CUSTOMERS_DUE,
    flag="has_financials",
)
