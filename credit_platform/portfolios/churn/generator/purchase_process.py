"""The known process by which customers buy, become dissatisfied and leave, in numbers that can be changed.

Drawing does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# The months that the first customers have lived before the book begins, so that it begins in the middle of their lives.
MONTHS_BEFORE = 12
# Days a pause lasts: no purchase, and then as before.
PAUSE_DAYS = 40


@dataclass(frozen=True)
class PurchaseProcess:
    """All parameters of the way from a customer to purchases, feedback and leaving.

    Satisfaction has mean 0 and standard deviation 1 before disappointments. It moves slowly, and a disappointment
    lowers it in one month. It changes how often and how much somebody buys, what they say, and the chance to leave for
    good in the next month, whose logit is linear in it and in the profile. A pause is no purchase for some weeks.

    Attributes:
        rate: Purchases in 30 days on average.
        rate_shape: Of the gamma distribution of rates.
        lines: Products of a purchase beside the first, on average.
        memory: Correlation of satisfaction with that of the month before.
        disappointment: Chance of one in a month.
        fall: What it takes from satisfaction.
        leaving: Logit of leaving in a month at satisfaction 0.
        satisfaction: What one of satisfaction takes from that logit.
        profile: What a standard deviation of youth and restlessness adds to it.
        slowing: What one of satisfaction adds to the logarithm of the rate.
        shrinking: The same of the number of products.
        pause: Chance that a pause begins in a month at satisfaction 0.
        sulking: What one of satisfaction takes from the logarithm of that chance.
        season: How far rates swing in a year.
        talk: Feedback in 30 days of those who give any.
        silent_share: Customers who never do.
        known_share: Customers with a row in `customers.csv`.
        living: Customers when the lives of the first begin, per customer active in 90 days.
        joining: New customers in a month, per customer active in 90 days.
    """

    rate: float = 5.5
    rate_shape: float = 1.4
    lines: float = 0.3
    memory: float = 0.85
    disappointment: float = 0.02
    fall: float = 1.8
    leaving: float = -7.3
    satisfaction: float = 2.0
    profile: float = 0.35
    slowing: float = 0.25
    shrinking: float = 0.20
    pause: float = 0.012
    sulking: float = 1.0
    season: float = 0.06
    talk: float = 0.8
    silent_share: float = 0.55
    known_share: float = 0.6
    living: float = 1.07
    joining: float = 0.011

    def to_dict(self) -> dict[str, float]:
        """All parameters, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> PurchaseProcess:
        """The process of a ground truth."""
        return cls(**content)
