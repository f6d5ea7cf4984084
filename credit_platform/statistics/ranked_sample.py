"""One sample in the order of its probability, and statistics of it under many weightings of its loans at once.

A weighting of ones is the sample itself, the counts of a bootstrap draw a resample; so one formula gives the estimate
and what its interval is made of. Metrics with an interval in closed form belong to discrimination and calibration
evidence, choosing metrics to `metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from credit_platform.statistics.curves import probability_bins
from credit_platform.statistics.intervals import Interval, drawn_counts, logit_interval

FloatArray = NDArray[np.float64]
PlaceArray = NDArray[np.int64]


class BrierParts(NamedTuple):
    """The Brier score taken apart over ten bins: reliability - resolution + uncertainty + within_bins.

    Murphy (1973). `reliability` is the cost of miscalibrated bins, less is better; `resolution` the gain from bins that
    differ, more is better; `uncertainty` the score of forecasting the bad rate for all. `within_bins` is left because
    probabilities differ inside a bin (Stephenson, Coelho and Jolliffe 2008), and 0 where they do not.
    """

    reliability: FloatArray
    resolution: FloatArray
    uncertainty: FloatArray
    within_bins: FloatArray


@dataclass(frozen=True, eq=False)
class RankedSample:
    """A sample of at least one loan by rising probability; `label` is 1 for bad, 0 for good.

    Every method takes weights, shape (draws, loans), and returns one value per draw; NaN where a draw defines none, as
    when a class is missing.
    """

    label: NDArray[np.int8]
    probability: FloatArray

    @classmethod
    def of(cls, label: NDArray[np.integer], probability: FloatArray) -> RankedSample:
        """Rank a sample; loans of one probability by label, so that the order of the rows does not matter."""
        order = np.lexsort((label, probability))
        return cls(label[order].astype(np.int8), probability[order])

    @property
    def itself(self) -> FloatArray:
        """The weighting that is the sample itself, shape (1, loans)."""
        return np.ones((1, len(self.label)))

    @cached_property
    def _tie_starts(self) -> PlaceArray:
        return _starts(self.probability)

    @cached_property
    def _bin_starts(self) -> PlaceArray:
        return _starts(probability_bins(self.probability))

    def ks(self, weights: FloatArray) -> FloatArray:
        """Kolmogorov-Smirnov statistic."""
        bads, loans = self._cumulated(weights)
        goods = loans - bads
        return np.abs(_share(bads, bads[:, -1:]) - _share(goods, goods[:, -1:])).max(axis=1)

    def ks_interval(self, confidence: float) -> Interval | None:
        """Interval of the Kolmogorov-Smirnov statistic; None where a class is missing.

        That of the difference of two shares, bads and goods below the cut where they differ most, with a bad and a good
        more on either side of it (Agresti and Caffo 2000), in the log-odds of (1 + KS) / 2. A largest distance exceeds
        the true one by chance. The estimate is moved by what stratified resamples exceed it; they show about half of
        the bias (simulated), so as much again is added to the variance as its square. 0 is in the interval while
        Smirnov's test does not exclude it.
        """
        times = drawn_counts(self.label, is_stratified=True)
        if times is None:
            return None
        bads, loans = (counts[0] for counts in self._cumulated(self.itself))
        goods = loans - bads
        gaps = np.abs(bads / bads[-1] - goods / goods[-1])
        cut = int(gaps.argmax())
        variance = 0.0
        for below in (bads, goods):
            n = float(below[-1]) + 2
            share = (float(below[cut]) + 1) / n
            variance += share * (1 - share) / n
        estimate = float(gaps[cut])
        bias = float(self.ks(times).mean()) - estimate
        deviation = sqrt(variance + bias**2) / 2
        low, high = (2 * end - 1 for end in logit_interval((1 + estimate - bias) / 2, deviation, confidence))
        by_chance = sqrt(-log((1 - confidence) / 2) / 2 * float(loans[-1] / bads[-1] / goods[-1]))
        low = 0.0 if estimate <= by_chance else max(0.0, low)
        return Interval(min(estimate, low), max(estimate, high))

    def average_precision(self, weights: FloatArray) -> FloatArray:
        """Mean precision over the steps of recall, the area under the curve of precision against recall."""
        bads, loans = self._cumulated(weights)
        of_tie = np.diff(bads, axis=1, prepend=0)
        precision = _share(bads[:, -1:] - bads + of_tie, loans[:, -1:] - loans + np.diff(loans, axis=1, prepend=0))
        # A tie that no draw contains adds nothing; a draw without bads defines no recall.
        return (np.nan_to_num(precision) * _share(of_tie, bads[:, -1:])).sum(axis=1)

    def capture_rate(self, weights: FloatArray, share: float) -> FloatArray:
        """Share of all bads among the riskiest `share` of the loans, ties in proportion."""
        bads, loans = self._cumulated(weights)
        safer = [
            np.interp((1 - share) * all_loans[-1], np.append(0, all_loans), np.append(0, all_bads))
            for all_bads, all_loans in zip(bads, loans, strict=True)
        ]
        return 1 - _share(np.array(safer), bads[:, -1])

    def brier(self, weights: FloatArray) -> FloatArray:
        """Mean squared distance between probability and outcome."""
        return _weighted(weights, (self.probability - self.label) ** 2) / weights.sum(axis=1)

    def f1_score(self, weights: FloatArray, cut_off: float) -> FloatArray:
        """F1 score of declining at and above the cut-off."""
        declined = self.probability >= cut_off
        hit = _weighted(weights, (declined & (self.label == 1)).astype(np.float64))
        return _share(2 * hit, _weighted(weights, declined.astype(np.float64) + self.label))

    def precision(self, weights: FloatArray, cut_off: float) -> FloatArray:
        """Share of bads among the declined, of declining at and above the cut-off."""
        declined = (self.probability >= cut_off).astype(np.float64)
        return _share(_weighted(weights, declined * self.label), _weighted(weights, declined))

    def recall(self, weights: FloatArray, cut_off: float) -> FloatArray:
        """Share of the bads that is declined, of declining at and above the cut-off."""
        declined = (self.probability >= cut_off).astype(np.float64)
        return _share(_weighted(weights, declined * self.label), _weighted(weights, self.label.astype(np.float64)))

    def accuracy(self, weights: FloatArray, cut_off: float) -> FloatArray:
        """Share of loans decided as they turned out, of declining at and above the cut-off."""
        is_right = ((self.probability >= cut_off) == (self.label == 1)).astype(np.float64)
        return _weighted(weights, is_right) / weights.sum(axis=1)

    def brier_parts(self, weights: FloatArray) -> BrierParts:
        """Murphy's parts of the Brier score."""
        loans, bads, expected = self._by_bin(weights)
        n = loans.sum(axis=1, keepdims=True)
        base = bads.sum(axis=1, keepdims=True) / n
        rate = np.nan_to_num(_share(bads, loans))
        reliability = (loans * (np.nan_to_num(_share(expected, loans)) - rate) ** 2 / n).sum(axis=1)
        resolution = (loans * (rate - base) ** 2 / n).sum(axis=1)
        uncertainty = (base * (1 - base))[:, 0]
        within = self.brier(weights) - (reliability - resolution + uncertainty)
        return BrierParts(reliability, resolution, uncertainty, within)

    def expected_calibration_error(self, weights: FloatArray) -> FloatArray:
        """Mean distance between mean probability and bad rate of ten bins, weighted by loans (Naeini et al. 2015)."""
        loans, bads, expected = self._by_bin(weights)
        return np.abs(expected - bads).sum(axis=1) / loans.sum(axis=1)

    def honest_calibration_error(self, draws: int, seed: int) -> FloatArray:
        """What the expected calibration error would be if every probability were right, one value per drawn outcome.

        Above 0 by chance alone, since a distance is never negative.
        """
        bad = np.random.default_rng(seed).random((draws, len(self.label))) < self.probability
        missed = np.add.reduceat(bad - self.probability, self._bin_starts, axis=1)
        return np.abs(missed).sum(axis=1) / len(self.label)

    def _cumulated(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Bads and loans up to each distinct probability, shape (draws, distinct probabilities)."""
        parts = (np.add.reduceat(counted, self._tie_starts, axis=1) for counted in (weights * self.label, weights))
        bads, loans = (part.cumsum(axis=1) for part in parts)
        return bads, loans

    def _by_bin(self, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Loans, bads and expected bads of each bin, shape (draws, bins)."""
        counted = (weights, weights * self.label, weights * self.probability)
        loans, bads, expected = (np.add.reduceat(part, self._bin_starts, axis=1) for part in counted)
        return loans, bads, expected


def _starts(values: NDArray[np.generic]) -> PlaceArray:
    """Where a new value begins in sorted values."""
    return np.flatnonzero(np.append(np.ones(1, dtype=bool), values[1:] != values[:-1]))


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Part over whole, NaN where there is no whole."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _weighted(weights: FloatArray, values: FloatArray) -> FloatArray:
    # Not a matrix product: that may be split over threads, and the last bit would depend on the machine's cores.
    return np.einsum("dl,l->d", weights, values)
