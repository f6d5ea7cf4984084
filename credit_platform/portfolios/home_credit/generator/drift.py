"""The drifts of a generated book: what each kind changes, and what it does to the rows of new applications.

A book without a calendar has one border in time, that between the applications with an outcome and the new ones; the
book holds drifts to it. Watching for drifts belongs to monitoring.
"""

import numpy as np
import polars as pl

from credit_platform.portfolios.drift import Drift, DriftKind

DARK_SOURCE = "installments_payments"
MISSING_COLUMNS = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "AMT_ANNUITY", "DAYS_LAST_PHONE_CHANGE")
NEW_COLUMN = "CODE_BRANCH"
RENAMED_COLUMN, NEW_NAME = "AMT_ANNUITY", "AMT_ANNUITY_MONTHLY"
# Up to which strength a schema change is no more than this; above the last, a column has another name.
_ORDER_ONLY, _ADDED = 0.25, 0.75

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


def is_order_only(drift: Drift) -> bool:
    """Whether a drift delivers the same columns in another order."""
    return drift.kind == DriftKind.SCHEMA_CHANGE and drift.strength <= _ORDER_ONLY


def without_cells(applications: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Empty that share of the cells of `MISSING_COLUMNS`."""
    return applications.with_columns(
        pl.when(pl.Series(rng.random(applications.height) >= share)).then(pl.col(name)).alias(name)
        for name in MISSING_COLUMNS
    )


def changed_schema(applications: pl.DataFrame, strength: float) -> pl.DataFrame:
    """Deliver the same applications in another form: other order, a new column or a renamed one."""
    if strength <= _ORDER_ONLY:
        return applications.select(reversed(applications.columns))
    if strength <= _ADDED:
        return applications.with_columns(pl.lit("unknown").alias(NEW_COLUMN))
    return applications.rename({RENAMED_COLUMN: NEW_NAME})
