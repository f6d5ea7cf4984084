"""How earlier contracts at this lender were paid: instalments, months of point-of-sale and cash loans, months of cards.

Instalments have no key: one may be paid in equal parts on one day, so rows alike are several payments and all are kept.
"""

import dataframely as dy
import polars as pl

from credit_platform.portfolios.home_credit.sources.due_rows import CHILDREN_DUE
from credit_platform.portfolios.home_credit.sources.raw_column import (
    RawColumn,
    amount,
    balance,
    balance_month,
    count,
    days_past_due,
    identifier_of,
    past_days,
    text,
)
from credit_platform.portfolios.home_credit.sources.raw_table import bronze_of, cleaning_of, silver_of, source_of
from credit_platform.portfolios.source import Source

_CONTRACT = ("SK_ID_PREV", "previous_application_id", "the previous contract")
_APPLICATION = ("SK_ID_CURR", "application_id", "the application")

INSTALMENTS: tuple[RawColumn, ...] = (
    identifier_of(*_CONTRACT),
    identifier_of(*_APPLICATION),
    count("NUM_INSTALMENT_VERSION", "calendar_version", "Version of the payment calendar; 0 is a credit card's"),
    count("NUM_INSTALMENT_NUMBER", "instalment_number", "Instalment the payment is for"),
    past_days("DAYS_INSTALMENT", "due_days", "Due day of the instalment"),
    past_days("DAYS_ENTRY_PAYMENT", "payment_days", "Day of the payment; null where nothing was paid"),
    amount("AMT_INSTALMENT", "instalment_amount", "Instalment agreed"),
    amount("AMT_PAYMENT", "payment_amount", "Amount paid"),
)
_DPD = days_past_due("SK_DPD", "dpd", "Days past due in the month")
_DPD_DEF = days_past_due("SK_DPD_DEF", "dpd_tolerant", "Days past due in the month, small debts not counted")
_STATUS = text("NAME_CONTRACT_STATUS", "contract_status", "Status of the contract in the month")
POS_MONTHS: tuple[RawColumn, ...] = (
    identifier_of(*_CONTRACT, is_key=True),
    identifier_of(*_APPLICATION),
    balance_month("Month of the balance"),
    count("CNT_INSTALMENT", "n_instalments", "Term of the contract, instalments"),
    count("CNT_INSTALMENT_FUTURE", "n_instalments_left", "Instalments left to pay"),
    _STATUS,
    _DPD,
    _DPD_DEF,
)
CARD_MONTHS: tuple[RawColumn, ...] = (
    identifier_of(*_CONTRACT, is_key=True),
    identifier_of(*_APPLICATION),
    balance_month("Month of the balance"),
    balance("AMT_BALANCE", "balance_amount", "Balance of the card"),
    amount("AMT_CREDIT_LIMIT_ACTUAL", "limit_amount", "Limit of the card"),
    balance("AMT_DRAWINGS_ATM_CURRENT", "atm_drawings_amount", "Drawn at cash machines in the month"),
    balance("AMT_DRAWINGS_CURRENT", "drawings_amount", "Drawn in the month"),
    balance("AMT_DRAWINGS_OTHER_CURRENT", "other_drawings_amount", "Drawn otherwise in the month"),
    balance("AMT_DRAWINGS_POS_CURRENT", "purchases_amount", "Goods bought in the month"),
    balance("AMT_INST_MIN_REGULARITY", "minimum_payment_amount", "Smallest payment due in the month"),
    balance("AMT_PAYMENT_CURRENT", "payment_amount", "Paid in the month"),
    balance("AMT_PAYMENT_TOTAL_CURRENT", "total_payment_amount", "Paid in the month in all"),
    balance("AMT_RECEIVABLE_PRINCIPAL", "principal_receivable_amount", "Principal receivable"),
    balance("AMT_RECIVABLE", "receivable_amount", "Amount receivable"),
    balance("AMT_TOTAL_RECEIVABLE", "total_receivable_amount", "Amount receivable in all"),
    count("CNT_DRAWINGS_ATM_CURRENT", "n_atm_drawings", "Drawings at cash machines in the month"),
    count("CNT_DRAWINGS_CURRENT", "n_drawings", "Drawings in the month"),
    count("CNT_DRAWINGS_OTHER_CURRENT", "n_other_drawings", "Other drawings in the month"),
    count("CNT_DRAWINGS_POS_CURRENT", "n_purchases", "Purchases in the month"),
    count("CNT_INSTALMENT_MATURE_CUM", "n_instalments_paid", "Instalments paid so far"),
    _STATUS,
    _DPD,
    _DPD_DEF,
)
_InstalmentLinesColumns = bronze_of(INSTALMENTS)
_InstalmentsColumns = silver_of(INSTALMENTS)
_PosMonthLinesColumns = bronze_of(POS_MONTHS)
_PosMonthsColumns = silver_of(POS_MONTHS)
_CardMonthLinesColumns = bronze_of(CARD_MONTHS)
_CardMonthsColumns = silver_of(CARD_MONTHS)


class InstalmentLines(_InstalmentLinesColumns):
    """One row per line of the instalments file, untouched."""


class Instalments(_InstalmentsColumns):
    """One row per payment of an instalment, or instalment that was not paid; rows may repeat."""


class PosMonthLines(_PosMonthLinesColumns):
    """One row per line of the file of point-of-sale and cash loans, untouched."""


class PosMonths(_PosMonthsColumns):
    """One row per earlier point-of-sale or cash loan and month."""


class CardMonthLines(_CardMonthLinesColumns):
    """One row per line of the credit card file, untouched."""


class CardMonths(_CardMonthsColumns):
    """One row per earlier credit card and month."""


def _source(
    name: str, table: str, flag: str, columns: tuple[RawColumn, ...], schemas: tuple[type[dy.Schema], type[dy.Schema]]
) -> Source:
    return source_of(
        name,
        table,
        columns,
        schemas,
        cleaning_of(columns, schemas[1]),
        due=CHILDREN_DUE,
        volume=pl.col("application_id").n_unique(),
        flag=flag,
    )


INSTALLMENTS_PAYMENTS = _source(
    "installments_payments", "instalments", "has_instalments", INSTALMENTS, (InstalmentLines, Instalments)
)
POS_CASH_BALANCE = _source("POS_CASH_balance", "pos_months", "has_pos", POS_MONTHS, (PosMonthLines, PosMonths))
CREDIT_CARD_BALANCE = _source(
    "credit_card_balance", "card_months", "has_card", CARD_MONTHS, (CardMonthLines, CardMonths)
)
