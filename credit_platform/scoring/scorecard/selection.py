"""Which characteristics a scorecard keeps: by information value, collinearity and sign, each refusal with its reason.

Fitting the weights of those that are kept belongs to scorecard.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from credit_platform.policy.characteristics import Use

FloatArray = NDArray[np.float64]

_NO_WEIGHT = 1e-6
_TURNED = "its weight beside the others would turn its evidence round: the best one that is not negative is 0"
EXCLUDED = "excluded by policy"
_SAME = 1e-9  # a correlation this near to 1 is one, and the inverse of the correlations undefined


@dataclass(frozen=True)
class Selection:
    """What was kept and why the rest was not.

    Attributes:
        kept: Places of the design columns in use, in order.
        weights: Their weights on the log-odds of a good loan, all positive.
        intercept: Raw log-odds of default where every weight of evidence is 0.
        vif: Variance inflation factor of each kept column among the kept.
        dropped: Place of a column to the reason why it is not used.
    """

    kept: tuple[int, ...]
    weights: tuple[float, ...]
    intercept: float
    vif: tuple[float, ...]
    dropped: dict[int, str]


class ForcedUseError(ValueError):
    """A column that policy forces cannot be used.

    `place` is that of the column, `nearest` that of the one it is most correlated with among those in use, if any.
    """

    def __init__(self, place: int, reason: str, nearest: int | None = None) -> None:
        self.place, self.nearest = place, nearest
        super().__init__(reason)


FitNonNegative = Callable[[Sequence[int]], FloatArray]
Fit = Callable[[Sequence[int]], tuple[float, FloatArray]]


def information_values(woe: FloatArray, label: NDArray[np.int8]) -> FloatArray:
    """Information value of each column of weights of evidence, in nats: mean of the goods minus mean of the bads.

    That is the sum over bins of (share of goods - share of bads) * weight of evidence.
    """
    return woe[label == 0].mean(axis=0) - woe[label == 1].mean(axis=0)


def variance_inflation(woe: FloatArray) -> FloatArray:
    """Variance inflation factor of each column: 1 / (1 - R squared on all others); infinite for a copy.

    The diagonal of the inverse of the correlations. Columns must vary.
    """
    correlation = np.atleast_2d(np.corrcoef(woe, rowvar=False))
    values, vectors = np.linalg.eigh(correlation)
    if values[0] > _SAME:
        return (vectors**2 / values).sum(axis=1)
    # Columns that take part in the direction without variance are copies of others.
    is_copy = (np.abs(vectors[:, values <= _SAME]) > _SAME**0.5).any(axis=1)
    return np.where(is_copy, np.inf, 1.0)


def non_negative_weights(values: FloatArray, label: NDArray[np.int8], penalty: float) -> FloatArray:
    """The weights of the logistic regression that is the most likely among those without a negative weight.

    The likelihood is concave, so there is one best choice, in which a weight is 0 where a negative one would be better.
    It does not depend on the order of the columns, nor on one of them being dropped before another.

    Args:
        values: (loans, columns).
        label: 1 bad, 0 good.
        penalty: Times half the sum of the squared weights, taken from the log-likelihood; 0 for none.
    """
    from scipy.optimize import minimize

    target = label.astype(np.float64)
    scale = np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)
    inputs = np.column_stack([values / scale, np.ones(len(values))])
    shrunk = np.append(penalty / scale**2, 0.0)

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        odds = inputs @ weights
        value = np.logaddexp(0.0, odds).sum() - target @ odds + (shrunk * weights**2).sum() / 2
        residual = 1 / (1 + np.exp(-odds)) - target
        return float(value), inputs.T @ residual + shrunk * weights

    bounds = [(0.0, None)] * values.shape[1] + [(None, None)]
    start = np.zeros(values.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000, "ftol": 1e-12})
    return found.x[:-1] / scale


def select(
    woe: FloatArray,
    iv: FloatArray,
    *,
    min_iv: float,
    max_vif: float,
    fit: Fit,
    fit_non_negative: FitNonNegative,
    use: Mapping[int, Use] = MappingProxyType({}),
) -> Selection:
    """Drop columns of too little information, then those whose best non-negative weight is 0 and collinear ones.

    What is forced stays, whatever its information value and its variance inflation; what is excluded goes first.

    Args:
        woe: (loans, columns) weights of evidence of the training loans.
        iv: Information value per column.
        min_iv: Columns below it are dropped.
        max_vif: While a column with a weight reaches it, among all those with one, the one of least information value
            of those that do is dropped.
        fit: Intercept (log-odds of default) and weights (log-odds of a good loan) on some columns.
        fit_non_negative: The best weights on some columns none of which is negative.
        use: Place of a column to what policy says of its use.

    Returns:
        The selection; nothing kept where no column is worth it.

    Raises:
        ForcedUseError: a forced column does not vary, is a copy of other forced ones, or would have the wrong sign.
    """
    forced = {place for place, said in use.items() if said == "force"}
    _require_varying(woe, forced)
    dropped = _dropped_at_once(woe, iv, min_iv, use)
    kept = [place for place in range(woe.shape[1]) if place not in dropped]

    # All signs at once, and collinearity among what is left: dropped one by one, what stays would depend on which went
    # first, and what was dropped for the sake of another might be gone although that other went later.
    while kept:
        weights = fit_non_negative(kept)
        used = [place for place, weight in zip(kept, weights, strict=True) if weight > _NO_WEIGHT]
        vif = variance_inflation(woe[:, used]) if len(used) > 1 else np.ones(len(used))
        inflated = [place for place, inflation in zip(used, vif, strict=True) if inflation >= max_vif]
        collinear = [place for place in inflated if place not in forced]
        if not collinear:
            _require_used(woe, forced, used)
            dropped |= dict.fromkeys([place for place in kept if place not in used], _TURNED)
            kept = used
            break
        least = min(collinear, key=lambda place: iv[place])
        dropped[least] = (
            f"variance inflation {vif[used.index(least)]:.1f} is not below {max_vif:g}, and its information value "
            f"{iv[least]:.4f} the least of those"
        )
        kept.remove(least)

    while kept:
        intercept, weights = fit(kept)
        # Those that may go are tried first: without them the sign of a forced one may be right.
        worst = min(range(len(kept)), key=lambda at: (weights[at] > 0, kept[at] in forced, weights[at]))
        if weights[worst] > 0:
            vif = variance_inflation(woe[:, kept]) if len(kept) > 1 else np.ones(1)
            return Selection(tuple(kept), tuple(weights.tolist()), intercept, tuple(vif.tolist()), dropped)
        if kept[worst] in forced:
            raise ForcedUseError(kept[worst], _TURNED, _nearest(woe, kept, worst))
        dropped[kept[worst]] = f"weight {weights[worst]:.4f} beside the others would turn its evidence round"
        del kept[worst]
    return Selection((), (), 0.0, (), dropped)


def _dropped_at_once(woe: FloatArray, iv: FloatArray, min_iv: float, use: Mapping[int, Use]) -> dict[int, str]:
    """What is excluded, and what tells too little and is not forced, with the reason."""
    dropped: dict[int, str] = {}
    for place, value in enumerate(iv):
        if use.get(place) == "exclude":
            dropped[place] = EXCLUDED
        elif use.get(place) != "force" and (value < min_iv or np.ptp(woe[:, place]) == 0):
            dropped[place] = f"information value {value:.4f} is below {min_iv:g}"
    return dropped


def _require_used(woe: FloatArray, forced: Collection[int], used: Sequence[int]) -> None:
    turned = sorted(set(forced) - set(used))
    if turned:
        raise ForcedUseError(turned[0], _TURNED, _nearest(woe, [*used, turned[0]], len(used)))


def _nearest(woe: FloatArray, kept: Sequence[int], at: int) -> int | None:
    """The kept column that is most correlated with one of them; None without any other."""
    if len(kept) == 1:
        return None
    shared = np.abs(np.corrcoef(woe[:, kept], rowvar=False)[at])
    shared[at] = -1.0
    return kept[int(np.argmax(shared))]


def _require_varying(woe: FloatArray, forced: Collection[int]) -> None:
    places = sorted(forced)
    for place in places:
        if np.ptp(woe[:, place]) == 0:
            raise ForcedUseError(place, "all its bins weigh the same, so it has no weight of its own")
    if len(places) > 1 and np.isinf(vif := variance_inflation(woe[:, places])).any():
        raise ForcedUseError(places[int(np.argmax(vif))], "it is a copy of other forced ones")
