"""What is usual for a month, told by the months before it: bands of rates, volumes, coverage and empty cells.

Which table a band is about and what a month outside it means belong to checks.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class RateBand:
    """Where a rate is expected, and the earlier months that say so."""

    low: float
    high: float
    mean: float
    n_months: int

    def holds(self, rate: float) -> bool:
        """Whether a rate lies in the band."""
        return self.low <= rate <= self.high


def bad_rate_band(n_loans: int, earlier: Sequence[tuple[int, int]], *, standard_errors: float) -> RateBand | None:
    """Mean bad rate of earlier cohorts +- some standard errors of its difference from a cohort of `n_loans`.

    The standard error is that of the difference of two shares with one true rate p, sqrt(p (1 - p) (1/n + 1/N)).

    Args:
        n_loans: labelled loans of the cohort judged.
        earlier: bads and labelled loans of each earlier cohort.
        standard_errors: half the width of the band.

    Returns:
        None when there is nothing to compare with.

    >>> band = bad_rate_band(100, [(30, 100), (30, 100)], standard_errors=4)
    >>> round(band.mean, 2), round(band.low, 4), round(band.high, 4)
    (0.3, 0.0755, 0.5245)
    """
    n_bad, n_earlier = (sum(column) for column in zip(*earlier, strict=True)) if earlier else (0, 0)
    if not n_loans or not n_earlier:
        return None
    mean = n_bad / n_earlier
    reach = standard_errors * math.sqrt(mean * (1 - mean) * (1 / n_loans + 1 / n_earlier))
    return RateBand(low=max(0.0, mean - reach), high=min(1.0, mean + reach), mean=mean, n_months=len(earlier))


def volume_of_median(rows: int, earlier: Sequence[int]) -> float | None:
    """A month's volume over the median of the earlier months; None when these have none.

    >>> volume_of_median(50, [90, 100, 110])
    0.5
    """
    usual = statistics.median(earlier) if earlier else 0
    return rows / usual if usual else None


def empty_limit(usual: float, n_loans: int, *, max_excess: float, standard_errors: float) -> float:
    """The largest share of empty cells that is neither much nor improbable, given the usual share.

    >>> [empty_limit(usual, 100, max_excess=0.05, standard_errors=4) for usual in (0.2, 0.0)]
    [0.36, 0.05]
    """
    chance = standard_errors * math.sqrt(usual * (1 - usual) / n_loans) if n_loans else 0.0
    return usual + max(max_excess, chance)


@dataclass(frozen=True)
class Coverage:
    """The share of new loans a source covers in a month, against the share it usually covers."""

    share: float
    usual: float | None
    is_dark: bool


def coverage_by_month(shares: Mapping[date, float], *, min_of_usual: float) -> dict[date, Coverage]:
    """Judge every month by the median of the earlier months in which the source was not dark.

    Dark months are left out of what is usual: otherwise a source that stays away long enough would count as normal.

    Args:
        shares: share of the month's new loans that the source covers, 0..1.
        min_of_usual: part of the usual share below which the source is dark.
    """
    judged: dict[date, Coverage] = {}
    lit: list[float] = []
    for month, share in sorted(shares.items()):
        usual = statistics.median(lit) if lit else None
        is_dark = usual is not None and share < min_of_usual * usual
        judged[month] = Coverage(share=share, usual=usual, is_dark=is_dark)
        # A source that never came yet has nothing to lose.
        if not is_dark and share > 0:
            lit.append(share)
    return judged
