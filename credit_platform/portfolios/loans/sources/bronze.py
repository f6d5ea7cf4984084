"""The bronze tables: what a source sent, month by month, as text.

Nothing is read, repaired or judged here; that is silver's part.
"""

import dataframely as dy

from credit_platform.schemas.personal_data import PII


class LmsLoanDaily(dy.Schema):
    """One row per line of the loan management file: a loan on a snapshot date, untouched."""

    loan_id = dy.String(nullable=True, description="Identifier of the loan, as text")
    Customer_ID = dy.String(nullable=True, description="Identifier of the customer, as text")
    loan_start_date = dy.String(nullable=True, description="Day the loan was paid out, as text")
    tenure = dy.String(nullable=True, description="Number of instalments agreed, months, as text")
    installment_num = dy.String(nullable=True, description="Instalments fallen due so far, as text")
    loan_amt = dy.String(nullable=True, description="Amount lent, as text")
    due_amt = dy.String(nullable=True, description="Instalment due on this snapshot, as text")
    paid_amt = dy.String(nullable=True, description="Amount paid for this snapshot, as text")
    overdue_amt = dy.String(nullable=True, description="Amount due and unpaid so far, as text")
    balance = dy.String(nullable=True, description="Amount lent and not yet repaid, as text")
    snapshot_date = dy.String(nullable=True, description="Day of the snapshot, as text")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


class FeaturesAttributes(dy.Schema):
    """One row per line of the attributes file: who a customer is, untouched."""

    Customer_ID = dy.String(nullable=True, description="Identifier of the customer, as text")
    Name = dy.String(nullable=True, metadata=PII, description="Name of the customer, as text")
    Age = dy.String(nullable=True, description="Age, years, as text")
    SSN = dy.String(nullable=True, metadata=PII, description="Social security number, as text")
    Occupation = dy.String(nullable=True, description="Occupation, as text")
    snapshot_date = dy.String(nullable=True, description="Day of the snapshot, as text")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


class FeaturesFinancials(dy.Schema):
    """One row per line of the financials file: what a customer earns, owes and owns, untouched."""

    Customer_ID = dy.String(nullable=True, description="Identifier of the customer, as text")
    Annual_Income = dy.String(nullable=True, description="Income per year, as text")
    Monthly_Inhand_Salary = dy.String(nullable=True, description="Net salary per month, as text")
    Num_Bank_Accounts = dy.String(nullable=True, description="Number of bank accounts, as text")
    Num_Credit_Card = dy.String(nullable=True, description="Number of credit cards, as text")
    Interest_Rate = dy.String(nullable=True, description="Interest rate on credit, percent, as text")
    Num_of_Loan = dy.String(nullable=True, description="Number of other loans, as text")
    Type_of_Loan = dy.String(nullable=True, description="Kinds of the other loans, a comma-separated list, as text")
    Delay_from_due_date = dy.String(
        nullable=True, description="Mean delay of payments after the due date, days, as text"
    )
    Num_of_Delayed_Payment = dy.String(nullable=True, description="Number of delayed payments, as text")
    Changed_Credit_Limit = dy.String(nullable=True, description="Change of the credit limit, percent points, as text")
    Num_Credit_Inquiries = dy.String(nullable=True, description="Number of credit inquiries, as text")
    Credit_Mix = dy.String(nullable=True, description="Judgement of the mix of credits, as text")
    Outstanding_Debt = dy.String(nullable=True, description="Debt outstanding, as text")
    Credit_Utilization_Ratio = dy.String(
        nullable=True, description="Share of the credit limit in use, percent, as text"
    )
    Credit_History_Age = dy.String(nullable=True, description="Length of the credit history, years and months, as text")
    Payment_of_Min_Amount = dy.String(nullable=True, description="Whether only the minimum amount is paid, as text")
    Total_EMI_per_month = dy.String(nullable=True, description="Instalments per month on all loans, as text")
    Amount_invested_monthly = dy.String(nullable=True, description="Amount invested per month, as text")
    Payment_Behaviour = dy.String(nullable=True, description="Spending level and size of payments, as text")
    Monthly_Balance = dy.String(nullable=True, description="Balance left per month, as text")
    snapshot_date = dy.String(nullable=True, description="Day of the snapshot, as text")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


class FeatureClickstream(dy.Schema):
    """One row per line of the clickstream file: a customer's behaviour in a month, untouched."""

    fe_1 = dy.String(nullable=True, description="Clickstream channel 1, activity, as text")
    fe_2 = dy.String(nullable=True, description="Clickstream channel 2, activity, as text")
    fe_3 = dy.String(nullable=True, description="Clickstream channel 3, activity, as text")
    fe_4 = dy.String(nullable=True, description="Clickstream channel 4, activity, as text")
    fe_5 = dy.String(nullable=True, description="Clickstream channel 5, activity, as text")
    fe_6 = dy.String(nullable=True, description="Clickstream channel 6, activity, as text")
    fe_7 = dy.String(nullable=True, description="Clickstream channel 7, activity, as text")
    fe_8 = dy.String(nullable=True, description="Clickstream channel 8, activity, as text")
    fe_9 = dy.String(nullable=True, description="Clickstream channel 9, activity, as text")
    fe_10 = dy.String(nullable=True, description="Clickstream channel 10, activity, as text")
    fe_11 = dy.String(nullable=True, description="Clickstream channel 11, activity, as text")
    fe_12 = dy.String(nullable=True, description="Clickstream channel 12, activity, as text")
    fe_13 = dy.String(nullable=True, description="Clickstream channel 13, activity, as text")
    fe_14 = dy.String(nullable=True, description="Clickstream channel 14, activity, as text")
    fe_15 = dy.String(nullable=True, description="Clickstream channel 15, activity, as text")
    fe_16 = dy.String(nullable=True, description="Clickstream channel 16, activity, as text")
    fe_17 = dy.String(nullable=True, description="Clickstream channel 17, activity, as text")
    fe_18 = dy.String(nullable=True, description="Clickstream channel 18, activity, as text")
    fe_19 = dy.String(nullable=True, description="Clickstream channel 19, activity, as text")
    fe_20 = dy.String(nullable=True, description="Clickstream channel 20, activity, as text")
    Customer_ID = dy.String(nullable=True, description="Identifier of the customer, as text")
    snapshot_date = dy.String(nullable=True, description="Day of the snapshot, as text")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")
