from __future__ import annotations

from typing import Any

import pytest

from credit_platform.portfolios.loans.sources.financials import REPAIRS
from credit_platform_tests.cleaners import clean_financials
from credit_platform_tests.source_rows import bronze_rows

RECOVERED_INCOME = "Annual_Income_recovered_from_monthly_salary"
RECOVERED_LOANS = "Num_of_Loan_recovered_from_loan_types"


def clean_one(**cells: str | None) -> dict[str, Any]:
    return clean_financials(bronze_rows("features_financials", cells)).rows.collect().row(0, named=True)


@pytest.mark.parametrize(
    ("column", "text", "name", "value", "repairs"),
    [
        ("Annual_Income", "52312.68_", "annual_income_amount", 52312.68, ["Annual_Income_underscore_stripped"]),
        ("Annual_Income", "400000", "annual_income_amount", 400000.0, []),
        ("Annual_Income", "400000.01", "annual_income_amount", 36000.0, [RECOVERED_INCOME]),
        ("Annual_Income", "0", "annual_income_amount", 36000.0, [RECOVERED_INCOME]),
        ("Annual_Income", "-5", "annual_income_amount", 36000.0, [RECOVERED_INCOME]),
        ("Annual_Income", "inf", "annual_income_amount", 36000.0, [RECOVERED_INCOME]),
        ("Annual_Income", "much", "annual_income_amount", 36000.0, [RECOVERED_INCOME]),
        ("Annual_Income", None, "annual_income_amount", 36000.0, [RECOVERED_INCOME]),
        (
            "Monthly_Inhand_Salary",
            "-1",
            "monthly_inhand_salary_amount",
            None,
            ["Monthly_Inhand_Salary_out_of_range_nulled"],
        ),
        ("Num_Bank_Accounts", "-1", "n_bank_accounts", None, ["Num_Bank_Accounts_out_of_range_nulled"]),
        ("Num_Bank_Accounts", "11", "n_bank_accounts", 11, []),
        ("Num_Bank_Accounts", "12", "n_bank_accounts", None, ["Num_Bank_Accounts_out_of_range_nulled"]),
        ("Num_Credit_Card", "0", "n_credit_cards", 0, []),
        ("Num_Credit_Card", "846", "n_credit_cards", None, ["Num_Credit_Card_out_of_range_nulled"]),
        ("Interest_Rate", "34", "interest_rate", 34.0, []),
        ("Interest_Rate", "0", "interest_rate", None, ["Interest_Rate_out_of_range_nulled"]),
        ("Interest_Rate", "35", "interest_rate", None, ["Interest_Rate_out_of_range_nulled"]),
        ("Num_of_Loan", "2_", "n_loans", 2, ["Num_of_Loan_underscore_stripped"]),
        ("Num_of_Loan", "2.0", "n_loans", 2, []),
        ("Num_of_Loan", "-100", "n_loans", 2, [RECOVERED_LOANS]),
        ("Num_of_Loan", "3", "n_loans", 2, [RECOVERED_LOANS]),
        ("Num_of_Loan", "two", "n_loans", 2, [RECOVERED_LOANS]),
        ("Num_of_Loan", "", "n_loans", 2, [RECOVERED_LOANS]),
        ("Num_of_Loan", "119_", "n_loans", 2, [RECOVERED_LOANS, "Num_of_Loan_underscore_stripped"]),
        ("Delay_from_due_date", "-5", "delay_from_due_days", -5, []),
        ("Num_of_Delayed_Payment", "18_", "n_delayed_payments", 18, ["Num_of_Delayed_Payment_underscore_stripped"]),
        ("Num_of_Delayed_Payment", "28", "n_delayed_payments", 28, []),
        ("Num_of_Delayed_Payment", "29", "n_delayed_payments", None, ["Num_of_Delayed_Payment_out_of_range_nulled"]),
        (
            "Num_of_Delayed_Payment",
            "-1_",
            "n_delayed_payments",
            None,
            ["Num_of_Delayed_Payment_out_of_range_nulled", "Num_of_Delayed_Payment_underscore_stripped"],
        ),
        ("Changed_Credit_Limit", "_", "changed_credit_limit", None, ["Changed_Credit_Limit_placeholder_nulled"]),
        ("Changed_Credit_Limit", "-6.49", "changed_credit_limit", -6.49, []),
        ("Num_Credit_Inquiries", "11.0", "n_credit_inquiries", 11, []),
        ("Num_Credit_Inquiries", "18", "n_credit_inquiries", None, ["Num_Credit_Inquiries_out_of_range_nulled"]),
        ("Credit_Mix", "_", "credit_mix", None, ["Credit_Mix_placeholder_nulled"]),
        ("Credit_Mix", "Superb", "credit_mix", None, ["unreadable_text_nulled_Credit_Mix"]),
        ("Outstanding_Debt", "2699.17_", "outstanding_debt_amount", 2699.17, ["Outstanding_Debt_underscore_stripped"]),
        ("Outstanding_Debt", "NaN", "outstanding_debt_amount", None, ["Outstanding_Debt_placeholder_nulled"]),
        (
            "Credit_Utilization_Ratio",
            "101",
            "credit_utilization_rate",
            None,
            ["Credit_Utilization_Ratio_out_of_range_nulled"],
        ),
        ("Credit_History_Age", "10 Years and 9 Months", "credit_history_months", 129, []),
        ("Credit_History_Age", "1 Year and 1 Month", "credit_history_months", 13, []),
        ("Credit_History_Age", "long", "credit_history_months", None, ["unreadable_text_nulled_Credit_History_Age"]),
        ("Payment_of_Min_Amount", "Yes", "is_minimum_amount_paid", True, []),
        ("Payment_of_Min_Amount", "NM", "is_minimum_amount_paid", None, ["Payment_of_Min_Amount_placeholder_nulled"]),
        ("Total_EMI_per_month", "1800", "emi_amount", 1800.0, []),
        ("Total_EMI_per_month", "78446", "emi_amount", None, ["Total_EMI_per_month_out_of_range_nulled"]),
        (
            "Amount_invested_monthly",
            "__10000__",
            "invested_amount",
            None,
            ["Amount_invested_monthly_placeholder_nulled"],
        ),
        ("Payment_Behaviour", "!@9#%8", "spending_level", None, ["Payment_Behaviour_placeholder_nulled"]),
        ("Payment_Behaviour", "Low_spent_Large_value_payments", "payment_value_size", "Large", []),
        (
            "Payment_Behaviour",
            "Low_spent_Huge_value_payments",
            "spending_level",
            None,
            ["unreadable_text_nulled_Payment_Behaviour"],
        ),
        (
            "Monthly_Balance",
            "__-333333333333333333333333333__",
            "monthly_balance_amount",
            None,
            ["Monthly_Balance_placeholder_nulled"],
        ),
        ("Monthly_Balance", "-3.3e26", "monthly_balance_amount", None, ["Monthly_Balance_out_of_range_nulled"]),
        ("Monthly_Balance", "-20.5", "monthly_balance_amount", -20.5, []),
    ],
)
def test_a_cell_is_kept_repaired_or_nulled_by_its_rule(
    column: str, text: str | None, name: str, value: object, repairs: list[str]
) -> None:
    row = clean_one(**{column: text})
    assert (row[name], row["repairs"]) == (value, repairs)


