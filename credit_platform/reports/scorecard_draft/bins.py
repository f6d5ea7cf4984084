"""The bins of a drafted characteristic as a table of HTML with a bar per bin, and what is to be said beside it.

The sections around it belong to page.
"""

from collections.abc import Iterator, Sequence
from html import escape

from credit_platform.reports.wording import BLUE, VERMILION, setting_text, words
from credit_platform.scoring.scorecard.draft import (
    NEWEST,
    TRAIN,
    VALIDATION,
    DraftBin,
    DraftCharacteristic,
    Inversion,
    ShiftOfBins,
)
from credit_platform.statistics.monotone_bins import band_of

WIDTH, HEIGHT = 140, 14
_DASH = "–"
_SHORT = 40  # characters that are kept on one line


def anchor_of(place: int) -> str:
    """The id of a characteristic on the page, by its place in the draft."""
    return f"characteristic-{place}"


def characteristic_html(one: DraftCharacteristic, place: int, samples: Sequence[str], counted: str) -> str:
    """One characteristic: what is said of it, then its bins; `counted` heads the number of cases in each."""
    known = one.known
    marks = " · ".join(_marks(one))
    notes = "".join(f"<li class='warning'>{escape(note)}</li>" for note in _notes(one))
    return (
        f"<article class='characteristic' id='{anchor_of(place)}'><h3>{escape(known.feature)}</h3>"
        f"<p class='soft'>{marks}</p>{f'<ul>{notes}</ul>' if notes else ''}{_table(one, samples, counted)}</article>"
    )


def shift_text(shift: ShiftOfBins | None) -> str:
    """A stability index, and what chance alone would show of it."""
    if shift is None or shift.index is None:
        return "unknown"
    chance = "" if shift.by_chance is None else f" ({shift.by_chance:.3f})"
    return f"{shift.index:.3f}{chance}"


def inversion_text(one: Inversion) -> str:
    """Two bins that validation turns round."""
    return f"“{one.safer}” is riskier than “{one.riskier}” (p {one.p_value:.2g})"


def _marks(one: DraftCharacteristic) -> Iterator[str]:
    known = one.known
    yield f"IV {one.training_iv:.3f} ({band_of(one.training_iv)}), validation {one.validation_iv:.3f}"
    if known.dropped is None:
        inflation = "" if known.variance_inflation is None else f", variance inflation {known.variance_inflation:.2f}"
        yield f"weight {known.weight:.3f}{inflation}"
    n_turned = sum(not each.is_beyond_chance for each in one.inversions)
    if n_turned:
        yield f"{n_turned} neighbours turned round in validation, which may be chance"
    for name, shift in one.shift.items():
        yield f"shift to {words('draft_samples')[name].lower()} {shift_text(shift)}"
    for key, value in known.by_hand.items():
        yield f"<strong>by hand {escape(key.rpartition('.')[2])}: {escape(setting_text(value))}</strong>"


def _notes(one: DraftCharacteristic) -> Iterator[str]:
    if one.known.dropped:
        yield f"Not used: {one.known.dropped}."
    for warning in one.warnings:
        yield f"Warning: {warning}."
    for inversion in one.inversions:
        if inversion.is_beyond_chance:
            yield f"Turned round in validation, beyond chance: {inversion_text(inversion)}."


def _table(one: DraftCharacteristic, samples: Sequence[str], counted: str) -> str:
    groups = "".join(
        f"<th class='group' colspan='{1 + len(_COLUMNS[name])}'>{escape(words('draft_samples')[name])}</th>"
        for name in samples
    )
    heads = "".join(f"<th class='number'>{text}</th>" for name in samples for text in (counted, *_COLUMNS[name]))
    reach = max([abs(each.bin.woe) for each in one.bins] + [0.1])
    rows = "".join(_row(each, samples, reach) for each in one.bins)
    return (
        "<div class='scroll bins'><table><thead>"
        f"<tr><th></th>{groups}<th class='group' colspan='5'>Weight</th></tr>"
        f"<tr><th>Bin</th>{heads}<th class='number'>WoE</th><th></th><th class='number'>IV</th>"
        "<th class='number'>Points</th><th>Remark</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


# After the number of cases.
_COLUMNS = {
    TRAIN: ("Bad", "Bad rate", "Share"),
    VALIDATION: ("Bad", "Bad rate", "Share"),
    NEWEST: ("Share",),
}


def _row(one: DraftBin, samples: Sequence[str], reach: float) -> str:
    numbers = [cell for name in samples for cell in _cells(one, name)]
    cells = "".join(f"<td class='number'>{cell}</td>" for cell in numbers)
    points = _DASH if one.points is None else str(one.points)
    remark = "; ".join(filter(None, ("special value" if one.is_special else "", one.warning)))
    look = " class=short" if len(one.words) <= _SHORT else " class=long"
    return (
        f"<tr><td{look}>{escape(one.words)}</td>{cells}<td class='number'>{one.bin.woe:+.3f}</td>"
        f"<td class='bar'>{woe_bar(one.bin.woe, reach)}</td><td class='number'>{one.bin.iv + 0.0:.4f}</td>"
        f"<td class='number'>{points}</td><td>{escape(remark)}</td></tr>\n"
    )


def _cells(one: DraftBin, sample: str) -> list[str]:
    found = one.samples[sample]
    if sample == NEWEST:
        return [str(found.n), f"{found.share:.1%}"]
    rate = _DASH if found.bad_rate is None else f"{found.bad_rate:.1%}"
    return [str(found.n), str(found.n_bad), rate, f"{found.share:.1%}"]


def woe_bar(woe: float, reach: float) -> str:
    """A bar from the middle, to the right where the bin is safer; the number stands beside it, so it has no label."""
    middle = WIDTH / 2
    length = middle * min(abs(woe) / reach, 1.0)
    start, colour = (middle, BLUE) if woe >= 0 else (middle - length, VERMILION)
    return (
        f"<svg width='{WIDTH}' height='{HEIGHT}' viewBox='0 0 {WIDTH} {HEIGHT}' aria-hidden='true'>"
        f"<rect x='{start:.1f}' y='1' width='{length:.1f}' height='{HEIGHT - 2}' fill='{colour}'/>"
        f"<line x1='{middle:g}' x2='{middle:g}' y1='0' y2='{HEIGHT}' stroke='currentColor' stroke-opacity='0.5'/></svg>"
    )
