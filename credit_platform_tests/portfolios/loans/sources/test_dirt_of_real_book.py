"""The dirt of a real book, kind by kind: what the platform notes against a count in plain SQL on the raw text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.source_rows import read_bronze

if TYPE_CHECKING:
    from pathlib import Path

CLEANERS = {
    "features_attributes": clean_attributes,
    "features_financials": clean_financials,
    "lms_loan_daily": clean_loan_snapshots,
    "feature_clickstream": clean_clickstream,
}
ATTRIBUTES, FINANCIALS, LOANS, CLICKS = CLEANERS
INCOME = "Annual_Income_recovered_from_monthly_salary"
LOANS_LISTED = "Num_of_Loan_recovered_from_loan_types"


def noted(*rules: str) -> pl.Expr:
    """Rows whose repairs name all the rules."""
    return pl.all_horizontal(pl.col("repairs").list.contains(rule) for rule in rules)


# Source, kind of dirt, the rows the platform found, the rows plain SQL finds in the text.
KINDS: list[tuple[str, str, pl.Expr, str]] = [
    (ATTRIBUTES, "age with underscores", noted("Age_underscore_stripped"), r"regexp_matches(Age, '^-?[0-9]+_+$')"),
    (ATTRIBUTES, "age of 100 and more or -500", noted("Age_out_of_range_nulled"),
     "cast(rtrim(Age, '_') as int) not between 14 and 100"),
    (ATTRIBUTES, "age both with underscores and impossible",
     noted("Age_underscore_stripped", "Age_out_of_range_nulled"),
     "Age like '%\\_' escape '\\' and cast(rtrim(Age, '_') as int) not between 14 and 100"),
    (ATTRIBUTES, "age of 14 to 17, which is kept", pl.col("age") < 18,
     "cast(rtrim(Age, '_') as int) between 14 and 17"),
    (ATTRIBUTES, "occupation of underscores", noted("Occupation_placeholder_nulled"), "Occupation = '_______'"),
    (ATTRIBUTES, "several faults in one row", pl.col("repairs").list.len() > 1,
     """(Age like '%\\_' escape '\\')::int + (cast(rtrim(Age, '_') as int) not between 14 and 100)::int
        + (Occupation = '_______')::int > 1"""),
    (FINANCIALS, "income with underscores", noted("Annual_Income_underscore_stripped"),
     "Annual_Income like '%\\_' escape '\\'"),
    (FINANCIALS, "income above 400,000", noted(INCOME), "cast(rtrim(Annual_Income, '_') as double) > 400000"),
    (FINANCIALS, "absurd income of somebody who earns less than 50,000",
     noted(INCOME) & (pl.col("annual_income_amount") < 50_000),
     "cast(rtrim(Annual_Income, '_') as double) > 400000 and cast(Monthly_Inhand_Salary as double) * 12 < 50000"),
    (FINANCIALS, "income both with underscores and absurd", noted(INCOME, "Annual_Income_underscore_stripped"),
     "Annual_Income like '%\\_' escape '\\' and cast(rtrim(Annual_Income, '_') as double) > 400000"),
    (FINANCIALS, "impossible number of bank accounts", noted("Num_Bank_Accounts_out_of_range_nulled"),
     "cast(Num_Bank_Accounts as int) not between 0 and 11"),
    (FINANCIALS, "impossible number of credit cards", noted("Num_Credit_Card_out_of_range_nulled"),
     "cast(Num_Credit_Card as int) not between 0 and 11"),
    (FINANCIALS, "impossible interest rate", noted("Interest_Rate_out_of_range_nulled"),
     "cast(Interest_Rate as int) not between 1 and 34"),
    (FINANCIALS, "number of loans with underscores", noted("Num_of_Loan_underscore_stripped"),
     "Num_of_Loan like '%\\_' escape '\\'"),
    (FINANCIALS, "number of loans other than listed", noted(LOANS_LISTED),
     """cast(rtrim(Num_of_Loan, '_') as int)
        <> case when Type_of_Loan is null or Type_of_Loan = '' then 0 else len(string_split(Type_of_Loan, ',')) end"""),
    (FINANCIALS, "number of loans missing from a blank list", noted(LOANS_LISTED) & (pl.col("n_loans") == 0),
     "cast(rtrim(Num_of_Loan, '_') as int) <> 0 and coalesce(Type_of_Loan, '') = ''"),
    (FINANCIALS, "number of loans both with underscores and wrong",
     noted(LOANS_LISTED, "Num_of_Loan_underscore_stripped"),
     "Num_of_Loan like '%\\_' escape '\\' and cast(rtrim(Num_of_Loan, '_') as int) not between 0 and 9"),
    (FINANCIALS, "no loans listed", pl.col("loan_types").list.len() == 0, "coalesce(Type_of_Loan, '') = ''"),
    (FINANCIALS, "a kind of loan listed twice",
     pl.col("loan_types").list.len() > pl.col("loan_types").list.n_unique(),
     """len(string_split(Type_of_Loan, ',')) > len(list_distinct(
            [regexp_replace(trim(kind), '^and ', '') for kind in string_split(Type_of_Loan, ',')]))"""),
    (FINANCIALS, "paid before the due date, which is kept", pl.col("delay_from_due_days") < 0,
     "cast(Delay_from_due_date as int) < 0"),
    (FINANCIALS, "delayed payments with underscores", noted("Num_of_Delayed_Payment_underscore_stripped"),
     "Num_of_Delayed_Payment like '%\\_' escape '\\'"),
    (FINANCIALS, "impossible number of delayed payments", noted("Num_of_Delayed_Payment_out_of_range_nulled"),
     "cast(rtrim(Num_of_Delayed_Payment, '_') as int) not between 0 and 28"),
    (FINANCIALS, "delayed payments both with underscores and impossible",
     noted("Num_of_Delayed_Payment_underscore_stripped", "Num_of_Delayed_Payment_out_of_range_nulled"),
     """Num_of_Delayed_Payment like '%\\_' escape '\\'
        and cast(rtrim(Num_of_Delayed_Payment, '_') as int) not between 0 and 28"""),
    (FINANCIALS, "change of limit of one underscore", noted("Changed_Credit_Limit_placeholder_nulled"),
     "Changed_Credit_Limit = '_'"),
    (FINANCIALS, "limit cut, which is kept", pl.col("changed_credit_limit") < 0,
     "try_cast(Changed_Credit_Limit as double) < 0"),
    (FINANCIALS, "impossible number of inquiries", noted("Num_Credit_Inquiries_out_of_range_nulled"),
     "cast(Num_Credit_Inquiries as double) not between 0 and 17"),
    (FINANCIALS, "credit mix of one underscore", noted("Credit_Mix_placeholder_nulled"), "Credit_Mix = '_'"),
    (FINANCIALS, "debt with underscores", noted("Outstanding_Debt_underscore_stripped"),
     "Outstanding_Debt like '%\\_' escape '\\'"),
    (FINANCIALS, "minimum amount not told", noted("Payment_of_Min_Amount_placeholder_nulled"),
     "Payment_of_Min_Amount = 'NM'"),
    (FINANCIALS, "absurd instalments", noted("Total_EMI_per_month_out_of_range_nulled"),
     "cast(Total_EMI_per_month as double) > 1800"),
    (FINANCIALS, "investment of __10000__", noted("Amount_invested_monthly_placeholder_nulled"),
     "Amount_invested_monthly = '__10000__'"),
    (FINANCIALS, "behaviour of !@9#%8", noted("Payment_Behaviour_placeholder_nulled"), "Payment_Behaviour = '!@9#%8'"),
    (FINANCIALS, "balance of __-333333333333333333333333333__", noted("Monthly_Balance_placeholder_nulled"),
     "Monthly_Balance = '__-333333333333333333333333333__'"),
    (FINANCIALS, "credit history that cannot be read", noted("unreadable_text_nulled_Credit_History_Age"),
     "not regexp_matches(Credit_History_Age, '^[0-9]+ Years and [0-9]+ Months$')"),
    (LOANS, "loans past due", pl.col("dpd") > 0, "cast(overdue_amt as double) > 0"),
    (LOANS, "loans with a repair", pl.col("repairs").list.len() > 0,
     "regexp_matches(concat_ws('|', tenure, loan_amt, due_amt, paid_amt, overdue_amt, balance), '[^0-9.|]')"),
    (CLICKS, "negative first channel, which is kept", pl.col("fe_1") < 0, "cast(fe_1 as int) < 0"),
    (CLICKS, "clicks with a repair", pl.col("repairs").list.len() > 0, "not regexp_matches(fe_7, '^-?[0-9]+$')"),
]  # fmt: skip


@pytest.fixture(scope="module")
def silver(real_book: Path) -> dict[str, pl.DataFrame]:
    return {source: clean(read_bronze(real_book, source).lazy()).rows.collect() for source, clean in CLEANERS.items()}


def raw_text(book: Path, source: str) -> str:
    return f"read_csv('{book / source}.csv', all_varchar = true, header = true)"


def plain_count(book: Path, source: str, condition: str) -> int:
    with duckdb.connect() as connection:
        query = f"select count(*) from {raw_text(book, source)} where {condition}"  # noqa: S608 - of this table
        return int(connection.sql(query).fetchall()[0][0])


@pytest.mark.parametrize(
    ("source", "found", "condition"),
    [pytest.param(source, found, condition, id=kind) for source, kind, found, condition in KINDS],
)
def test_the_platform_finds_each_kind_as_often_as_plain_sql(
    real_book: Path, silver: dict[str, pl.DataFrame], source: str, found: pl.Expr, condition: str
) -> None:
    assert silver[source].filter(found).height == plain_count(real_book, source, condition)


def test_at_least_25_kinds_occur(silver: dict[str, pl.DataFrame]) -> None:
    occurring = [kind for source, kind, found, _ in KINDS if silver[source].filter(found).height]
    assert len(occurring) >= 25


def test_every_repair_a_real_book_needs_is_one_of_the_kinds(silver: dict[str, pl.DataFrame]) -> None:
    rules = {rule for frame in silver.values() for rule in frame["repairs"].explode().drop_nulls()}
    counted = " ".join(str(found) for _, _, found, _ in KINDS)
    assert {rule for rule in rules if f'"{rule}"' not in counted} == set()


def test_a_customer_with_an_absurd_income_keeps_the_rest_of_the_row(
    real_book: Path, silver: dict[str, pl.DataFrame]
) -> None:
    """The clean columns of those rows, read by SQL, stand in silver unchanged."""
    as_text = {
        "monthly_inhand_salary_amount": "cast(Monthly_Inhand_Salary as double)",
        "delay_from_due_days": "cast(Delay_from_due_date as int)",
        "outstanding_debt_amount": "cast(rtrim(Outstanding_Debt, '_') as double)",
        "credit_utilization_rate": "cast(Credit_Utilization_Ratio as double)",
        "credit_history_months": """12 * cast(regexp_extract(Credit_History_Age, '^[0-9]+') as int)
            + cast(regexp_extract(Credit_History_Age, '([0-9]+) Months', 1) as int)""",
        "n_loans": "case when coalesce(Type_of_Loan, '') = '' then 0 else len(string_split(Type_of_Loan, ',')) end",
        "credit_mix": "nullif(Credit_Mix, '_')",
        "annual_income_amount": "12 * cast(Monthly_Inhand_Salary as double)",
    }
    columns = ", ".join(f"{sql} as {name}" for name, sql in as_text.items())
    with duckdb.connect() as connection:
        query = f"""select Customer_ID, {columns} from {raw_text(real_book, FINANCIALS)}
            where cast(rtrim(Annual_Income, '_') as double) > 400000 order by 1"""  # noqa: S608 - of this table
        expected = connection.sql(query).fetchall()
    absurd = silver[FINANCIALS].filter(noted(INCOME)).select("customer_id", *as_text).sort("customer_id")
    assert expected
    assert absurd.rows() == expected
