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


def select(
    woe: FloatArray,
    iv: FloatArray,
    *,
    min_iv: float,
    max_vif: float,
    fit: Fit,
    use: Mapping[int, Use] = MappingProxyType({}),
) -> Selection:
    """Drop columns of too little information, then collinear ones, then those of the wrong sign.

    What is forced stays, whatever its information value and its variance inflation; what is excluded goes first.

    Args:
        woe: (loans, columns) weights of evidence of the training loans.
        iv: Information value per column.
        min_iv: Columns below it are dropped.
        max_vif: While a column reaches it, the one of least information value among those that do is dropped.
        fit: Intercept (log-odds of default) and weights (log-odds of a good loan) on some columns.
        use: Place of a column to what policy says of its use.

    Returns:
        The selection; nothing kept where no column is worth it.

    Raises:
        ForcedUseError: a forced column does not vary, is a copy of other forced ones, or would have the wrong sign.
    """
    forced = {place for place, said in use.items() if said == "force"}
    _require_varying(woe, forced)
    dropped: dict[int, str] = {}
    for place, value in enumerate(iv):
        if use.get(place) == "exclude":
            dropped[place] = EXCLUDED
        elif place in forced:
            continue
        elif value < min_iv or np.ptp(woe[:, place]) == 0:
            dropped[place] = f"information value {value:.4f} is below {min_iv:g}"
    kept = [place for place in range(woe.shape[1]) if place not in dropped]

    while len(kept) > 1 and (vif := variance_inflation(woe[:, kept])).max() >= max_vif:
        collinear = [at for at in range(len(kept)) if vif[at] >= max_vif and kept[at] not in forced]
        if not collinear:
            break
        least = min(collinear, key=lambda at: iv[kept[at]])
        dropped[kept[least]] = (
            f"variance inflation {vif[least]:.1f} is not below {max_vif:g}, and its information value "
            f"{iv[kept[least]]:.4f} the least of those"
        )
        del kept[least]

    while kept:
        intercept, weights = fit(kept)
        # Those that may go are tried first: without them the sign of a forced one may be right.
        worst = min(range(len(kept)), key=lambda at: (weights[at] > 0, kept[at] in forced, weights[at]))
        if weights[worst] > 0:
            vif = variance_inflation(woe[:, kept]) if len(kept) > 1 else np.ones(1)
            return Selection(tuple(kept), tuple(weights.tolist()), intercept, tuple(vif.tolist()), dropped)
        if kept[worst] in forced:
            reason = f"its weight {weights[worst]:.4f} beside the others would turn its evidence round"
            raise ForcedUseError(kept[worst], reason, _nearest(woe, kept, worst))
        dropped[kept[worst]] = f"weight {weights[worst]:.4f} beside the others would turn its evidence round"
        del kept[worst]
    return Selection((), (), 0.0, (), dropped)


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
