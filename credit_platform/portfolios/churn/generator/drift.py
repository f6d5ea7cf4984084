"""The drifts of a generated churn book: what each kind changes, and by how much.

What a drift does to files belongs to `delivery`, watching for drifts to monitoring.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Self

from credit_platform.portfolios.drift import Drift, DriftKind, in_force, strength_of

DARK_SOURCE = "feedback_raw"

MEANING: dict[DriftKind, str] = {
    DriftKind.COVARIATE: "Purchases become larger: up to three times as many products, which cost half as much again. "
    "How often customers buy and why they leave stays.",
    DriftKind.LABEL: "More customers leave, strength 1 multiplying the odds by 10. How those look who leave stays, but "
    "for the silence after it.",
    DriftKind.CONCEPT: "Customers who buy dear things, about a third, skip a month and buy again in the next, and "
    "satisfied customers pause and leave as often as others. At strength 0.7 a model of before falls to a ROC-AUC of "
    "about 0.65, and one of the months since reaches 0.80.",
    DriftKind.MISSINGNESS: "A new file of customers holds from that month on, with that share of the cells of four "
    "columns empty.",
    DriftKind.SOURCE_DARK: "From a month on there is no feedback, at any strength; earlier feedback stays.",
    DriftKind.SCHEMA_CHANGE: "The sales files change: columns in another order (up to 0.25), decimal commas (0.5), a "
    "new column (0.75), a renamed column (1).",
    DriftKind.SEASONAL: "Purchases swing with the calendar, most in December: by 40 % at strength 1.",
    DriftKind.VOLUME: "That share of the customers is in no sales and no feedback file any more. They count as churned "
    "in the month before.",
    DriftKind.LATE_CORRECTION: "Of the purchases of a month's last five days, 20 % at strength 1 are not in its first "
    "files; a corrected file has them.",
}
# Why the other kind cannot be generated.
REFUSED: dict[DriftKind, str] = {
    DriftKind.LABEL_DELAY: "labels are read from the same sales as features, so they cannot be late alone"
}


@dataclass(frozen=True)
class Change:
    """What the drifts of one month change in the lives of customers.

    Attributes:
        lines: Factor of the number of products beside the first.
        prices: Factor of amounts.
        leaving: Added to the logit of leaving.
        turn: How far satisfaction has lost its say, 0 to 1.
        skips: Chance to skip a month for those who buy dear things.
        season: Added to how far rates swing.
    """

    lines: float
    prices: float
    leaving: float
    turn: float
    skips: float
    season: float

    @classmethod
    def of(cls, drifts: Iterable[Drift], month: date) -> Self:
        """What is different in `month`; nothing before a drift begins."""
        now = in_force(drifts, month)
        covariate, concept = strength_of(now, DriftKind.COVARIATE), strength_of(now, DriftKind.CONCEPT)
        return cls(
            lines=1.0 + 2.0 * covariate,
            prices=1.0 + 0.5 * covariate,
            leaving=math.log(10.0) * strength_of(now, DriftKind.LABEL),
            turn=concept,
            skips=concept,
            season=0.4 * strength_of(now, DriftKind.SEASONAL),
        )


def season(month: date) -> float:
    """The calendar's wave: 1 in December, -1 in June."""
    return math.cos(2 * math.pi * month.month / 12)
