"""Reading one policy file: YAML or JSON, UTF-8, no key twice.

What the keys mean does not belong here.
"""

import json
import re
from collections.abc import Hashable, Mapping
from pathlib import Path

import yaml

from credit_platform.errors import PolicyError

SUFFIXES = (".yaml", ".yml", ".json")
_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*')


class _DoubledKeyError(Exception):
    """A section sets the same key twice; the libraries would keep the last one in silence."""


class _StrictLoader(yaml.SafeLoader):
    """YAML's plain types only, and no key twice in a section."""


def _refuse_doubled(keys: list[object]) -> None:
    doubled = [key for position, key in enumerate(keys) if key in keys[:position]]
    if doubled:
        raise _DoubledKeyError(str(doubled[0]))


def _yaml_section(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    _refuse_doubled([loader.construct_object(key, deep=True) for key, _ in node.value])
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _yaml_section)


def _json_section(pairs: list[tuple[str, object]]) -> dict[str, object]:
    _refuse_doubled([key for key, _ in pairs])
    return dict(pairs)


def _parse(text: str, suffix: str) -> object:
    if suffix == ".json":
        without_comments = _STRING_OR_COMMENT.sub(lambda match: match[1] or "", text)
        return json.loads(without_comments, object_pairs_hook=_json_section)
    return yaml.load(text, _StrictLoader)  # noqa: S506  # it derives from SafeLoader


def _named(value: object, *, file: Path, key: str = "") -> object:
    """The value, once every key in it is known to be text."""
    if not isinstance(value, Mapping):
        return value
    named: dict[str, object] = {}
    for name, inner in value.items():
        where = f"{key}.{name}" if key else str(name)
        if not isinstance(name, str):
            raise PolicyError(file=file, key=where, reason=f"a key must be text, not {name!r}")
        named[name] = _named(inner, file=file, key=where)
    return named


def read_policy_file(file: Path) -> dict[str, object]:
    """The content of one policy file; an empty file sets nothing. JSON may hold `//` comments.

    Raises:
        PolicyError: the file cannot be read as YAML or JSON, sets a key twice or holds no section.
    """
    try:
        content = _named(_parse(file.read_text(encoding="utf-8"), file.suffix), file=file)
    except _DoubledKeyError as error:
        raise PolicyError(file=file, key=str(error), reason="is set twice in the same section") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(file=file, key="(whole file)", reason=f"cannot be read: {error}") from error
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        kind = "JSON" if file.suffix == ".json" else "YAML"
        raise PolicyError(file=file, key="(whole file)", reason=f"is not {kind}: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise PolicyError(file=file, key="(whole file)", reason="must hold keys and values")
    return content
