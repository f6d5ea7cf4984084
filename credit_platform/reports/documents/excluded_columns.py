"""The columns of the sources that no model reads, each with the reason.

Which features models read is said by `portfolios.loans.features.catalogue`.
"""

from __future__ import annotations

import polars as pl

from credit_platform.portfolios.tables import SOURCE_COLUMNS

EXCLUDED_SCHEMA = {"source": pl.String, "column": pl.String, "reason": pl.String}

IDENTITY = "names a person or a loan, and says nothing about risk"
DATES = "says when a row was written: it joins what was known in time, and is no feature"
AGE = "a personal characteristic no decision may rest on; read to compare groups of applicants, never to score"
LOAN_BOOK = (
    "of the loan book, which after application knows the outcome; nothing of it enters, so that nothing can leak"
)
_REASONS = {
    **dict.fromkeys(("loan_id", "Customer_ID", "Name", "SSN"), IDENTITY),
    "snapshot_date": DATES,
    "Age": AGE,
}


def excluded_columns() -> pl.DataFrame:
    """One row per source column that no model reads, as `EXCLUDED_SCHEMA`, in the order of the sources."""
    rows = [
        (source, column, _REASONS.get(column, LOAN_BOOK))
        for source, columns in SOURCE_COLUMNS.items()
        for column in columns
        if column in _REASONS or source == "lms_loan_daily"
    ]
    return pl.DataFrame(rows, schema=EXCLUDED_SCHEMA, orient="row")
