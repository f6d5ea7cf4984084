"""The bronze tables: what a source sent, month by month, as text.

Nothing is read, repaired or judged here; that is silver's part.
"""

import dataframely as dy

from credit_platform.portfolios.loans.features.catalogue import CHANNELS
from credit_platform.schemas.made_columns import schema_of
from credit_platform.schemas.personal_data import PII


def _text(description: str) -> dy.String:
    return dy.String(nullable=True, description=f"{description}, as text")


class LmsLoanDaily(dy.Schema):
    """One row per line of the loan management file: a loan on a snapshot date, untouched."""

    loan_id = _text("Identifier of the loan")
    Customer_ID = _text("Identifier of the customer")
    loan_start_date = _text("Day the loan was paid out")
    tenure = _text("Number of instalments agreed, months")
    installment_num = _text("Instalments fallen due so far")
    loan_amt = _text("Amount lent")
    due_amt = _text("Instalment due on this snapshot")
    paid_amt = _text("Amount paid for this snapshot")
    overdue_amt = _text("Amount due and unpaid so far")
    balance = _text("Amount lent and not yet repaid")
    snapshot_date = _text("Day of the snapshot")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


class FeaturesAttributes(dy.Schema):
    """One row per line of the attributes file: who a customer is, untouched."""

    Customer_ID = _text("Identifier of the customer")
    Name = dy.String(nullable=True, metadata=PII, description="Name of the customer, as text")
    Age = _text("Age, years")
    SSN = dy.String(nullable=True, metadata=PII, description="Social security number, as text")
    Occupation = _text("Occupation")
    snapshot_date = _text("Day of the snapshot")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


class FeaturesFinancials(dy.Schema):
    """One row per line of the financials file: what a customer earns, owes and owns, untouched."""

    Customer_ID = _text("Identifier of the customer")
    Annual_Income = _text("Income per year")
    Monthly_Inhand_Salary = _text("Net salary per month")
    Num_Bank_Accounts = _text("Number of bank accounts")
    Num_Credit_Card = _text("Number of credit cards")
    Interest_Rate = _text("Interest rate on credit, percent")
    Num_of_Loan = _text("Number of other loans")
    Type_of_Loan = _text("Kinds of the other loans, a comma-separated list")
    Delay_from_due_date = _text("Mean delay of payments after the due date, days")
    Num_of_Delayed_Payment = _text("Number of delayed payments")
    Changed_Credit_Limit = _text("Change of the credit limit, percent points")
    Num_Credit_Inquiries = _text("Number of credit inquiries")
    Credit_Mix = _text("Judgement of the mix of credits")
    Outstanding_Debt = _text("Debt outstanding")
    Credit_Utilization_Ratio = _text("Share of the credit limit in use, percent")
    Credit_History_Age = _text("Length of the credit history, years and months")
    Payment_of_Min_Amount = _text("Whether only the minimum amount is paid")
    Total_EMI_per_month = _text("Instalments per month on all loans")
    Amount_invested_monthly = _text("Amount invested per month")
    Payment_Behaviour = _text("Spending level and size of payments")
    Monthly_Balance = _text("Balance left per month")
    snapshot_date = _text("Day of the snapshot")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


_Channels = schema_of(
    {channel: _text(f"Clickstream channel {number}, activity") for number, channel in enumerate(CHANNELS, start=1)}
)


class FeatureClickstream(_Channels):
    """One row per line of the clickstream file: a customer's behaviour in a month, untouched."""

    Customer_ID = _text("Identifier of the customer")
    snapshot_date = _text("Day of the snapshot")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")
