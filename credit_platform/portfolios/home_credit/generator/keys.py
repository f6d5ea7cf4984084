"""The keys of a generated book: unique numbers that look unsorted, from running numbers.

Which rows get a key belongs to the modules that draw them.
"""

import math

import numpy as np
from numpy.typing import NDArray

# The smallest key of every kind, as in the competition's files.
FIRST_APPLICATION, FIRST_PREVIOUS, FIRST_BUREAU = 100_001, 1_000_001, 5_000_001
# The most children of one kind that an application has; each has a running number of its own whether it exists or not.
MOST_CHILDREN = 32
# The products of running numbers and steps must fit into 64 bits.
MOST_APPLICATIONS = 100_000_000
_GOLDEN_RATIO = 0.618033988749895


def keys(numbers: NDArray[np.int64], *, space: int, first: int) -> NDArray[np.int64]:
    """A permutation of the running numbers 0 to `space` - 1, counted from `first`."""
    step = max(1, round(_GOLDEN_RATIO * space))
    while math.gcd(step, space) > 1:
        step += 1
    return first + numbers * step % space


def child_keys(
    parents: NDArray[np.int64], places: NDArray[np.int64], *, n_applications: int, first: int
) -> NDArray[np.int64]:
    """Keys of children: `parents` are running numbers of applications, `places` count their children from 0."""
    return keys(parents * MOST_CHILDREN + places, space=n_applications * MOST_CHILDREN, first=first)
