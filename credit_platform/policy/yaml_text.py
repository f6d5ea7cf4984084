"""YAML as settings are written: plain types, numbers of YAML 1.2, no key twice, nothing that no parser can bear.

What the keys mean, and files in other formats, do not belong here.
"""

import re
from collections.abc import Hashable
from copy import deepcopy
from functools import lru_cache
from typing import Any

import yaml
from typing_extensions import override

_DEEPEST = 50
_LARGEST_TEXT = 100_000
_LONGEST_NUMBER = 40
_MOST_VALUES = 20_000
# Beyond these nothing of the trade is counted, and libraries begin to overflow.
_LARGEST_NUMBER = 2**31 - 1
_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_BASES = {"0o": 8, "0x": 16}


class UnbearableError(Exception):
    """What no file of settings needs, and where it is: the dotted key, empty for the whole file."""

    def __init__(self, *, key: str, reason: str) -> None:
        self.key, self.reason = key, reason
        super().__init__(reason)


class _StrictLoader(yaml.SafeLoader):
    """YAML's plain types only, numbers as YAML 1.2 has them, no key twice in a section, no depth without end."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._keys: list[str] = []

    @override
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Make a node, counting how deep it lies."""
        self._keys.append(str(index.value) if isinstance(index, yaml.ScalarNode) else "")
        if len(self._keys) > _DEEPEST:
            key = ".".join(name for name in self._keys[:8] if name)
            raise UnbearableError(key=key, reason=f"is nested more than {_DEEPEST} deep")
        node = super().compose_node(parent, index)
        self._keys.pop()
        return node


def _section(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    refuse_doubled([loader.construct_object(key, deep=True) for key, _ in node.value])
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


def _whole_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | str:
    text = str(loader.construct_scalar(node))
    if len(text) > _LONGEST_NUMBER:
        # Nobody's setting; as text it is refused under its key.
        return f"{text[:_LONGEST_NUMBER]}..."
    base = _BASES.get(text[:2], 10)
    return int(text if base == 10 else text[2:], base)


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)).lower().replace(".inf", "inf").replace(".nan", "nan"))


def _day(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        # As text it is refused under its key.
        return node.value


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Which plain texts are of which type: numbers by YAML 1.2, in which `010` is ten and `1:30` is text."""
    others = {
        first: [(tag, pattern) for tag, pattern in known if tag not in {f"{_TAG}int", f"{_TAG}float"}]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for sign in "-+.0123456789":
        others[sign] = [(f"{_TAG}int", _INT), (f"{_TAG}float", _FLOAT), *others.get(sign, [])]
    return others


_StrictLoader.yaml_implicit_resolvers = _resolvers()
_StrictLoader.add_constructor(f"{_TAG}map", _section)
_StrictLoader.add_constructor(f"{_TAG}int", _whole_number)
_StrictLoader.add_constructor(f"{_TAG}float", _number)
_StrictLoader.add_constructor(f"{_TAG}timestamp", _day)


def refuse_doubled(keys: list[object]) -> None:
    """Refuse a section that sets a key twice; the libraries would keep the last one in silence."""
    doubled = [key for position, key in enumerate(keys) if key in keys[:position]]
    if doubled:
        raise UnbearableError(key=str(doubled[0]), reason="is set twice in the same section")


def read_yaml(text: str) -> object:
    """The content of a YAML text.

    Raises:
        UnbearableError: it is too large or too deep, sets a key twice, or has a number that no setting can be.
        yaml.YAMLError: it is not YAML.
    """
    # A policy is read several times in a run, and its callers may change what they get.
    return deepcopy(_read_once(text))


@lru_cache(maxsize=64)
def _read_once(text: str) -> object:
    refuse_large(text)
    content = yaml.load(text, _StrictLoader)  # noqa: S506  # it derives from SafeLoader
    refuse_unbearable(content)
    return content


def refuse_large(text: str) -> None:
    """Refuse a text that no person wrote."""
    if len(text) > _LARGEST_TEXT:
        raise UnbearableError(key="", reason=f"has {len(text):,} characters; files of settings have a few thousand")


def refuse_unbearable(content: object) -> None:
    """Refuse content with more values, repetitions written out, or larger numbers than a person has use for."""
    waiting: list[tuple[str, object]] = [("", content)]
    n_values = 0
    while waiting:
        key, value = waiting.pop()
        n_values += 1
        if n_values > _MOST_VALUES:
            raise UnbearableError(key=key.partition(".")[0], reason=f"comes to more than {_MOST_VALUES:,} values")
        if isinstance(value, dict):
            waiting += [(f"{key}.{name}" if key else str(name), inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(key, inner) for inner in value]
        elif isinstance(value, int) and not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:
            raise UnbearableError(key=key, reason=f"is beyond {_LARGEST_NUMBER:,}, the largest number a setting may be")
