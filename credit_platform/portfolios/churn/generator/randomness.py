"""The random streams of a generated churn book: one independent generator per cohort, purpose and month.

Distributions do not belong here, only where their randomness comes from.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is drawn for. The numbers are part of every book: never renumber them."""

    SIZE = 1
    PEOPLE = 2
    PRODUCTS = 3
    LIVES = 4
    PURCHASES = 5
    LINES = 6
    FEEDBACK = 7
    COMMENTS = 8
    LATE = 9
    SALES_DIRT = 10
    FEEDBACK_DIRT = 11
    CUSTOMERS_DIRT = 12
    MISSING_CELLS = 13


def stream(seed: int, purpose: Purpose, *, cohort: int = 0, step: int = 0) -> np.random.Generator:
    """The generator of one purpose; `step` tells the months of a cohort or a book apart."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, cohort, int(purpose), step])))
