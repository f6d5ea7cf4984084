"""The columns of the four sources that no model reads, each with the reason.

Which features models read is said by `features.feature_columns`.
"""

IDENTITY = "names a person or a loan, and says nothing about risk"
DATES = "says when a row was written: it joins what was known in time, and is no feature"
AGE = "a personal characteristic no decision may rest on; read to compare groups of applicants, never to score"
LOAN_BOOK = (
    "of the loan book, which after application knows the outcome; nothing of it enters, so that nothing can leak"
)
REASONS = {**dict.fromkeys(("loan_id", "Customer_ID", "Name", "SSN"), IDENTITY), "snapshot_date": DATES, "Age": AGE}
WHOLE_SOURCES = {"lms_loan_daily": LOAN_BOOK}
