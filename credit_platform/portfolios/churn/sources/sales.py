"""Sales: the rules that clean them. A purchase is a row whose amount is not negative; a negative one is a return.

What is counted of them belongs to `cases` and to the features.
"""

from dataclasses import replace

import polars as pl

from credit_platform.months import source_date
from credit_platform.portfolios.churn.sources.due_rows import SALES_DUE
from credit_platform.portfolios.churn.sources.raw_lines import SaleLines
from credit_platform.portfolios.churn.sources.silver import Sales
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import (
    SOURCE,
    NumberCell,
    date_is_readable,
    identifier_is_readable,
    key_is_unique,
    rejected_when_null,
)
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs, plain_identifier
from credit_platform.schemas.cleaning.rule import CleaningRule
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import source_columns
from credit_platform.schemas.source_cells import SourceCells

_KEYS = ("customer_id", "order_id")
_QUANTITY, _AMOUNT = NumberCell.of(Sales, "quantity", "quantity"), NumberCell.of(Sales, "amount", "amount")
_DATE = source_date(f"{SOURCE}transaction_date")
_NO_PRODUCT = "-"

REPAIRS: tuple[CleaningRule, ...] = (
    *(rule for column in (*_KEYS, "product_id") for rule in identifier_repairs(column)),
    *_QUANTITY.rules(),
    *_AMOUNT.readable_rules(),
)
REJECTIONS: tuple[CleaningRule, ...] = (
    *(identifier_is_readable(column, column) for column in _KEYS),
    date_is_readable("transaction_date"),
    # No amount is ever guessed.
    rejected_when_null("amount", column="amount", condition="not a usable amount"),
    key_is_unique("order_id"),
)


def is_purchase() -> pl.Expr:
    """Whether a row is a purchase: returns are none, and what a coupon paid for is one."""
    return pl.col("amount") >= 0


SALES = replace(
    Source.cleaned_by(
        TableCleaning(
            source_columns=source_columns(SaleLines),
            columns=tuple(Sales.column_names()),
            key=("order_id", "product_id"),
            cells=(_QUANTITY.number(), _AMOUNT.number()),
            values={
                **{column: identifier(column) for column in _KEYS},
                "product_id": identifier("product_id").fill_null(_NO_PRODUCT),
                "transaction_date": _DATE,
                "quantity": _QUANTITY.value(),
                "amount": _AMOUNT.value(),
            },
            plain_values={
                **{column: plain_identifier(column) for column in (*_KEYS, "product_id")},
                "transaction_date": _DATE,
                "quantity": _QUANTITY.plain_value(),
                "amount": _AMOUNT.plain_value(),
            },
            repairs=REPAIRS,
            rejections=REJECTIONS,
        ),
        name="sales",
        bronze=SaleLines,
        table="sales",
        silver=Sales,
        due=SALES_DUE,
    ),
    cells=SourceCells(key=("order_id", "product_id"), numbers=("quantity", "amount"), dates=("transaction_date",)),
    date="transaction_date",
    must_be_required=True,
    volume=pl.col("order_id").n_unique(),
)
