"""Reading one policy file: YAML or JSON, UTF-8, no key twice, in the shape of the shipped files or in another.

The other shapes are `temporal_window_mode` with `relative_windows` or `absolute_windows` (also named `temporal_splits`)
for model_config, and groups such as `P0_business_critical` with `ds_threshold` for monitoring_thresholds. What the keys
mean and judging values do not belong here: whatever is moved is validated by the models afterwards.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from credit_platform.errors import PolicyError
from credit_platform.policy.yaml_text import UnbearableError, read_yaml, refuse_doubled, refuse_large, refuse_unbearable

_WHOLE_FILE = "(whole file)"
SUFFIXES = (".yaml", ".yml", ".json")
_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*')
_PRIORITY_GROUP = re.compile(r"(P[0-3])(?:_\w+)?")
_LENGTH_KEYS = {
    "train": "months_back",
    "validation": "months_after_train_end",
    "test": "months_after_validation_end",
    "oot": "months_after_test_end",
}
_BOUND_KEYS = {"start_date": "first", "end_date": "last", "start": "first", "end": "last"}
_REMARKS = frozenset({"description", "last_updated", "name", "version"})  # prose beside the numbers, for people only


def _json_section(pairs: list[tuple[str, object]]) -> dict[str, object]:
    refuse_doubled([key for key, _ in pairs])
    return dict(pairs)


def _parse(text: str, suffix: str) -> object:
    if suffix != ".json":
        return read_yaml(text)
    refuse_large(text)
    without_comments = _STRING_OR_COMMENT.sub(lambda match: match[1] or "", text)
    try:
        content = json.loads(without_comments, object_pairs_hook=_json_section)
    except RecursionError:
        raise UnbearableError(key="", reason="is nested too deeply") from None
    refuse_unbearable(content)
    return content


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
        PolicyError: the file cannot be read as YAML or JSON, sets a key twice, holds no section, or what no parser or
            calendar can bear.
    """
    if (file.exists() or file.is_symlink()) and not file.is_file():
        raise PolicyError(file=file, key=_WHOLE_FILE, reason="is a folder, a pipe, a device or a link to nothing")
    try:
        content = _named(_parse(file.read_text(encoding="utf-8"), file.suffix), file=file)
    except UnbearableError as error:
        raise PolicyError(file=file, key=error.key or _WHOLE_FILE, reason=error.reason) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(file=file, key=_WHOLE_FILE, reason=f"cannot be read: {error}") from error
    except (yaml.YAMLError, ValueError) as error:
        kind = "JSON" if file.suffix == ".json" else "YAML"
        raise PolicyError(file=file, key=_WHOLE_FILE, reason=f"is not {kind}: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise PolicyError(file=file, key=_WHOLE_FILE, reason="must hold keys and values")
    return content


@dataclass(frozen=True)
class PolicyDocument:
    """The content of one policy file, and under which key its author wrote what has been moved."""

    file: str
    values: dict[str, object] = field(default_factory=dict)
    written_as: dict[str, str] = field(default_factory=dict)

    def place(self, key: str, value: object, *, written_as: str) -> None:
        """Put a value under its dotted key, and remember where it came from.

        Raises:
            PolicyError: the file sets the same key in both shapes.
        """
        *sections, name = key.split(".")
        target = self.values
        for section in sections:
            inner = target.setdefault(section, {})
            if not isinstance(inner, dict):
                raise PolicyError(file=self.file, key=section, reason=f"must be a section, not {inner!r}")
            target = inner
        if name in target:
            raise PolicyError(file=self.file, key=written_as, reason=f"sets {key}, which the file sets as well")
        target[name] = value
        self.written_as[key] = written_as

    def author_key(self, key: str) -> str:
        """The dotted key as the author wrote it."""
        parts = key.split(".")
        for length in range(len(parts), 0, -1):
            origin = self.written_as.get(".".join(parts[:length]))
            if origin is not None:
                return ".".join([origin, *parts[length:]])
        return key


def _section(document: PolicyDocument, value: object, key: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise PolicyError(file=document.file, key=key, reason=f"must be a section, not {value!r}")
    return value


def _place_lengths(document: PolicyDocument, windows: object, key: str) -> None:
    for sample, entry in _section(document, windows, key).items():
        where = f"{key}.{sample}"
        if not isinstance(entry, Mapping):
            document.place(f"windows.relative.{sample}", entry, written_as=where)
            continue
        known = _LENGTH_KEYS.get(sample)
        for name, value in entry.items():
            if name == known:
                document.place(f"windows.relative.{sample}", value, written_as=f"{where}.{name}")
            elif name not in _REMARKS:
                reason = (
                    f"is not known here; write {known}" if known else "is of no sample (train, validation, test, oot)"
                )
                raise PolicyError(file=document.file, key=f"{where}.{name}", reason=reason)


def _place_dates(document: PolicyDocument, windows: object, key: str) -> None:
    for sample, entry in _section(document, windows, key).items():
        for name, value in _section(document, entry, f"{key}.{sample}").items():
            if name not in _REMARKS:
                bound = _BOUND_KEYS.get(name, name)
                document.place(f"windows.absolute.{sample}.{bound}", value, written_as=f"{key}.{sample}.{name}")


def _place_mode(document: PolicyDocument, mode: object, key: str) -> None:
    document.place("windows.mode", mode, written_as=key)


_CONFIG_SHAPES: dict[str, Callable[[PolicyDocument, object, str], None]] = {
    "temporal_window_mode": _place_mode,
    "relative_windows": _place_lengths,
    "absolute_windows": _place_dates,
    "temporal_splits": _place_dates,
}


def read_model_config(raw: Mapping[str, object], file: str) -> PolicyDocument:
    """The document in the shape of model_config.yaml, windows given in the other shape moved to their place.

    Raises:
        PolicyError: a window is given twice, or by a key that means nothing.
    """
    own = {key: value for key, value in raw.items() if key not in _CONFIG_SHAPES and key not in _REMARKS}
    document = PolicyDocument(file=file, values=own)
    for key, place in _CONFIG_SHAPES.items():
        if key in raw:
            place(document, raw[key], key)
    return document


def _place_metric(document: PolicyDocument, metric: str, entry: object, *, key: str, priority: str | None) -> None:
    values = {name: value for name, value in _section(document, entry, key).items() if name not in _REMARKS}
    if priority is not None:
        values = {"priority": priority} | values
    for name, value in values.items():
        own = "data_science_threshold" if name == "ds_threshold" else name
        document.place(f"metrics.{metric}.{own}", value, written_as=f"{key}.{name}")


def read_monitoring_thresholds(raw: Mapping[str, object], file: str) -> PolicyDocument:
    """The document in the shape of monitoring_thresholds.yaml, metrics grouped by priority moved to `metrics`.

    Raises:
        PolicyError: a metric is given twice, or a group is not a section.
    """
    groups = {key: match[1] for key in raw if (match := _PRIORITY_GROUP.fullmatch(key))}
    moved = {"metrics", *groups} | _REMARKS
    document = PolicyDocument(file=file, values={key: value for key, value in raw.items() if key not in moved})
    if "metrics" in raw:
        for metric, entry in _section(document, raw["metrics"], "metrics").items():
            _place_metric(document, metric, entry, key=f"metrics.{metric}", priority=None)
    for group, priority in groups.items():
        for metric, entry in _section(document, raw[group], group).items():
            _place_metric(document, metric, entry, key=f"{group}.{metric}", priority=priority)
    return document
