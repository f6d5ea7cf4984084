"""The drifts of a generated loan book: what each kind changes, and how it shapes a cohort.

Watching for drifts belongs to monitoring, what a drift does to files to `delivery`.
"""

import math
from collections.abc import Iterable
from datetime import date

from credit_platform.portfolios.drift import Drift, DriftKind, in_force, strength_of

# These begin with a cohort, the others with the files of a snapshot month.
COHORT_KINDS = frozenset(
    {DriftKind.COVARIATE, DriftKind.LABEL, DriftKind.CONCEPT, DriftKind.SEASONAL, DriftKind.VOLUME}
)

MEANING: dict[DriftKind, str] = {
    DriftKind.COVARIATE: "Other people apply: lower incomes, more debt, fuller cards, other trades. What makes an "
    "applicant default stays.",
    DriftKind.LABEL: "More loans default, strength 1 multiplying the odds by 2.7. How good and bad loans look stays.",
    DriftKind.CONCEPT: "Applicants look as before, and other things make them default: full cards and high spending "
    "beside debt and strain. At strength 0.7 a model of before falls to a ROC-AUC of about 0.70.",
    DriftKind.MISSINGNESS: "That share of the cells of five financial columns is empty.",
    DriftKind.SOURCE_DARK: "From a month on the clickstream has no rows, at any strength; earlier ones stay.",
    DriftKind.SCHEMA_CHANGE: "The financials file changes: columns in another order (up to 0.25), decimal "
    "commas (0.5), a new column (0.75), a renamed column (1).",
    DriftKind.SEASONAL: "Number of loans and odds of default swing with the calendar, highest in December: by 40 % and "
    "60 % at strength 1.",
    DriftKind.VOLUME: "Fewer loans: that share of them is missing.",
    DriftKind.LABEL_DELAY: "The loan file lacks all rows from the sixth instalment on, which decide the label, at any "
    "strength.",
    DriftKind.LATE_CORRECTION: "Payments are recorded a month late, for 10 % of the loans at strength 1; a "
    "corrected file says otherwise.",
}


def shaping_cohort(drifts: Iterable[Drift], month: date) -> tuple[Drift, ...]:
    """The drifts that shape the cohort applying in `month`: none before they begin, so it is drawn as without any."""
    return tuple(drift for drift in in_force(drifts, month) if drift.kind in COHORT_KINDS)


def volume_factor(drifts: tuple[Drift, ...], month: date) -> float:
    """The cohort's expected size as a share of the usual one."""
    kept = 1.0 - strength_of(drifts, DriftKind.VOLUME)
    return kept * (1.0 + 0.4 * strength_of(drifts, DriftKind.SEASONAL) * _season(month))


def odds_factor(drifts: tuple[Drift, ...], month: date) -> float:
    """What the odds of default of the cohort are multiplied by; how good and bad loans look does not change."""
    season = 1.0 + 0.6 * strength_of(drifts, DriftKind.SEASONAL) * _season(month)
    return math.exp(strength_of(drifts, DriftKind.LABEL)) * season


def _season(month: date) -> float:
    """The calendar's wave: 1 in December, -1 in June."""
    return math.cos(2 * math.pi * month.month / 12)
