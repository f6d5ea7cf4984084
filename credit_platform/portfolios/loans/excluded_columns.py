"""The columns of the four sources that no model reads, each with the reason.

Which features models read is said by `features.feature_columns`.
"""

from collections.abc import Sequence

from credit_platform.portfolios.source import Source

IDENTITY = "names a person or a loan, and says nothing about risk"
DATES = "says when a row was written: it joins what was known in time, and is no feature"
AGE = "a personal characteristic no decision may rest on; read to compare groups of applicants, never to score"
LOAN_BOOK = (
    "of the loan book, which after application knows the outcome; nothing of it enters, so that nothing can leak"
)
_REASONS = {**dict.fromkeys(("loan_id", "Customer_ID", "Name", "SSN"), IDENTITY), "snapshot_date": DATES, "Age": AGE}


def excluded_columns(sources: Sequence[Source]) -> tuple[tuple[str, str, str], ...]:
    """Source, column and reason of every source column that no model reads, in the order of the sources."""
    return tuple(
        (source.name, column, _REASONS.get(column, LOAN_BOOK))
        for source in sources
        for column in source.columns
        if column in _REASONS or source.name == "lms_loan_daily"
    )
