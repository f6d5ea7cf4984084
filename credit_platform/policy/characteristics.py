"""What an analyst sets by hand of one characteristic: cut points, special values, direction, and whether it is used.

What the fit makes of it belongs to scoring; which features a book has, to the book.
"""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from credit_platform.policy.policy_section import PolicySection

Use = Literal["force", "exclude"]

_LONGEST_NAME = 60
_OF_BINS = ("cut_points", "direction", "special_values")
_TAKEN = frozenset({"missing", "no history", "any value"})  # words that the card has for other bins


class CharacteristicPolicy(PolicySection):
    """One characteristic as set by hand; what is not set is left to the fit.

    Attributes:
        cut_points: upper bounds of all bins but the last, kept as they are; none of them makes one bin.
        direction: of the bad rate with the value; `none` asks for no order of the bins.
        special_values: by name, values that are no amount; each name has a bin of its own, apart from missing.
        use: whether it is kept despite its information value and variance inflation, or never used.
    """

    cut_points: Annotated[tuple[float, ...], Field(strict=False)] | None = None
    direction: Literal["rising", "falling", "none"] | None = None
    special_values: Mapping[str, Annotated[tuple[float, ...], Field(strict=False, min_length=1)]] = {}
    use: Use | None = None

    @field_validator("cut_points")
    @classmethod
    def _rises(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        for lower, upper in pairwise(value or ()):
            if upper <= lower:
                message = f"must rise, and {upper:g} follows {lower:g}"
                raise ValueError(message)
        return value

    @field_validator("special_values")
    @classmethod
    def _can_be_told_apart(cls, value: Mapping[str, tuple[float, ...]]) -> Mapping[str, tuple[float, ...]]:
        owner: dict[float, str] = {}
        for name, values in value.items():
            if not name.isprintable() or name != name.strip() or not 0 < len(name) <= _LONGEST_NAME or name in _TAKEN:
                taken = ", ".join(sorted(_TAKEN))
                message = f"{name!r} is no name of a bin: up to {_LONGEST_NAME} printable characters, none of {taken}"
                raise ValueError(message)
            for number in values:
                if number in owner:
                    where = f"{owner[number]} and {name}" if owner[number] != name else f"{name}, twice"
                    message = f"{number:g} is a value of {where}"
                    raise ValueError(message)
                owner[number] = name
        return value

    @model_validator(mode="after")
    def _sets_something(self) -> Self:
        if not self.values_set:
            message = "sets nothing; leave it out"
            raise ValueError(message)
        return self

    @property
    def values_set(self) -> dict[str, JsonValue]:
        """What it sets, by key, as JSON."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return {name: said[name] for name in type(self).model_fields if name in said}


def set_by_hand(model: str, characteristics: Mapping[str, CharacteristicPolicy]) -> dict[str, JsonValue]:
    """Everything that is set by hand for a model, by its key in model_config, sorted by feature.

    >>> set_by_hand("scorecard", {"age": CharacteristicPolicy(use="force")})
    {'models.scorecard.characteristics.age.use': 'force'}
    """
    return {
        f"models.{model}.characteristics.{feature}.{key}": value
        for feature in sorted(characteristics)
        for key, value in characteristics[feature].values_set.items()
    }


def unfitting(
    characteristics: Mapping[str, CharacteristicPolicy],
    *,
    known: Collection[str],
    levels: Collection[str],
    evidence: Collection[str],
    combinations: Collection[str] = (),
) -> Iterator[tuple[str, str]]:
    """What cannot be set for the features of a book: its key below `characteristics`, and why.

    Args:
        characteristics: By feature, what is set.
        known: All features of the book.
        levels: Those of them that are texts.
        evidence: Those that are a number fitted anew with every version.
        combinations: Those that the fit makes of several features.
    """
    for feature, policy in characteristics.items():
        if feature not in known:
            near = ", ".join(get_close_matches(feature, known, n=3)) or ", ".join(sorted(known))
            yield feature, f"is no feature of the book; it has {near}"
        elif feature in levels:
            yield from _refused(feature, policy, _OF_BINS, "is a text, and each frequent text has its bin")
        elif feature in combinations:
            yield from _refused(feature, policy, _OF_BINS, "is made of several features by the fit")
        elif feature in evidence:
            values = ("cut_points", "special_values")
            yield from _refused(feature, policy, values, "is fitted with every version, and so are its values")


def _refused(
    feature: str, policy: CharacteristicPolicy, keys: Collection[str], reason: str
) -> Iterator[tuple[str, str]]:
    for key in keys:
        if key in policy.values_set:
            yield f"{feature}.{key}", f"cannot be set: {feature} {reason}"