def test_an_income_that_no_salary_can_tell_is_nulled() -> None:
    row = clean_one(Annual_Income="23834698.0", Monthly_Inhand_Salary=None)
    assert (row["annual_income_amount"], row["repairs"]) == (None, ["Annual_Income_nulled"])


@pytest.mark.parametrize("number", ["0", "-100", "7"])
@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_blank_list_means_no_loans(number: str, blank: str | None) -> None:
    row = clean_one(Num_of_Loan=number, Type_of_Loan=blank)
    assert (row["n_loans"], row["loan_types"]) == (0, [])
    assert row["repairs"] == ([] if number == "0" else [RECOVERED_LOANS])


@pytest.mark.parametrize(("number", "kept"), [("4", 4), ("-100", None)])
def test_an_unreadable_list_leaves_a_true_number_of_loans(number: str, kept: int | None) -> None:
    row = clean_one(Num_of_Loan=number, Type_of_Loan="_______")
    assert (row["n_loans"], row["loan_types"]) == (kept, None)
    assert ("Num_of_Loan_nulled" in row["repairs"]) == (kept is None)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("Payday Loan", ["Payday Loan"]),
        ("Auto Loan, and Payday Loan", ["Auto Loan", "Payday Loan"]),
        ("Auto Loan and Payday Loan", ["Auto Loan", "Payday Loan"]),
        (
            "Auto Loan, Auto Loan,  Not Specified, and Auto Loan",
            ["Auto Loan", "Auto Loan", "Not Specified", "Auto Loan"],
        ),
    ],
)
def test_a_list_keeps_its_order_and_duplicates(text: str, items: list[str]) -> None:
    row = clean_one(Type_of_Loan=text, Num_of_Loan=str(len(items)))
    assert (row["loan_types"], row["repairs"]) == (items, [])


def test_several_repairs_of_one_row_are_sorted() -> None:
    row = clean_one(Num_of_Loan="9_", Annual_Income="36000_", Credit_Mix="_")
    assert row["repairs"] == sorted(row["repairs"])
    assert len(row["repairs"]) == 4


def test_rule_names_are_unique() -> None:
    assert len({rule.name for rule in REPAIRS}) == len(REPAIRS)
