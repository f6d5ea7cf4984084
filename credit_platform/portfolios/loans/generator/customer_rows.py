"""The rows of one cohort in the attributes and financials files, as a careful upstream would have written them.

Dirt is put on afterwards, by the module of that name.
"""

from datetime import date

import polars as pl

from credit_platform.portfolios.loans.generator.applicants import MOST_LOANS


def attribute_rows(applicants: pl.DataFrame, *, names: pl.Series, numbers: pl.Series, snapshot: date) -> pl.DataFrame:
    """One row per customer, all columns text."""
    return applicants.select(
        pl.col("customer_id").alias("Customer_ID"),
        names.alias("Name"),
        _whole("age").alias("Age"),
        numbers.alias("SSN"),
        pl.col("occupation").alias("Occupation"),
        pl.lit(snapshot.isoformat()).alias("snapshot_date"),
    )


def financial_rows(applicants: pl.DataFrame, *, snapshot: date) -> pl.DataFrame:
    """One row per customer, all columns text; a customer without loans has a null list of loans."""
    behaviour = pl.format("{}_spent_{}_value_payments", "spending_level", "payment_value_size")
    return applicants.select(
        pl.col("customer_id").alias("Customer_ID"),
        _decimal("annual_income_amount").alias("Annual_Income"),
        _decimal("monthly_inhand_salary_amount").alias("Monthly_Inhand_Salary"),
        _whole("n_bank_accounts").alias("Num_Bank_Accounts"),
        _whole("n_credit_cards").alias("Num_Credit_Card"),
        _whole("interest_rate").alias("Interest_Rate"),
        _whole("n_loans").alias("Num_of_Loan"),
        listed_loans().alias("Type_of_Loan"),
        _whole("delay_from_due_days").alias("Delay_from_due_date"),
        _whole("n_delayed_payments").alias("Num_of_Delayed_Payment"),
        _decimal("changed_credit_limit").alias("Changed_Credit_Limit"),
        _decimal("n_credit_inquiries").alias("Num_Credit_Inquiries"),
        pl.col("credit_mix").alias("Credit_Mix"),
        _decimal("outstanding_debt_amount").alias("Outstanding_Debt"),
        _decimal("credit_utilization_rate").alias("Credit_Utilization_Ratio"),
        credit_history_age().alias("Credit_History_Age"),
        pl.when("is_minimum_amount_paid").then(pl.lit("Yes")).otherwise(pl.lit("No")).alias("Payment_of_Min_Amount"),
        _decimal("emi_amount").alias("Total_EMI_per_month"),
        _decimal("invested_amount").alias("Amount_invested_monthly"),
        behaviour.alias("Payment_Behaviour"),
        _decimal("monthly_balance_amount").alias("Monthly_Balance"),
        pl.lit(snapshot.isoformat()).alias("snapshot_date"),
    )


def listed_loans() -> pl.Expr:
    """The kinds of the applicant's loans in words, `Auto Loan, Payday Loan, and Student Loan`; null without any."""
    n_loans = pl.col("n_loans").cast(pl.Int64)
    listed = pl.lit(None, dtype=pl.String)
    for count in range(1, MOST_LOANS + 1):
        kinds = [pl.col(f"loan_kind_{slot}") for slot in range(1, count + 1)]
        text = pl.concat_str([*kinds[:-1], pl.format("and {}", kinds[-1])], separator=", ") if count > 1 else kinds[0]
        listed = pl.when(n_loans == count).then(text).otherwise(listed)
    return listed


def credit_history_age() -> pl.Expr:
    """The length of the credit history in words, `10 Years and 9 Months`."""
    months = pl.col("credit_history_months").cast(pl.Int64)
    return pl.format("{} Years and {} Months", months // 12, months % 12)


def _whole(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64).cast(pl.String)


def _decimal(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64).cast(pl.String)
