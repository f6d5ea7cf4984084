"""The policy in force: its files read, completed by the shipped numbers, validated and fingerprinted.

Which folder holds them is a setting. What a value may be stands in model_config, monitoring_thresholds, data_quality
and reason_codes. As one document a policy is kept beside what was made under it, and read back to make it again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from credit_platform.errors import PolicyError
from credit_platform.policy.characteristics import unfitting
from credit_platform.policy.data_quality import DataQualityPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.policy.policy_file import (
    SUFFIXES,
    PolicyDocument,
    read_model_config,
    read_monitoring_thresholds,
    read_policy_file,
)
from credit_platform.policy.policy_section import AS_WRITTEN, PolicyOverrides
from credit_platform.policy.reason_codes import ReasonCatalogue, require_a_reason_per_feature
from credit_platform.policy.source_policy import require_columns
from credit_platform.previous_release import warn_of_old_name, with_new_keys

MODEL_CONFIG = "model_config"
MONITORING_THRESHOLDS = "monitoring_thresholds"
DATA_QUALITY = "data_quality"
REASON_CODES = "reason_codes"
WINDOW_KEY = "window_days"
FILES = (MODEL_CONFIG, MONITORING_THRESHOLDS, DATA_QUALITY, REASON_CODES)
_FILE_OF = {"model": MODEL_CONFIG, "monitoring": MONITORING_THRESHOLDS, "data": DATA_QUALITY, "reasons": REASON_CODES}

_LONGEST_SHOWN, _REASONS = 200, {"extra_forbidden": "is not a known setting", "missing": "is missing"}
_Section = TypeVar("_Section", bound=BaseModel)


@dataclass(frozen=True)
class PolicyTerms:
    """What a policy may name of the book it is for.

    Attributes:
        folder: the shipped files, which stand in for what is left out.
        config: the model configuration with the book's own sections.
        sources: the book's sources, each with whether policy may not make it optional.
        columns: of each source its columns, each with whether no row is of use without it.
        explained: the features that need a reason.
        levels: those of them that are texts.
        evidence: those that are a number fitted with every version.
        combinations: those that a fit makes of several features.
        reasons: of features that are declared with one, which the shipped file may leave out.
        base: shipped files of another book, whose sections hold where the book's own files have none of the name.
    """

    folder: Path
    config: type[ModelConfig]
    sources: Mapping[str, bool]
    columns: Mapping[str, Mapping[str, bool]]
    explained: tuple[str, ...]
    levels: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    combinations: tuple[str, ...] = ()
    reasons: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    base: Path | None = None

    def declared(self, name: str) -> dict[str, Mapping[str, object]]:
        """What a policy file need not say, as the book's code does: reasons, and which sources are required."""
        if name == MODEL_CONFIG:
            return {"sources": {source: {"required": required} for source, required in self.sources.items()}}
        return {"reasons": self.reasons} if name == REASON_CODES else {}


@dataclass(frozen=True)
class Policy:
    """Every number people may change, and the fingerprint of all of them together."""

    model: ModelConfig
    monitoring: MonitoringThresholds
    data: DataQualityPolicy
    reasons: ReasonCatalogue
    sha256: str


def _file_of(folder: Path, name: str) -> Path | None:
    places = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    # What is there and no file is refused when it is read; left out, the shipped policy would be in force unsaid.
    found = [file for file in places if file.exists() or file.is_symlink()]
    if len(found) > 1:
        others = ", ".join(file.name for file in found[1:])
        raise PolicyError(file=found[0], key="(whole file)", reason=f"{others} stands beside it; keep one of them")
    return found[0] if found else None


def completed(own: Mapping[str, object], shipped: Mapping[str, object]) -> dict[str, object]:
    """The author's values over the shipped ones, section by section; a list counts as one value."""
    merged = dict(shipped)
    for key, value in own.items():
        base = shipped.get(key)
        merged[key] = completed(value, base) if isinstance(value, dict) and isinstance(base, dict) else value
    return merged


def _reason(kind: str, message: str, culprit: object) -> str:
    if kind in _REASONS:
        return _REASONS[kind]
    text = message.removeprefix("Value error, ")
    shown = repr(culprit)
    shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
    return text if kind == "value_error" else f"{text[0].lower()}{text[1:]}, not {shown}"


