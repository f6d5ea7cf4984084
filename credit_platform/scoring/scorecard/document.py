"""The scorecard as a document: every characteristic with its attributes in words, counts and points; as JSON and table.

The JSON is complete: whoever has it can score a loan. Doing so in SQL belongs to sql, in Polars to expression.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from credit_platform.schemas.spreadsheet_cells import spreadsheet_cell
from credit_platform.scoring.scorecard.hand_set_bins import bin_warnings, keys_set, order_warning
from credit_platform.scoring.scorecard.point_scale import PointScale
from credit_platform.scoring.transformers.binning import WoeBinning
from credit_platform.scoring.transformers.bins import Bin, LevelBins, NumberBins
from credit_platform.scoring.transformers.tree_leaves import LeafBins
from credit_platform.statistics.monotone_bins import band_of

FORMAT = 2  # since 2 a number may have `special` values, which are looked at before the bounds
COLUMNS = ("characteristic", "attribute", "n", "n_bad", "bad_rate", "woe", "iv", "points", "warning", "set_by_hand")
_UNSEEN = "any level not seen in training"


@dataclass(frozen=True)
class Characteristic:
    """One feature of the design: its information value, and how it is used or why not.

    Attributes:
        feature: Its name.
        information_value: On the training loans, in nats.
        weight: Of its weight of evidence on the log-odds of a good loan; 0 if dropped.
        variance_inflation: Among the characteristics in use; None if dropped.
        dropped: Why it is not used; None if it is.
        spread: Standard deviation of its weight of evidence in training, in nats.
        least_woe: Least weight of evidence among the training loans, or 0 if none is below.
        most_woe: Largest, or 0 if none is above.
        by_hand: What was set by hand, by its key in policy.
    """

    feature: str
    information_value: float
    weight: float
    variance_inflation: float | None
    dropped: str | None
    spread: float
    least_woe: float
    most_woe: float
    by_hand: Mapping[str, object] = field(default_factory=dict)


def scorecard_json(scale: PointScale | None, characteristics: Sequence[Characteristic], binning: WoeBinning) -> bytes:
    """The whole scorecard; a loan's score is the sum over `characteristics` of the points of its attribute.

    Raises:
        ValueError: the scorecard is not in points yet.
    """
    if scale is None:
        message = "the scorecard is not in points"
        raise ValueError(message)
    pairs = list(zip(characteristics, binning.characteristics(), strict=True))
    evidence = {one.feature for one in binning.evidence}
    content = {
        "format": FORMAT,
        # default probability = 1 / (1 + exp((points - offset) / factor))
        "scale": {"offset": scale.offset, "factor": scale.factor},
        **{
            one.feature: {
                "months": one.group.months,
                # Sum over channels of weight * (sum - months * middle), in this order; missing without months.
                "channels": [
                    {"sum": column, "weight": weight, "middle": middle} for column, weight, middle in one.terms()
                ],
            }
            for one in binning.evidence
        },
        "characteristics": [
            _characteristic(known, bins, scale, place, missing="no history" if known.feature in evidence else "missing")
            for place, (known, bins) in enumerate(pairs)
            if known.dropped is None
        ],
        "dropped": [
            {
                "feature": known.feature,
                "information_value": known.information_value,
                "reason": known.dropped,
                "set_by_hand": dict(known.by_hand),
            }
            for known, _ in pairs
            if known.dropped is not None
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


def evidence_of(content: Mapping[str, Any], feature: str) -> Mapping[str, Any] | None:
    """Months and channels that a characteristic adds up, from the JSON that was read; None for a plain column."""
    found = content.get(feature)
    return found if isinstance(found, dict) and "channels" in found else None


def scorecard_csv(document: bytes) -> bytes:
    """The table risk officers read: one line per attribute of every characteristic in use, from the JSON."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for characteristic in json.loads(document)["characteristics"]:
        lines = [*characteristic["attributes"], *characteristic.get("special", ())]
        lines += [characteristic[name] for name in ("missing", "unseen") if name in characteristic]
        keys = ", ".join(keys_set(characteristic["set_by_hand"]))
        for line in lines:
            cells = [characteristic["feature"], *("" if line[name] is None else line[name] for name in COLUMNS[1:-1])]
            cells.append(keys)
            table.writerow(map(spreadsheet_cell, cells))
    return text.getvalue().encode()


