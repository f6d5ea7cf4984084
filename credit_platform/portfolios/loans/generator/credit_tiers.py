"""How applicants of each credit standing look: the quantiles of every driver.

The four standings are what makes the drivers correlate: within one they are drawn independently. Drawing belongs to
applicants.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from credit_platform.texts import yaml_beside

PROBABILITIES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

Quantiles = tuple[float, float, float, float, float, float, float]


@dataclass(frozen=True)
class CreditTier:
    """One kind of applicant: its share of the book, its credit mix, and its quantiles at `PROBABILITIES`."""

    share: float
    credit_mix: str
    minimum_paid_rate: float
    quantiles: Mapping[str, Quantiles]


# The shares in the market a covariate drift moves to.
SHIFTED_SHARES = (0.02, 0.08, 0.20, 0.70)


@cache
def credit_tiers() -> tuple[CreditTier, ...]:
    """The four standings, from the safest to the riskiest."""
    return tuple(yaml_beside(__file__, "credit_tiers.yaml", dict[str, CreditTier]).values())
