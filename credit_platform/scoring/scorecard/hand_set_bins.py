"""What a card says of bins that were set by hand: that they are, and where they are too small or out of order.

Bins that are cut by the fit are neither, so nothing is said of them. What may be set is written in policy.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.portfolios.feature_set import Direction
from credit_platform.scoring.transformers.bins import UNSEEN_WOE, Bin, LevelBins, NumberBins
from credit_platform.scoring.transformers.tree_leaves import LeafBins


def keys_set(by_hand: Mapping[str, object]) -> tuple[str, ...]:
    """The last part of each policy key.

    >>> keys_set({"models.scorecard.characteristics.age.use": "force"})
    ('use',)
    """
    return tuple(key.rpartition(".")[2] for key in by_hand)


def bin_warnings(by_hand: Mapping[str, object], bins: NumberBins | LevelBins | LeafBins) -> list[str | None]:
    """By place in `every_bin`, that a bin set by hand has too few goods or bads to weigh anything."""
    if not isinstance(bins, NumberBins):
        return [None] * len(bins.every_bin)
    keys = keys_set(by_hand)
    cut = _too_small(bins.bins, bins) if "cut_points" in keys else [None] * len(bins.bins)
    return [*cut, *_too_small([one.bin for one in bins.special], bins), None]


def order_warning(by_hand: Mapping[str, object], bins: NumberBins | LevelBins | LeafBins) -> str | None:
    """That the bad rate of bins cut by hand goes up and down, unless no order was asked for."""
    if not isinstance(bins, NumberBins) or "cut_points" not in keys_set(by_hand) or "none" in by_hand.values():
        return None
    steps = _steps(bins)
    if all(step >= 0 for step in steps) or all(step <= 0 for step in steps):
        return None
    return "the bad rate goes up and down from bin to bin; join bins, or set direction: none"


def direction_warning(
    said: CharacteristicPolicy, bins: NumberBins | LevelBins | LeafBins, declared: Direction | None
) -> str | None:
    """That bins cut by hand go against the direction set by hand, or that the book declares."""
    if not isinstance(bins, NumberBins) or said.cut_points is None or said.direction == "none":
        return None
    riskier = {"rising": 1, "falling": -1}.get(said.direction or "", declared)
    if riskier is None or not any(riskier * step > 0 for step in _steps(bins)):
        return None
    word, who = "rise" if riskier > 0 else "fall", "policy says" if said.direction else "is expected of it"
    return f"the bad rate does not {word} with the value from each bin to the next, as {who}"


def _steps(bins: NumberBins) -> list[float]:
    """What each bin weighs more than the one before; those without weight are passed over."""
    return [later.woe - earlier.woe for earlier, later in pairwise(one for one in bins.bins if one.woe != UNSEEN_WOE)]


def warnings_of(card: bytes) -> Iterator[str]:
    """All warnings of a `scorecard.json`; those of earlier releases have none."""
    for one in json.loads(card)["characteristics"]:
        if one.get("warning"):
            yield f"{one['feature']}: {one['warning']}"
        for line in (*one["attributes"], *one.get("special", ())):
            if line.get("warning"):
                yield f"{one['feature']}, {line['attribute']}: {line['warning']}"


def _too_small(some: Sequence[Bin], bins: NumberBins) -> list[str | None]:
    n = sum(one.n for one in bins.every_bin)
    return [
        f"{one.n_bad} bad and {one.n - one.n_bad} good are too few: it weighs nothing"
        if one.woe == UNSEEN_WOE and one.n < n
        else None
        for one in some
    ]
