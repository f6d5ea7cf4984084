"""Earlier applications of the same person at this lender.

What was paid on the contracts that followed is declared in `payments`.
"""

import polars as pl

from credit_platform.portfolios.home_credit.sources.due_rows import CHILDREN_DUE
from credit_platform.portfolios.home_credit.sources.raw_column import (
    LARGEST_AMOUNT,
    NO_DAY,
    RawColumn,
    amount,
    count,
    flag,
    identifier_of,
    number,
    past_days,
    planned_days,
    text,
)
from credit_platform.portfolios.home_credit.sources.raw_table import bronze_of, cleaning_of, silver_of, source_of

# An interest or a down payment is a share, but some files have rounding below 0 and a few rates above 1.
_LOWEST_RATE, _HIGHEST_RATE = -0.01, 10.0


def _rate(source: str, name: str, meaning: str, *, is_optional: bool = False) -> RawColumn:
    return number(source, name, meaning, "normalised", (_LOWEST_RATE, _HIGHEST_RATE), is_optional=is_optional)


COLUMNS: tuple[RawColumn, ...] = (
    identifier_of("SK_ID_PREV", "previous_application_id", "the previous application", is_key=True),
    identifier_of("SK_ID_CURR", "application_id", "the application"),
    text("NAME_CONTRACT_TYPE", "contract_type", "Cash loan, consumer loan or revolving loan"),
    amount("AMT_ANNUITY", "annuity_amount", "Annuity"),
    amount("AMT_APPLICATION", "applied_amount", "Credit applied for"),
    amount("AMT_CREDIT", "credit_amount", "Credit granted, or offered at last"),
    amount("AMT_DOWN_PAYMENT", "down_payment_amount", "Down payment", low=-LARGEST_AMOUNT),
    amount("AMT_GOODS_PRICE", "goods_price_amount", "Price of the goods that were financed"),
    text("WEEKDAY_APPR_PROCESS_START", "application_weekday", "Weekday of the previous application"),
    number("HOUR_APPR_PROCESS_START", "application_hour", "Hour of the previous application", "hours", (0, 24)),
    flag("FLAG_LAST_APPL_PER_CONTRACT", "is_last_of_contract", "Whether it was the last application for its contract"),
    flag("NFLAG_LAST_APPL_IN_DAY", "is_last_of_day", "Whether it was the person's last application of the day"),
    _rate("RATE_DOWN_PAYMENT", "down_payment_rate", "Down payment"),
    _rate("RATE_INTEREST_PRIMARY", "primary_interest_rate", "Interest rate", is_optional=True),
    _rate("RATE_INTEREST_PRIVILEGED", "privileged_interest_rate", "Reduced interest rate", is_optional=True),
    text("NAME_CASH_LOAN_PURPOSE", "loan_purpose", "Purpose of a cash loan"),
    text("NAME_CONTRACT_STATUS", "contract_status", "What became of it: Approved, Refused, Canceled, Unused offer"),
    past_days("DAYS_DECISION", "decision_days", "Decision"),
    text("NAME_PAYMENT_TYPE", "payment_type", "How the applicant chose to pay"),
    text("CODE_REJECT_REASON", "reject_reason", "Why it was refused"),
    text("NAME_TYPE_SUITE", "companion", "Who came along to apply; close to family status, which is protected"),
    text("NAME_CLIENT_TYPE", "client_type", "New or known client"),
    text("NAME_GOODS_CATEGORY", "goods_category", "Kind of goods"),
    text("NAME_PORTFOLIO", "portfolio", "Portfolio: Cash, POS, Cards, Cars"),
    text("NAME_PRODUCT_TYPE", "product_type", "Whether the client walked in or was offered the credit"),
    text("CHANNEL_TYPE", "channel", "Channel the client came through"),
    count("SELLERPLACE_AREA", "seller_area", "Selling area of the seller's place", high=100_000_000, nulls=(-1,)),
    text("NAME_SELLER_INDUSTRY", "seller_industry", "Industry of the seller"),
    count("CNT_PAYMENT", "n_payments", "Payments agreed, the term in months", high=1_200),
    text("NAME_YIELD_GROUP", "yield_group", "Interest rate in groups"),
    text("PRODUCT_COMBINATION", "product_combination", "Product in detail"),
    planned_days("DAYS_FIRST_DRAWING", "first_drawing_days", "First disbursement", nulls=(NO_DAY,)),
    planned_days("DAYS_FIRST_DUE", "first_due_days", "First due day", nulls=(NO_DAY,)),
    planned_days("DAYS_LAST_DUE_1ST_VERSION", "first_planned_last_due_days", "Last due day as first planned",
        nulls=(NO_DAY,)),
    planned_days("DAYS_LAST_DUE", "last_due_days", "Last due day", nulls=(NO_DAY,)),
    planned_days("DAYS_TERMINATION", "termination_days", "Expected termination", nulls=(NO_DAY,)),
    flag("NFLAG_INSURED_ON_APPROVAL", "is_insured", "Whether insurance was asked for"),
)  # fmt: skip
_PreviousApplicationLinesColumns = bronze_of(COLUMNS)
_EarlierApplicationsColumns = silver_of(COLUMNS)


class PreviousApplicationLines(_PreviousApplicationLinesColumns):
    """One row per line of the file of previous applications, untouched."""


class EarlierApplications(_EarlierApplicationsColumns):
    """One row per earlier application of the applicant at this lender."""


PREVIOUS_APPLICATION = source_of(
    "previous_application",
    "previous_applications",
    COLUMNS,
    (PreviousApplicationLines, EarlierApplications),
    cleaning_of(COLUMNS, EarlierApplications),
    due=CHILDREN_DUE,
    volume=pl.col("application_id").n_unique(),
    flag="has_previous_application",
)
