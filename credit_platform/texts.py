"""Texts that lie beside the modules that use them: SQL, style sheets, scripts, templates, wording, descriptions.

Only what ships with the package is read here; policy files, raw files and tables have readers of their own.
"""

from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import TypeAdapter

_Content = TypeVar("_Content")


@cache
def text_beside(module: str, name: str) -> str:
    """The text of a shipped file, read once per process.

    Args:
        module: `__file__` of the module it lies beside.
        name: The file, as seen from the module.
    """
    return (Path(module).parent / name).read_text(encoding="utf-8")


def yaml_beside(module: str, name: str, kind: type[_Content]) -> _Content:
    """The content of a shipped YAML file, validated as a `kind`; arguments as for `text_beside`."""
    return TypeAdapter(kind).validate_python(yaml.safe_load(text_beside(module, name)))


@cache
def _descriptions(module: str) -> dict[str, str]:
    return yaml_beside(module, "descriptions.yaml", dict[str, str])


def description_of(module: str, name: str, **values: object) -> str:
    """What Dagster shows of an asset, check, job, schedule or sensor, from `descriptions.yaml` beside the module.

    Args:
        module: `__file__` of the module it lies beside.
        name: The name of the text.
        values: What its placeholders stand for.
    """
    return _descriptions(module)[name].format(**values)