def _characteristic(
    known: Characteristic, bins: NumberBins | LevelBins | LeafBins, scale: PointScale, place: int, *, missing: str
) -> dict[str, object]:
    def entry(words: str, one: Bin, warning: str | None) -> dict[str, object]:
        points = scale.points_of(place, one.woe)
        counts = {"n": one.n, "n_bad": one.n_bad, "bad_rate": one.bad_rate, "woe": one.woe, "iv": one.iv}
        return {"attribute": words, **counts, "points": points, "warning": warning}

    warnings = bin_warnings(known.by_hand, bins)
    entries = [entry(*each) for each in zip(bin_words(bins, missing), bins.every_bin, warnings, strict=True)]
    described = {
        "feature": known.feature,
        "information_value": known.information_value,
        "band": band_of(known.information_value),
        "weight": known.weight,
        "variance_inflation": known.variance_inflation,
        "set_by_hand": dict(known.by_hand),
        "warning": order_warning(known.by_hand, bins),
    }
    if isinstance(bins, LeafBins):  # every leaf says where missing values belong
        leaves = [
            {"conditions": [asdict(one) for one in leaf.conditions], **line}
            for leaf, line in zip(bins.leaves, entries, strict=True)
        ]
        return {"kind": "leaf", **described, "attributes": leaves}
    n = len(bins.bins)
    if isinstance(bins, NumberBins):
        attributes = [{"upper": upper, **line} for upper, line in zip((*bins.uppers, None), entries[:n], strict=True)]
        # A loan with one of these values is in its bin, whatever the bounds.
        special = [
            {"name": one.name, "values": one.values, **line}
            for one, line in zip(bins.special, entries[n:-1], strict=True)
        ]
        return {"kind": "number", **described, "attributes": attributes, "special": special, "missing": entries[-1]}
    levels = [*([level] for level in bins.levels), list(bins.rare_levels)]
    attributes = [
        {"levels": each, **line}
        for each, line in zip(levels, entries[: n + 1], strict=True)
        if each  # without rare levels there is nothing to put together
    ]
    of_missing, unseen = entries[n + 1 :]
    return {
        "kind": "level",
        **described,
        "attributes": attributes,
        "special": [],
        "missing": of_missing,
        "unseen": unseen,
    }


def bin_words(bins: NumberBins | LevelBins | LeafBins, missing: str) -> list[str]:
    """The bins in words, by place in `every_bin`; `missing` is what the last bin of a number is called."""
    if isinstance(bins, NumberBins):
        special = (f"{one.name}: {', '.join(map(_number, one.values))}" for one in bins.special)
        return [*number_words(bins.feature, bins.uppers), *special, missing]
    if isinstance(bins, LeafBins):
        return [leaf.sentence for leaf in bins.leaves]
    return [*bins.levels, f"rare: {', '.join(bins.rare_levels)}", missing, _UNSEEN]


def number_words(feature: str, uppers: Sequence[float]) -> list[str]:
    """The bins of a number in words.

    >>> number_words("n_dependants", (2.0, 5.0))
    ['up to 2', 'over 2 up to 5', 'over 5']
    >>> number_words("is_home_owner", (0.0,))
    ['no', 'yes']
    """
    if feature.startswith("is_") and tuple(uppers) == (0.0,):
        return ["no", "yes"]
    if not uppers:
        return ["any value"]
    shown = [_number(bound) for bound in uppers]
    between = [f"over {low} up to {high}" for low, high in pairwise(shown)]
    return [f"up to {shown[0]}", *between, f"over {shown[-1]}"]


def _number(value: float) -> str:
    return f"{value:,.10g}"
