"""Keys of the customers and loans of a generated book, unique over the whole book however large it grows.

Nothing random belongs here: a key follows from the cohort and the place in it.
"""

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

# Both maps are one-to-one: an odd factor modulo a power of two, a factor coprime to ten modulo a power of ten.
KEY_SPACE = 1 << 28
_KEY_FACTOR, _KEY_OFFSET = 158_391_907, 4_096
_SSN_SPACE, _SSN_FACTOR, _SSN_OFFSET = 10**9, 617_283_941, 123_456_789


def cohort_capacity(loans_per_month: int) -> int:
    """How many keys are set aside for each cohort; cohorts vary around `loans_per_month` and never fill it."""
    return 2 * loans_per_month + 100


def customer_numbers(cohort: int, n: int, loans_per_month: int) -> NDArray[np.int64]:
    """The running numbers of a cohort's customers in the whole book."""
    return cohort * cohort_capacity(loans_per_month) + np.arange(n, dtype=np.int64)


def customer_ids(numbers: NDArray[np.int64]) -> pl.Series:
    """`CUS_0x<hex>`, scattered over the key space so that the month cannot be read from a key."""
    codes = (numbers * _KEY_FACTOR + _KEY_OFFSET) % KEY_SPACE
    return pl.Series("customer_id", [f"CUS_0x{code:x}" for code in codes.tolist()], dtype=pl.String)


def loan_ids(customers: pl.Series, month: date) -> pl.Series:
    """Customer key and start date, `CUS_0x1f_2023_01_01`."""
    return (customers + month.strftime("_%Y_%m_%d")).alias("loan_id")


def social_security_numbers(numbers: NDArray[np.int64]) -> pl.Series:
    """`ddd-dd-dddd`, one per customer; made up."""
    digits = pl.Series("ssn", (numbers * _SSN_FACTOR + _SSN_OFFSET) % _SSN_SPACE).cast(pl.String).str.zfill(9)
    return (digits.str.slice(0, 3) + "-" + digits.str.slice(3, 2) + "-" + digits.str.slice(5, 4)).alias("ssn")
