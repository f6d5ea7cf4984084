"""Loans by the sources they have: what segments are called, how each is ranked, and which cohorts are alike in them.

Testing segments belongs in `early_performance_tests`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import polars as pl

from credit_platform.monitoring.measures import NO_SOURCE
from credit_platform.statistics.discrimination import AucSpread

_WITH = " with "
SHARE_TOLERANCE = 0.05  # shares this close move the ROC-AUC by less than chance does
# Shares further apart than this many standard deviations are not so by chance, however many shares are compared.
CHANCE_DEVIATIONS = 4.0


@dataclass(frozen=True)
class RankedLoans:
    """Scored loans that have the same sources; `spread` is None below two bads or goods."""

    n: int
    n_bad: int
    spread: AucSpread | None


def source_segment(sources: str, *, read: str) -> str:
    """What an early label of the loans with these sources is called.

    >>> source_segment("", read="first_payment_missed")
    'first_payment_missed with no source'
    """
    return f"{read}{_WITH}{sources or NO_SOURCE}"


def read_and_sources(segment: str) -> tuple[str, str]:
    """Early label and sources of a segment; without sources for all loans.

    >>> read_and_sources("first_payment_missed with financials"), read_and_sources("first_payment_missed")
    (('first_payment_missed', 'financials'), ('first_payment_missed', ''))
    """
    read, _, sources = segment.partition(_WITH)
    return read, sources


def is_of_all_sources() -> pl.Expr:
    """Rows of early performance that are of all loans, whatever sources they have."""
    return ~pl.col("segment").str.contains(_WITH, literal=True)


def has_like_mix(one: Mapping[str, RankedLoans], other: Mapping[str, RankedLoans]) -> bool:
    """Whether two cohorts have loans of the same sources in the same shares, within 0.05 or within chance.

    >>> before, after = {"financials+web": RankedLoans(300, 40, None)}, {"financials": RankedLoans(300, 40, None)}
    >>> has_like_mix(before, before), has_like_mix(before, after)
    (True, False)
    """
    n, m = (sum(loans.n for loans in mix.values()) for mix in (one, other))
    if not n or not m:
        return True
    for sources in {*one, *other}:
        here, there = (mix[sources].n if sources in mix else 0 for mix in (one, other))
        common = (here + there) / (n + m)
        chance = CHANCE_DEVIATIONS * sqrt(common * (1 - common) * (1 / n + 1 / m))
        if abs(here / n - there / m) > max(SHARE_TOLERANCE, chance):
            return False
    return True
