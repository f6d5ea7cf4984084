"""The random streams of a generated book: one independent generator per cohort and purpose.

Distributions do not belong here, only where their randomness comes from.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Draw(IntEnum):
    """What a stream is drawn for. The numbers are part of every book: never renumber them."""

    SIZE = 1
    APPLICANTS = 2
    TRAITS = 3
    REPAYMENTS = 4
    NAMES = 5
    ATTRIBUTES_DIRT = 6
    FINANCIALS_DIRT = 7
    CLICKSTREAM = 8
    SELECTION = 9
    MISSING_CELLS = 10
    LATE_PAYMENTS = 11


def generator(seed: int, cohort: int, draw: Draw, step: int = 0) -> np.random.Generator:
    """The generator of one cohort and purpose; `step` distinguishes the months of a customer's history."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, cohort, int(draw), step])))


def choose(rng: np.random.Generator, values: tuple[str, ...], n: int) -> NDArray[np.str_]:
    """`n` values with equal chances."""
    return np.array(values)[rng.integers(0, len(values), n)]
