"""The random streams of a generated book: one independent generator per chunk of applications and purpose.

Distributions do not belong here, only where their randomness comes from.
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream is drawn for. The numbers are part of every book: never renumber them."""

    APPLICANTS = 1
    APPLICATIONS = 2
    BUILDINGS = 3
    OUTCOMES = 4
    BUREAU = 5
    BUREAU_MONTHS = 6
    PREVIOUS = 7
    INSTALMENTS = 8
    POS_MONTHS = 9
    CARD_MONTHS = 10
    MISSING_CELLS = 11


def stream(seed: int, chunk: int, purpose: Stream) -> np.random.Generator:
    """The generator of one chunk and purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, chunk, int(purpose)])))
