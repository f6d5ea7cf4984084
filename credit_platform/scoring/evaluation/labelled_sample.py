"""The labelled loans of one cohort as arrays, and the intervals of the statistics drawn from them.

Statuses and tables of figures belong in `performance`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit_platform.statistics.discrimination import brier_interval as interval_of_brier
from credit_platform.statistics.discrimination import confusion, delong_interval
from credit_platform.statistics.intervals import FloatArray, Interval, bootstrap_interval
from credit_platform.statistics.ranked_sample import RankedSample


@dataclass(frozen=True)
class LabelledSample:
    """The labelled loans of a cohort as arrays, one element per loan; 1 is bad, or declined."""

    label: NDArray[np.int64]
    probability: FloatArray
    declined: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Labelled loans."""
        return int(self.label.size)

    @property
    def n_bad(self) -> int:
        """Bads among them."""
        return int(self.label.sum())

    def is_enough(self, min_bads: int) -> bool:
        """Whether the smaller class is large enough to decide on."""
        return min(self.n_bad, self.n - self.n_bad) >= min_bads


def auc_interval(outcome: LabelledSample, confidence: float) -> Interval | None:
    """DeLong's interval of the ROC-AUC; None below two loans of a class."""
    return delong_interval(outcome.label, outcome.probability, confidence)


def f1_interval(outcome: LabelledSample, confidence: float) -> Interval | None:
    """Bootstrap interval of the F1 score; None where the score or a class is missing."""
    estimate = confusion(outcome.label, outcome.declined).f1_score
    if estimate is None:
        return None
    hit = (outcome.label * outcome.declined).astype(np.float64)
    weight = (outcome.label + outcome.declined).astype(np.float64)

    def f1_scores(times: FloatArray) -> FloatArray:
        drawn = times @ weight
        return np.divide(2 * (times @ hit), drawn, out=np.full_like(drawn, np.nan), where=drawn > 0)

    return bootstrap_interval(outcome.label, estimate, f1_scores, confidence=confidence, is_stratified=False)


def brier_interval(outcome: LabelledSample, confidence: float) -> Interval | None:
    """Interval of the Brier score, a mean; None below two loans."""
    return interval_of_brier(outcome.label, outcome.probability, confidence)


def ks_interval(outcome: LabelledSample, confidence: float) -> Interval | None:
    """Interval of the KS statistic; None where a class is missing."""
    return RankedSample.of(outcome.label, outcome.probability).ks_interval(confidence)


def ks_of_draws(label: NDArray[np.integer], probability: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """The KS statistic as a function of `drawn_counts` that were drawn stratified, one value per draw."""
    order = np.argsort(probability, kind="stable")
    ranked, outcome = probability[order], label[order]
    n_bad = int(outcome.sum())
    is_last_of_tie = np.append(ranked[1:] != ranked[:-1], np.ones(1, dtype=bool))
    step = np.where(outcome == 1, -1 / n_bad, 1 / (outcome.size - n_bad))

    def distances(times: FloatArray) -> FloatArray:
        gaps = np.cumsum(times[:, order] * step, axis=1)[:, is_last_of_tie]
        return np.abs(gaps).max(axis=1)

    return distances