def _validated(document: PolicyDocument, values: Mapping[str, object], section: type[_Section]) -> _Section:
    try:
        return section.model_validate(values)
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        key = document.author_key(".".join(str(part) for part in first["loc"] if part != "[key]")) or "(whole file)"
        more = f" (and {len(others)} more)" if others else ""
        reason = f"{_reason(first['type'], first['msg'], first['input'])}{more}"
        raise PolicyError(file=document.file, key=key, reason=reason) from error


def shipped_values(name: str, terms: PolicyTerms) -> dict[str, object]:
    """The values the platform comes with, of one policy file: its own, in their order, then those declared in code."""
    own = terms.folder / f"{name}.yaml"
    # Whole sections: of one that a book writes itself, nothing is another's.
    base = read_policy_file(terms.base / f"{name}.yaml") if terms.base is not None else {}
    values = {**base, **(read_policy_file(own) if terms.base is None or own.is_file() else {})}
    for section, declared in terms.declared(name).items():
        written = values.get(section, {})
        if isinstance(written, dict):
            values[section] = {**written, **declared, **written}
    return values


def _section_of(
    folder: Path,
    name: str,
    terms: PolicyTerms,
    *,
    section: type[_Section],
    read: Callable[[Mapping[str, object], str], PolicyDocument],
) -> tuple[_Section, str]:
    shipped = shipped_values(name, terms)
    places = (folder, terms.folder, *([terms.base] if terms.base is not None else []))
    file = next(filter(None, (_file_of(place, name) for place in places)), terms.folder / f"{name}.yaml")
    try:
        values, old_keys = with_new_keys(name, read_policy_file(file))
    except KeyError as error:
        old, new = error.args
        raise PolicyError(file=file, key=old, reason=f"is called {new} now, which the file sets as well") from None
    for old, new in old_keys.items():
        warn_of_old_name(old, new, where=str(file))
    document = read(values, str(file))
    document.written_as.update((new, old) for old, new in old_keys.items())
    return _validated(document, completed(document.values, shipped), section), str(file)


def _as_written(values: Mapping[str, object], file: str) -> PolicyDocument:
    return PolicyDocument(file=file, values=dict(values))


def _with_model_names(monitoring: MonitoringThresholds, model: ModelConfig, *, file: str) -> MonitoringThresholds:
    """The thresholds with every override under its model's name, an alias replaced."""
    names = {spec.alias: name for name, spec in model.models.items()} | {name: name for name in model.models}
    overrides = {}
    for given, metrics in monitoring.model_overrides.items():
        key = f"model_overrides.{given}"
        if given not in names:
            raise PolicyError(file=file, key=key, reason=f"is not a model; models are {', '.join(model.models)}")
        if names[given] in overrides:
            raise PolicyError(file=file, key=key, reason=f"overrides {names[given]} a second time")
        overrides[names[given]] = metrics
    return monitoring.model_copy(update={"model_overrides": overrides})


def policy_values(sections: Mapping[str, BaseModel]) -> dict[str, object]:
    """The values of a policy's sections, as JSON."""
    return {
        # a floor an override sets to null and one it leaves alone mean different things, hence exclude_unset
        name: section.model_dump(mode="json", exclude_unset=name == "monitoring")
        for name, section in sections.items()
    }


