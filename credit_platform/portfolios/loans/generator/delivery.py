"""What drifts do to the files of one snapshot month, the loans and customers being what they are.

Who applies and who defaults belongs to the cohorts; the ordinary dirt of every month to dirt.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.drifted_rows import ChangedForm
from credit_platform.portfolios.loans.generator.randomness import Draw, generator
from credit_platform.portfolios.loans.generator.repayments import OUTCOME_INSTALLMENT

LATE_RATE = 0.10
MISSING_COLUMNS = (
    "Num_Credit_Inquiries",
    "Changed_Credit_Limit",
    "Outstanding_Debt",
    "Credit_History_Age",
    "Monthly_Inhand_Salary",
)
FINANCIALS_FORM = ChangedForm(
    decimals=("Annual_Income", "Monthly_Inhand_Salary", "Outstanding_Debt", "Monthly_Balance"),
    added=("Employer", "unknown"),
    renamed=("Outstanding_Debt", "Total_Outstanding_Debt"),
)


def without_outcomes(loans: pl.DataFrame) -> pl.DataFrame:
    """Leave out the rows that decide labels: those of the sixth instalment and later."""
    return loans.filter(pl.col("installment_num").cast(pl.Int64) < OUTCOME_INSTALLMENT)


def recorded_late(
    behind: NDArray[np.int8], *, installment: int, strength: float, seed: int, cohort: int
) -> NDArray[np.int8]:
    """Instalments behind as first recorded: some who paid this one in time look one behind.

    Args:
        behind: Missed instalments in a row at months 0 to 10, loans by months.
        installment: The month on book of the file.
        strength: 1 for `LATE_RATE` of the loans.
        seed: Of the book.
        cohort: Index of the cohort in the book.
    """
    if installment == 0:
        return behind
    chance = generator(seed, cohort, Draw.LATE_PAYMENTS, installment).random(behind.shape[0])
    is_late = (chance < LATE_RATE * strength) & (behind[:, installment] == 0)
    recorded = behind.copy()
    recorded[is_late, installment] = 1
    return recorded
