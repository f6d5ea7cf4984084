"""The columns of the four sources that no model reads, each with the reason.

Which features models read is said by `features.catalogue`.
"""

from credit_platform.portfolios.loans.sources.bronze import (
    FeatureClickstream,
    FeaturesAttributes,
    FeaturesFinancials,
    LmsLoanDaily,
)
from credit_platform.schemas.cleaning.table_cleaning import source_columns

IDENTITY = "names a person or a loan, and says nothing about risk"
DATES = "says when a row was written: it joins what was known in time, and is no feature"
AGE = "a personal characteristic no decision may rest on; read to compare groups of applicants, never to score"
LOAN_BOOK = (
    "of the loan book, which after application knows the outcome; nothing of it enters, so that nothing can leak"
)
_REASONS = {**dict.fromkeys(("loan_id", "Customer_ID", "Name", "SSN"), IDENTITY), "snapshot_date": DATES, "Age": AGE}
_SOURCES = {
    "lms_loan_daily": LmsLoanDaily,
    "features_attributes": FeaturesAttributes,
    "features_financials": FeaturesFinancials,
    "feature_clickstream": FeatureClickstream,
}


def excluded_columns() -> tuple[tuple[str, str, str], ...]:
    """Source, column and reason of every source column that no model reads, in the order of the sources."""
    return tuple(
        (source, column, _REASONS.get(column, LOAN_BOOK))
        for source, bronze in _SOURCES.items()
        for column in source_columns(bronze)
        if column in _REASONS or source == "lms_loan_daily"
    )