def fingerprint(values: Mapping[str, object]) -> str:
    """A hash of the values of a policy's sections: `model`, `monitoring`, `data`, `reasons`."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _require_sources(config: ModelConfig, terms: PolicyTerms, *, file: str) -> None:
    if set(config.sources) != set(terms.sources):
        reason = f"names {', '.join(sorted(config.sources))}; the sources are {', '.join(terms.sources)}"
        raise PolicyError(file=file, key="sources", reason=reason)
    for name, is_indispensable in terms.sources.items():
        if is_indispensable and not config.sources[name].required:
            reason = f"{name} must be required: without it there is nothing to label or score"
            raise PolicyError(file=file, key="sources", reason=reason)
        require_columns(config.sources[name], terms.columns[name], file=file, key=f"sources.{name}")


def _require_fitting_characteristics(config: ModelConfig, terms: PolicyTerms, *, file: str) -> None:
    for model, spec in config.models.items():
        faults = unfitting(
            spec.characteristics,
            known=terms.explained,
            levels=terms.levels,
            evidence=terms.evidence,
            combinations=terms.combinations,
        )
        for key, reason in faults:
            raise PolicyError(file=file, key=f"models.{model}.characteristics.{key}", reason=reason)


def _with_floor(monitoring: MonitoringThresholds, metric: str, floor: float, *, file: str) -> MonitoringThresholds:
    try:
        return monitoring.retrained_below(metric, floor)
    except ValueError as error:
        raise PolicyError(file=file, key=f"metrics.{metric}", reason=f"RETRAIN_THRESHOLD is set: {error}") from None


def _with_label_window(model: ModelConfig, days: int) -> ModelConfig:
    """The configuration with a window of so many days, and all that follows from it."""
    values = completed({"label": {WINDOW_KEY: days}}, model.model_dump(mode="json"))
    return _validated(_as_written(values, "CHURN_WINDOW"), values, type(model))


def load_policy(folder: Path | None, *, terms: PolicyTerms, overrides: PolicyOverrides = AS_WRITTEN) -> Policy:
    """Read the policy of a folder, or the shipped one.

    A folder may hold one of the files only, and a file may leave things out: the shipped numbers stand in. The
    fingerprint covers values, those of `overrides` among them: comments, order and file format do not change it.

    Raises:
        PolicyError: no file is there, a file is there twice, or a value is wrong; names file, key and reason.
    """
    where = terms.folder if folder is None else folder
    if not any(_file_of(where, name) for name in FILES):
        reason = f"holds none of {', '.join(f'{name}.yaml' for name in FILES)} (.yml and .json are read as well)"
        raise PolicyError(file=where, key="(folder)", reason=reason)
    model, file = _section_of(where, MODEL_CONFIG, terms, section=terms.config, read=read_model_config)
    if overrides.label_window is not None:
        model = _with_label_window(model, overrides.label_window)
    _require_sources(model, terms, file=file)
    _require_fitting_characteristics(model, terms, file=file)
    monitoring, file = _section_of(
        where, MONITORING_THRESHOLDS, terms, section=MonitoringThresholds, read=read_monitoring_thresholds
    )
    monitoring = _with_model_names(monitoring, model, file=file)
    if overrides.retrain_below is not None:
        monitoring = _with_floor(monitoring, model.selection.primary, overrides.retrain_below, file=file)
    data, _ = _section_of(where, DATA_QUALITY, terms, section=DataQualityPolicy, read=_as_written)
    reasons, file = _section_of(where, REASON_CODES, terms, section=ReasonCatalogue, read=_as_written)
    require_a_reason_per_feature(reasons, terms.explained, file=file)
    sections = {"model": model, "monitoring": monitoring, "data": data, "reasons": reasons}
    return Policy(**sections, sha256=fingerprint(policy_values(sections)))


def policy_document(policy: Policy) -> bytes:
    """All values of a policy as JSON bytes that depend on them alone."""
    sections = {"model": policy.model, "monitoring": policy.monitoring, "data": policy.data, "reasons": policy.reasons}
    return (json.dumps(policy_values(sections), sort_keys=True, indent=1) + "\n").encode()


def read_policy_document(content: bytes, terms: PolicyTerms, *, sha256: str, file: Path) -> Policy:
    """The policy of a document that was read from a file and should have this fingerprint.

    A setting that a later release added has its shipped value, which is how that release acts without it; one that was
    renamed has its new name.

    Raises:
        PolicyError: it is no policy of this release, or not the one the file is named for.
    """
    try:
        values = json.loads(content)
        sections = {name: with_new_keys(name, values[key])[0] for key, name in _FILE_OF.items()}
        full = {name: completed(section, shipped_values(name, terms)) for name, section in sections.items()}
        policy = Policy(
            model=terms.config.model_validate(full[MODEL_CONFIG]),
            monitoring=MonitoringThresholds.model_validate(full[MONITORING_THRESHOLDS]),
            data=DataQualityPolicy.model_validate(full[DATA_QUALITY]),
            reasons=ReasonCatalogue.model_validate(full[REASON_CODES]),
            sha256=sha256,
        )
    except (ValidationError, ValueError, LookupError, TypeError) as error:
        raise PolicyError(file=file, key="(whole file)", reason="is no policy this release can read") from error
    # Of the values as they were stored, whatever their keys were called then.
    found = fingerprint(values)
    if found != sha256:
        raise PolicyError(file=file, key="(whole file)", reason=f"is not the policy it is named for, but {found}")
    return policy
