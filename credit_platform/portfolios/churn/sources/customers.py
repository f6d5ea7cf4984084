"""Shoppers: the rules that clean their standing facts.

Age, gender and marital status are read to compare groups, and never scored.
"""

from dataclasses import replace

from credit_platform.portfolios.churn.sources.due_rows import CUSTOMERS_DUE
from credit_platform.portfolios.churn.sources.raw_lines import ShopperLines
from credit_platform.portfolios.churn.sources.silver import Shoppers
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import CategoryCell, identifier_is_readable, key_is_unique
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs
from credit_platform.schemas.cleaning.rule import CleaningRule
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import source_columns

_FACTS = (
    "age_group",
    "gender",
    "income_group",
    "home_ownership",
    "marital_status",
    "household_size",
    "kids_count",
)
_CELLS = tuple(CategoryCell(fact, r".+", (fact,)) for fact in _FACTS)

REPAIRS: tuple[CleaningRule, ...] = (
    *identifier_repairs("customer_id"),
    *(rule for cell in _CELLS for rule in cell.rules()),
)
REJECTIONS: tuple[CleaningRule, ...] = (
    identifier_is_readable("customer_id", "customer_id"),
    key_is_unique("customer_id"),
)

CUSTOMERS = replace(
    Source.cleaned_by(
        TableCleaning(
            source_columns=source_columns(ShopperLines),
            columns=tuple(Shoppers.column_names()),
            key=("customer_id",),
            cells=(),
            values={"customer_id": identifier("customer_id"), **{cell.source: cell.value() for cell in _CELLS}},
            repairs=REPAIRS,
            rejections=REJECTIONS,
        ),
        name="customers",
        bronze=ShopperLines,
        table="customers",
        silver=Shoppers,
        due=CUSTOMERS_DUE,
    ),
    date=None,
)
