"""Keys are unique whatever the size of the book."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.portfolios.home_credit.generator.keys import MOST_APPLICATIONS, MOST_CHILDREN, child_keys, keys


@given(st.integers(1, 5000), st.integers(1, 10**7))
def test_keys_are_a_permutation(space: int, first: int) -> None:
    found = keys(np.arange(space), space=space, first=first)
    assert np.array_equal(np.sort(found), np.arange(first, first + space))


@given(st.integers(1, 200))
def test_children_of_different_applications_never_share_a_key(n: int) -> None:
    parents, places = np.divmod(np.arange(n * MOST_CHILDREN), MOST_CHILDREN)
    assert np.unique(child_keys(parents, places, n_applications=n, first=1)).size == n * MOST_CHILDREN


def test_keys_of_the_largest_book_fit_into_64_bits() -> None:
    last = np.array([MOST_APPLICATIONS * MOST_CHILDREN - 1])
    assert keys(last, space=MOST_APPLICATIONS * MOST_CHILDREN, first=5_000_001)[0] > 0
