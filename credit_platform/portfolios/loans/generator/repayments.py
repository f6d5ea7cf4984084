"""How the loans of a generated book are repaid: ten instalments, paths of missed ones, the rows of the loan file.

Who defaults belongs to the default process. Days past due and labels belong to lending, which reads these rows like any
other lender's.
"""

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

TENURE_MONTHS = 10
LOAN_AMOUNT = 10_000
INSTALLMENT_AMOUNT = LOAN_AMOUNT / TENURE_MONTHS
ABSORBED_FROM = 5
# The month on book whose row decides the label.
OUTCOME_INSTALLMENT = 6


def draw_missed_in_a_row(is_default: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int8]:
    """How many instalments each loan is behind at months 0 to 10, loans by months.

    A defaulter misses instalment k with chance k/5, pays all arrears at once when it pays, and never pays from the
    fifth on: the share of overdue loans grows in a straight line to month 5 and stays, and nobody is exactly one
    instalment behind at month 6. Others pay on time.
    """
    chance = np.minimum(np.arange(TENURE_MONTHS + 1) / ABSORBED_FROM, 1.0)
    is_missed = (rng.random((is_default.size, chance.size)) < chance) & is_default[:, None]
    behind = np.zeros(is_missed.shape, dtype=np.int8)
    for month in range(1, TENURE_MONTHS + 1):
        behind[:, month] = (behind[:, month - 1] + 1) * is_missed[:, month]
    return behind


def loan_rows(
    *, loans: pl.Series, customers: pl.Series, behind: NDArray[np.int8], start: date, snapshot: date, installment: int
) -> pl.DataFrame:
    """The rows of one cohort in the loan file of the month in which instalment `installment` is due."""
    before = behind[:, installment - 1] if installment else behind[:, 0]
    overdue = behind[:, installment].astype(np.float64)
    n_paid = before + 1 - overdue if installment else np.zeros(overdue.size)
    repaid = installment - overdue
    columns = {
        "loan_id": loans,
        "Customer_ID": customers,
        "loan_start_date": start.isoformat(),
        "tenure": str(TENURE_MONTHS),
        "installment_num": str(installment),
        "loan_amt": str(LOAN_AMOUNT),
        "due_amt": str(INSTALLMENT_AMOUNT if installment else 0.0),
        "paid_amt": n_paid * INSTALLMENT_AMOUNT,
        "overdue_amt": overdue * INSTALLMENT_AMOUNT,
        "balance": LOAN_AMOUNT - repaid * INSTALLMENT_AMOUNT,
        "snapshot_date": snapshot.isoformat(),
    }
    return pl.DataFrame(columns).select(pl.all().cast(pl.String))
