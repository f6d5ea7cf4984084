"""The drifts of a generated book: what each kind changes, and which columns of new applications it is about.

A book without a calendar has one border in time, that between the applications with an outcome and the new ones; the
book holds drifts to it. Watching for drifts belongs to monitoring.
"""

from credit_platform.portfolios.drift import DriftKind
from credit_platform.portfolios.drifted_rows import ChangedForm

DARK_SOURCE = "installments_payments"
MISSING_COLUMNS = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "AMT_ANNUITY", "DAYS_LAST_PHONE_CHANGE")
APPLICATION_FORM = ChangedForm(
    decimals=(), added=("CODE_BRANCH", "unknown"), renamed=("AMT_ANNUITY", "AMT_ANNUITY_MONTHLY")
)

MEANING: dict[DriftKind, str] = {
    DriftKind.COVARIATE: "Other people apply: younger, with lower scores and worse histories. What makes an applicant "
    "default stays.",
    DriftKind.MISSINGNESS: "That share of the cells of five columns of the application is empty.",
    DriftKind.SOURCE_DARK: "The new applications have no instalments, at any strength.",
    DriftKind.SCHEMA_CHANGE: "The file of new applications changes: columns in another order (up to 0.25), a new "
    "column (0.75), a renamed column (1).",
}
# Why the other kinds cannot be generated.
REFUSED: dict[DriftKind, str] = {
    DriftKind.LABEL: "new applications have no outcome, so nothing of it would be in the files",
    DriftKind.CONCEPT: "new applications have no outcome, so nothing of it would be in the files",
    DriftKind.SEASONAL: "the book has no calendar",
    DriftKind.VOLUME: "the book has no calendar, so applications are not counted by month",
    DriftKind.LABEL_DELAY: "outcomes come with their applications",
    DriftKind.LATE_CORRECTION: "every file is delivered once",
}
