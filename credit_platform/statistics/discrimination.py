"""How well a probability separates bads from goods: ROC-AUC, Gini, KS, Brier, DeLong's variance, the confusion table.

Arrays in, numbers out. A metric that its sample does not define (one class only, no loan, a probability that is not a
number) is None, never a default. Intervals of other metrics belong to monitoring, reading frames to evaluation.
"""

from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from credit_platform.statistics.intervals import Interval, logit_interval

FloatArray = NDArray[np.float64]


def roc_auc(label: ArrayLike, probability: ArrayLike) -> float | None:
    """Probability that a random bad has a higher `probability` than a random good, ties counting half.

    Mann-Whitney statistic by midranks. `label` is 1 for bad and 0 for good.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> roc_auc([1, 1], [0.2, 0.3]) is None
    True
    """
    classes = _split(label, probability)
    if classes is None:
        return None
    bads, goods = classes
    rank_sum = float(midranks(np.concatenate([bads, goods]))[: len(bads)].sum())
    return (rank_sum - len(bads) * (len(bads) + 1) / 2) / (len(bads) * len(goods))


def gini(label: ArrayLike, probability: ArrayLike) -> float | None:
    """Gini coefficient (accuracy ratio), 2 AUC - 1.

    >>> gini([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    auc = roc_auc(label, probability)
    return None if auc is None else 2 * auc - 1


def ks(label: ArrayLike, probability: ArrayLike) -> float | None:
    """Kolmogorov-Smirnov statistic: largest distance between the bads' and the goods' distribution functions.

    >>> ks([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    classes = _split(label, probability)
    if classes is None:
        return None
    bads, goods = classes
    cuts = np.unique(np.concatenate([bads, goods]))
    share_of_bads = np.searchsorted(np.sort(bads), cuts, side="right") / len(bads)
    share_of_goods = np.searchsorted(np.sort(goods), cuts, side="right") / len(goods)
    return float(np.abs(share_of_goods - share_of_bads).max())


def brier(label: ArrayLike, probability: ArrayLike) -> float | None:
    """Mean squared distance between probability and outcome; None without loans.

    >>> brier([0, 1], [0.0, 0.5])
    0.125
    """
    outcome, forecast = np.asarray(label, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    if not len(outcome) or not np.isfinite(forecast).all():
        return None
    return float(np.mean((forecast - outcome) ** 2))


def brier_interval(label: ArrayLike, probability: ArrayLike, confidence: float = 0.95) -> Interval | None:
    """Interval of the Brier score, a mean of squares, normal in its log-odds; None below two loans.

    >>> low, high = brier_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> round(low, 3), round(high, 3)
    (0.045, 0.428)
    """
    value = brier(label, probability)
    squares = (np.asarray(probability, dtype=np.float64) - np.asarray(label, dtype=np.float64)) ** 2
    if value is None or squares.size < 2:
        return None
    return logit_interval(value, float(squares.std(ddof=1)) / sqrt(squares.size), confidence)


def delong_interval(label: ArrayLike, probability: ArrayLike, confidence: float = 0.95) -> Interval | None:
    """Interval of the ROC-AUC with DeLong's variance, normal in its log-odds; None below two loans of a class.

    DeLong, DeLong and Clarke-Pearson (1988), placements by midranks after Sun and Xu (2014). The log-odds keep the
    level where the ROC-AUC is high (Pepe 2003, section 5.2).

    >>> low, high = delong_interval([0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.2, 0.35, 0.8, 0.7])
    >>> round(low, 3), round(high, 3)
    (0.261, 0.995)
    """
    spread = auc_spread(label, probability)
    return None if spread is None else logit_interval(spread.auc, sqrt(spread.variance), confidence)


@dataclass(frozen=True)
class AucSpread:
    """The ROC-AUC of a sample with the two parts of DeLong's variance: of one bad's and of one good's placement."""

    auc: float
    of_bads: float
    of_goods: float
    n_bad: int
    n_good: int

    @property
    def variance(self) -> float:
        """Variance of the ROC-AUC."""
        return self.of_bads / self.n_bad + self.of_goods / self.n_good


def auc_spread(label: ArrayLike, probability: ArrayLike) -> AucSpread | None:
    """The ROC-AUC and the parts of its variance; None below two loans of a class.

    Keeping the parts apart allows the variance that another sample, with other counts, would have.

    >>> auc_spread([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    AucSpread(auc=0.75, of_bads=0.125, of_goods=0.125, n_bad=2, n_good=2)
    """
    classes = _split(label, probability)
    if classes is None or min(map(len, classes)) < 2:
        return None
    of_bads, of_goods = _placements(*classes)
    return AucSpread(
        auc=float(of_bads.mean()),
        of_bads=float(of_bads.var(ddof=1)),
        of_goods=float(of_goods.var(ddof=1)),
        n_bad=len(of_bads),
        n_good=len(of_goods),
    )


def delong_paired_p_value(label: ArrayLike, probability_a: ArrayLike, probability_b: ArrayLike) -> float | None:
    """Two-sided p-value of DeLong's test that two probabilities of the same loans have the same ROC-AUC.

    None below two loans of a class. Two that rank every pair alike give 1.

    >>> delong_paired_p_value([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.2, 0.5, 0.4, 0.9])
    1.0
    """
    found = _paired_difference(label, probability_a, probability_b)
    if found is None:
        return None
    difference, variance = found
    if variance == 0:
        return 1.0 if difference == 0 else 0.0
    return erfc(abs(difference) / sqrt(2 * variance))


def delong_paired_interval(
    label: ArrayLike, probability_a: ArrayLike, probability_b: ArrayLike, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Normal interval of the ROC-AUC of `a` minus that of `b` on the same loans, cut to -1..1.

    From the same variance as `delong_paired_p_value`; None below two loans of a class. Two that rank every pair alike
    differ by 0 for certain.

    >>> delong_paired_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.2, 0.5, 0.4, 0.9])
    (0.0, 0.0)
    """
    found = _paired_difference(label, probability_a, probability_b)
    if found is None:
        return None
    difference, variance = found
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * sqrt(variance)
    return max(-1.0, difference - margin), min(1.0, difference + margin)


def paired_brier_interval(
    label: ArrayLike, probability_a: ArrayLike, probability_b: ArrayLike, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Normal interval of the Brier score of `a` minus that of `b` on the same loans; None below two loans.

    >>> paired_brier_interval([0, 1], [0.1, 0.8], [0.1, 0.8])
    (0.0, 0.0)
    """
    outcome = np.asarray(label, dtype=np.float64)
    first, second = ((np.asarray(each, dtype=np.float64) - outcome) ** 2 for each in (probability_a, probability_b))
    if outcome.size < 2 or not np.isfinite(first - second).all():
        return None
    difference = float((first - second).mean())
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * float((first - second).std(ddof=1)) / sqrt(outcome.size)
    return difference - margin, difference + margin


@dataclass(frozen=True)
class Confusion:
    """Loans by outcome and decision. Positive means bad and declined."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def accuracy(self) -> float | None:
        """Share of loans decided as they turned out."""
        correct = self.true_positive + self.true_negative
        return _ratio(correct, correct + self.false_positive + self.false_negative)

    @property
    def precision(self) -> float | None:
        """Share of bads among the declined; None when none was declined."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float | None:
        """Share of the bads that was declined; None without a bad."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1_score(self) -> float | None:
        """Harmonic mean of precision and recall; None when there is neither a bad nor a declined loan."""
        wrong = self.false_positive + self.false_negative
        return _ratio(2 * self.true_positive, 2 * self.true_positive + wrong)


def confusion(label: ArrayLike, decision: ArrayLike) -> Confusion:
    """Count outcomes against decisions; both are 1 (bad, declined) or 0 (good, approved).

    >>> confusion([1, 0, 1, 0], [1, 1, 0, 0])
    Confusion(true_positive=1, false_positive=1, true_negative=1, false_negative=1)
    """
    bad, declined = np.asarray(label).astype(bool), np.asarray(decision).astype(bool)
    return Confusion(
        true_positive=int((bad & declined).sum()),
        false_positive=int((~bad & declined).sum()),
        true_negative=int((~bad & ~declined).sum()),
        false_negative=int((bad & ~declined).sum()),
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _split(label: ArrayLike, probability: ArrayLike) -> tuple[FloatArray, FloatArray] | None:
    """Probabilities of the bads and of the goods, or None where their order is undefined."""
    outcome, forecast = np.asarray(label), np.asarray(probability, dtype=np.float64)
    bads, goods = forecast[outcome == 1], forecast[outcome == 0]
    if not len(bads) or not len(goods) or np.isnan(forecast).any():
        return None
    return bads, goods


def _paired_difference(
    label: ArrayLike, probability_a: ArrayLike, probability_b: ArrayLike
) -> tuple[float, float] | None:
    """Difference of two ROC-AUCs on the same loans and DeLong's variance of it; None below two loans of a class."""
    first, second = _split(label, probability_a), _split(label, probability_b)
    if first is None or second is None or min(map(len, first)) < 2:
        return None
    (bads_a, goods_a), (bads_b, goods_b) = _placements(*first), _placements(*second)
    of_bads, of_goods = bads_a - bads_b, goods_a - goods_b
    variance = float(of_bads.var(ddof=1) / len(of_bads) + of_goods.var(ddof=1) / len(of_goods))
    return float(of_bads.mean()), variance


def midranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, smallest first; equal values share the mean of their places.

    >>> midranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(size) - (size - 1) / 2)[group]


def _placements(bads: FloatArray, goods: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Per bad the share of goods below it, per good the share of bads above it; the mean of either is the AUC."""
    ranks = midranks(np.concatenate([bads, goods]))
    of_bads = (ranks[: len(bads)] - midranks(bads)) / len(goods)
    of_goods = 1 - (ranks[len(bads) :] - midranks(goods)) / len(bads)
    return of_bads, of_goods
