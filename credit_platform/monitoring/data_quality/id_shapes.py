"""How ids of two sources differ when they should be the same: one of each, their shapes, and what tells them apart.

Which ids are compared, and what it means that they differ, belongs to checks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

_ZEROS = r"(^|[^0-9])0+([0-9])"
_SEPARATORS = r"[^\p{L}\p{N}]"
_SCIENTIFIC = r"^[0-9](?:\.[0-9]+)?e\+?[0-9]{1,2}$"
_KINDS: dict[str, Callable[[str], str]] = {
    "letter case": str.lower,
    "scientific notation": lambda text: f"{float(text):.0f}" if re.match(_SCIENTIFIC, text.lower()) else text,
    "leading zeros": lambda text: re.sub(_ZEROS, r"\1\2", text),
    "separators": lambda text: re.sub(r"[\W_]", "", text),
}


@dataclass(frozen=True)
class IdDifference:
    """One id as a source writes it (`there`) and one as the cases do (`here`); `alike` cases have such a pair."""

    here: str
    there: str
    alike: int

    @property
    def kinds(self) -> list[str]:
        """What one of the two has and the other lacks; empty where nothing so simple tells them apart."""
        texts = (self.here, self.there)
        return [name for name, plain in _KINDS.items() if len({text == plain(text) for text in texts}) > 1]


def shape_of(text: str) -> str:
    """A text with every letter as A or a and every digit as 9; what it says is gone.

    >>> shape_of("CUS_0x1037")
    'AAA_9a9999'
    """
    letters = "".join(("A" if sign.isupper() else "a") if sign.isalpha() else sign for sign in text)
    return re.sub(r"\d", "9", letters)


def id_difference(here: pl.Series, there: pl.Series) -> IdDifference | None:
    """How ids differ of which none is in both: a pair alike but for how they are written, else the first of each.

    Returns:
        None where one side has no id.
    """
    ours, theirs = (
        pl.DataFrame({"id": ids.drop_nulls().unique().sort()}).with_columns(plain=_plain()) for ids in (here, there)
    )
    if ours.is_empty() or theirs.is_empty():
        return None
    pairs = ours.join(theirs.unique("plain", keep="first", maintain_order=True), on="plain", suffix="_there")
    if pairs.is_empty():
        return IdDifference(ours["id"][0], theirs["id"][0], 0)
    _, one, other = pairs.sort("id").select("plain", "id", "id_there").row(0)
    return IdDifference(one, other, pairs.height)


def _plain() -> pl.Expr:
    lower = pl.col("id").str.to_lowercase()
    number = pl.when(lower.str.contains(_SCIENTIFIC)).then(lower).cast(pl.Float64, strict=False)
    plain = number.cast(pl.Int64, strict=False).cast(pl.String).fill_null(lower)
    return plain.str.replace_all(_ZEROS, "${1}${2}").str.replace_all(_SEPARATORS, "")
