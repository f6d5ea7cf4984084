"""Customer attributes: the rules that clean them and the grouping of occupations.

Name and SSN are personal data and stay in bronze.
"""

import polars as pl

from credit_platform.months import source_date
from credit_platform.portfolios.loans.sources.bronze import FeaturesAttributes
from credit_platform.portfolios.loans.sources.due_rows import CUSTOMERS_DUE
from credit_platform.portfolios.loans.sources.silver import CustomerAttributes
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import (
    SOURCE,
    CategoryCell,
    NumberCell,
    date_is_readable,
    identifier_is_readable,
    key_is_unique,
    snapshot_date_lies_in_its_month,
)
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs
from credit_platform.schemas.cleaning.rule import CleaningRule
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import source_columns

_AGE = NumberCell.of(CustomerAttributes, "age", "Age")
_OCCUPATION = CategoryCell("Occupation", r".+", ("occupation",))

REPAIRS: tuple[CleaningRule, ...] = (*identifier_repairs("Customer_ID"), *_AGE.rules(), *_OCCUPATION.rules())
REJECTIONS: tuple[CleaningRule, ...] = (
    identifier_is_readable("Customer_ID", "customer_id"),
    date_is_readable("snapshot_date"),
    snapshot_date_lies_in_its_month(),
    key_is_unique("Customer_ID"),
)

OCCUPATION_GROUPS: dict[str, str] = {
    "Accountant": "professional",
    "Architect": "professional",
    "Doctor": "professional",
    "Lawyer": "professional",
    "Teacher": "professional",
    "Developer": "technical",
    "Engineer": "technical",
    "Mechanic": "technical",
    "Scientist": "technical",
    "Entrepreneur": "business",
    "Manager": "business",
    "Media_Manager": "business",
    "Journalist": "creative",
    "Musician": "creative",
    "Writer": "creative",
}


def occupation_group() -> pl.Expr:
    """The group of `occupation`: `other` when the occupation is not one of the list, null when there is none."""
    occupation = pl.col("occupation")
    group = occupation.replace_strict(OCCUPATION_GROUPS, default="other", return_dtype=pl.String)
    return pl.when(occupation.is_not_null()).then(group)


FEATURES_ATTRIBUTES = Source.cleaned_by(
    TableCleaning(
        source_columns=source_columns(FeaturesAttributes),
        columns=tuple(CustomerAttributes.column_names()),
        key=("customer_id",),
        cells=(_AGE.number(),),
        values={
            "snapshot_date": source_date(f"{SOURCE}snapshot_date"),
            "customer_id": identifier("Customer_ID"),
            _AGE.name: _AGE.value(),
            "occupation": _OCCUPATION.value(),
        },
        repairs=REPAIRS,
        rejections=REJECTIONS,
    ),
    name="features_attributes",
    bronze=FeaturesAttributes,
    table="customer_attributes",
    silver=CustomerAttributes,
    due=CUSTOMERS_DUE,
    flag="has_attributes",
)
