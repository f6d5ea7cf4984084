"""The drifts of a synthetic book: their kinds, when each begins, how strong it is.

What a drift does to applicants, defaults or files stands in the module it acts on; watching for drifts belongs to
monitoring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_platform.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


class DriftKind(StrEnum):
    """What changes. Kinds of `COHORT_KINDS` begin with a cohort, the others with the files of a snapshot month."""

    COVARIATE = "covariate"
    LABEL = "label"
    CONCEPT = "concept"
    MISSINGNESS = "missingness"
    SOURCE_DARK = "source_dark"
    SCHEMA_CHANGE = "schema_change"
    SEASONAL = "seasonal"
    VOLUME = "volume"
    LABEL_DELAY = "label_delay"
    LATE_CORRECTION = "late_correction"


COHORT_KINDS = frozenset(
    {DriftKind.COVARIATE, DriftKind.LABEL, DriftKind.CONCEPT, DriftKind.SEASONAL, DriftKind.VOLUME}
)

MEANING: dict[DriftKind, str] = {
    DriftKind.COVARIATE: "Other people apply: lower incomes, more debt, fuller cards, other trades. What makes an "
    "applicant default stays.",
    DriftKind.LABEL: "More loans default, strength 1 multiplying the odds by 2.7. How good and bad loans look stays.",
    DriftKind.CONCEPT: "Applicants look as before, and other things make them default: full cards and high spending "
    "instead of strain.",
    DriftKind.MISSINGNESS: "That share of the cells of five financial columns is empty.",
    DriftKind.SOURCE_DARK: "The clickstream has no rows any more, at any strength.",
    DriftKind.SCHEMA_CHANGE: "The financials file changes: columns in another order (up to 0.25), decimal "
    "commas (0.5), a new column (0.75), a renamed column (1).",
    DriftKind.SEASONAL: "Number of loans and odds of default swing with the calendar, highest in December: by 40 % and "
    "60 % at strength 1.",
    DriftKind.VOLUME: "Fewer loans: that share of them is missing.",
    DriftKind.LABEL_DELAY: "The loan file lacks all rows from the sixth instalment on, which tell the outcome, at any "
    "strength.",
    DriftKind.LATE_CORRECTION: "Payments are recorded a month late, for 10 % of the loans at strength 1; a "
    "corrected file says otherwise.",
}


@dataclass(frozen=True)
class Drift:
    """One planted change.

    Attributes:
        kind: What changes.
        first_month: First cohort or snapshot month that shows it, a first of the month.
        strength: How much, above 0 up to 1.
    """

    kind: DriftKind
    first_month: date
    strength: float

    def __post_init__(self) -> None:
        for name, is_wrong, reason in (
            ("kind", self.kind not in tuple(DriftKind), f"is none of {', '.join(DriftKind)}"),
            ("first_month", self.first_month.day != 1, "is not the first of a month"),
            ("strength", not 0 < self.strength <= 1, "is not above 0 and at most 1"),
        ):
            if is_wrong:
                value = getattr(self, name)
                raise SettingsError(name=f"drift, {name}", reason=f"{value} {reason}", fix="Choose another.")


def in_force(drifts: Iterable[Drift], month: date) -> tuple[Drift, ...]:
    """The drifts that have begun by `month`."""
    return tuple(drift for drift in drifts if drift.first_month <= month)


def shaping_cohort(drifts: Iterable[Drift], month: date) -> tuple[Drift, ...]:
    """The drifts that shape the cohort applying in `month`: none before they begin, so it is drawn as without any."""
    return tuple(drift for drift in in_force(drifts, month) if drift.kind in COHORT_KINDS)


def strength_of(drifts: Iterable[Drift], kind: DriftKind) -> float:
    """The largest strength of one kind; 0 when there is none."""
    return max((drift.strength for drift in drifts if drift.kind == kind), default=0.0)


def volume_factor(drifts: tuple[Drift, ...], month: date) -> float:
    """The cohort's expected size as a share of the usual one."""
    kept = 1.0 - strength_of(drifts, DriftKind.VOLUME)
    return kept * (1.0 + 0.4 * strength_of(drifts, DriftKind.SEASONAL) * _season(month))


def odds_factor(drifts: tuple[Drift, ...], month: date) -> float:
    """What the odds of default of the cohort are multiplied by, the look of good and bad loans staying as it is."""
    season = 1.0 + 0.6 * strength_of(drifts, DriftKind.SEASONAL) * _season(month)
    return math.exp(strength_of(drifts, DriftKind.LABEL)) * season


def _season(month: date) -> float:
    """The calendar's wave: 1 in December, -1 in June."""
    return math.cos(2 * math.pi * month.month / 12)
