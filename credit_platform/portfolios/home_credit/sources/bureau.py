"""Credits of other lenders as the credit bureau reports them, and their months.

A month names its credit only, so who it belongs to is known through silver/bureau_credits.
"""

import polars as pl

from credit_platform.portfolios.home_credit.sources.due_rows import BUREAU_MONTHS_DUE, CHILDREN_DUE
from credit_platform.portfolios.home_credit.sources.raw_column import (
    RawColumn,
    amount,
    balance,
    balance_month,
    code,
    count,
    days_past_due,
    identifier_of,
    past_days,
    planned_days,
    text,
)
from credit_platform.portfolios.home_credit.sources.raw_table import bronze_of, cleaning_of, silver_of, source_of

CREDITS: tuple[RawColumn, ...] = (
    identifier_of("SK_ID_CURR", "application_id", "the application"),
    identifier_of("SK_ID_BUREAU", "bureau_credit_id", "the credit at the bureau", is_key=True),
    text("CREDIT_ACTIVE", "credit_status", "Status of the credit: Active, Closed, Sold, Bad debt"),
    text("CREDIT_CURRENCY", "currency", "Currency of the credit, recoded"),
    past_days("DAYS_CREDIT", "credit_days", "Application for the credit"),
    days_past_due("CREDIT_DAY_OVERDUE", "overdue_days", "Days past due at the application"),
    planned_days("DAYS_CREDIT_ENDDATE", "planned_end_days", "Planned end of the credit"),
    past_days("DAYS_ENDDATE_FACT", "end_days", "End of the credit, of closed ones"),
    amount("AMT_CREDIT_MAX_OVERDUE", "max_overdue_amount", "Most that was ever overdue"),
    count("CNT_CREDIT_PROLONG", "n_prolongations", "Prolongations of the credit"),
    amount("AMT_CREDIT_SUM", "credit_amount", "Amount of the credit"),
    balance("AMT_CREDIT_SUM_DEBT", "debt_amount", "Debt on the credit"),
    balance("AMT_CREDIT_SUM_LIMIT", "limit_amount", "Limit of a credit card"),
    amount("AMT_CREDIT_SUM_OVERDUE", "overdue_amount", "Amount overdue"),
    text("CREDIT_TYPE", "credit_type", "Kind of credit"),
    planned_days("DAYS_CREDIT_UPDATE", "update_days", "Last report on the credit"),
    amount("AMT_ANNUITY", "annuity_amount", "Annuity of the credit"),
)
MONTHS: tuple[RawColumn, ...] = (
    identifier_of("SK_ID_BUREAU", "bureau_credit_id", "the credit at the bureau", is_key=True),
    balance_month("Month of the status"),
    code(
        "STATUS", "status",
        "Status in the month: 0 not past due, 1 up to 30 days, 2 up to 60, 3 up to 90, 4 up to 120, 5 more or written "
        "off; C closed, X not known",
        {text: text for text in "012345CX"}),
)  # fmt: skip
_BureauLinesColumns = bronze_of(CREDITS)
_ReportedCreditsColumns = silver_of(CREDITS)
_BureauMonthLinesColumns = bronze_of(MONTHS)
_BureauMonthsColumns = silver_of(MONTHS)


class BureauLines(_BureauLinesColumns):
    """One row per line of the bureau file, untouched."""


class ReportedCredits(_ReportedCreditsColumns):
    """One row per credit of an applicant that the credit bureau reports."""


class BureauMonthLines(_BureauMonthLinesColumns):
    """One row per line of the file of the bureau's months, untouched."""


class BureauMonths(_BureauMonthsColumns):
    """One row per credit at the bureau and month, with its status."""


BUREAU = source_of(
    "bureau",
    "bureau_credits",
    CREDITS,
    (BureauLines, ReportedCredits),
    cleaning_of(CREDITS, ReportedCredits),
    due=CHILDREN_DUE,
    volume=pl.col("application_id").n_unique(),
    flag="has_bureau",
)
BUREAU_BALANCE = source_of(
    "bureau_balance",
    "bureau_months",
    MONTHS,
    (BureauMonthLines, BureauMonths),
    cleaning_of(MONTHS, BureauMonths),
    due=BUREAU_MONTHS_DUE,
    volume=pl.col("bureau_credit_id").n_unique(),
    flag="has_bureau_balance",
)
