"""Names of the previous release that are accepted for one release more, and the warning that names the new ones.

`MOVED` lists modules, `RENAMED_MODELS` keys of models, `_RENAMED_IN` keys of policy files. All go with version 0.3.0.
`.dagster/dagster.yaml` of existing data folders names `run_history`; people's programs and notebooks import the others.
How a data folder is brought to the new names does not belong here.
"""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from inspect import signature
from types import ModuleType
from typing import TextIO, TypeVar

from typing_extensions import override

MOVED = {
    "credit_platform.checkers": "credit_platform.facades",
    "credit_platform.orchestrator": "credit_platform.facades.orchestrator",
    "credit_platform.quick_start": "credit_platform.instance.without_sqlalchemy",
    "credit_platform.run_history": "credit_platform.instance.run_history",
    "credit_platform.scoring.learner": "credit_platform.scoring.estimators.estimator",
}
# Classes that models of one's own are made of, under their former names, by the module of today.
RENAMED = {"credit_platform.scoring.estimators.estimator": {"Learner": "Estimator"}}
RENAMED_MODELS = {"logistic_regression": "scorecard"}
# What `promote --to` was told; a champion is a model now.
_RENAMED_STATUS = {"champion": "in-force", "challenger": "candidate"}
_RENAMED_KEYS = {"rivalry": "champion_challenger", "early_reads": "early_performance", "persistence": "run_rules"}


def _new_key(key: str) -> str:
    return _RENAMED_KEYS.get(key, key)


def _new_model(name: str) -> str:
    return RENAMED_MODELS.get(name, name)


def _new_toggle(name: str) -> str:
    *table, check = name.split("/")
    return "/".join([*map(_new_model, table), check])


# By policy file: in which sections keys have new names.
_RENAMED_IN: Mapping[str, Mapping[tuple[str, ...], Callable[[str], str]]] = {
    "model_config": {(): _new_key, ("models",): _new_model},
    "monitoring_thresholds": {(): _new_key, ("model_overrides",): _new_model},
    "data_quality": {("checks", "toggles"): _new_toggle},
}
_Result = TypeVar("_Result")


class OldNameWarning(FutureWarning):
    """A name of the previous release was used."""


def warn_of_old_name(old: str, new: str, *, where: str = "") -> None:
    """Say that an old name is still accepted; `where` it was read."""
    said = f"{where}: {old}" if where else old
    warnings.warn(f"{said} is called {new} now; the old name goes with version 0.3.0", OldNameWarning, 2)


@contextmanager
def old_names_on_stderr(*others_said: type[Warning]) -> Iterator[None]:
    """Have each warning of an old name, or of one of other kinds, written as one line, once."""
    said: set[str] = set()
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(  # noqa: PLR0917 - as Python calls it
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if not issubclass(category, (OldNameWarning, *others_said)):
                others(message, category, filename, lineno, file, line)
            elif str(message) not in said:
                said.add(str(message))
                sys.stderr.write(f"warning: {message}\n")

        for kind in (OldNameWarning, *others_said):
            warnings.simplefilter("always", kind)
        warnings.showwarning = show
        yield


def model_key(name: str) -> str:
    """The key of a model that may be named as in the previous release, with a warning where it is."""
    new = _new_model(name)
    if new != name:
        warn_of_old_name(f"model {name}", new)
    return new


def version_status(word: str) -> str:
    """The status of a version that may be named as in the previous release, with a warning where it is."""
    new = _RENAMED_STATUS.get(word, word)
    if new != word:
        warn_of_old_name(f"--to {word}", new)
    return new


def former_names(table: str) -> list[str]:
    """What a table, by its asset key, was called in the previous release, where it had another name."""
    layer, name, *rest = table.split("/")
    if layer not in {"model", "prediction", "monitoring"}:
        return []
    return ["/".join((layer, old, *rest)) for old, new in RENAMED_MODELS.items() if name == new]


def with_new_keys(document: str, values: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """The content of a policy file (`model_config`, ...) under its new keys, and each old key found with its new one.

    Keys are dotted from the top of the file.

    Raises:
        KeyError: an old key stands beside the one that takes its place; its arguments are both.
    """
    found: dict[str, str] = {}

    def renamed(section: object, path: tuple[str, ...], new_name: Callable[[str], str], where: str = "") -> object:
        if not isinstance(section, Mapping):
            return section
        if path:
            key, *below = path
            inner = {key: renamed(section[key], tuple(below), new_name, f"{where}{key}.")} if key in section else {}
            return {**section, **inner}
        new_names = {key: new_name(key) for key in section}
        old = {key: new for key, new in new_names.items() if new != key}
        for key, new in old.items():
            if new in section:
                both = f"{where}{key}", f"{where}{new}"
                raise KeyError(*both)
        found.update({f"{where}{key}": f"{where}{new}" for key, new in old.items()})
        return {new: section[key] for key, new in new_names.items()}

    content: object = values
    for path, new_name in _RENAMED_IN.get(document, {}).items():
        content = renamed(content, path, new_name)
    changed = dict(content) if isinstance(content, Mapping) else {}
    rivals = changed.get("champion_challenger")
    champion = rivals.get("champion") if isinstance(rivals, Mapping) else None
    by_month = champion if isinstance(champion, Mapping) else {"": champion}
    old = {name for name in by_month.values() if isinstance(name, str) and _new_model(name) != name}
    if isinstance(rivals, Mapping) and old:
        found.update({f"champion {name}": _new_model(name) for name in old})
        named = {month: _new_model(name) if name in old else name for month, name in by_month.items()}
        changed["champion_challenger"] = {**rivals, "champion": named if champion is by_month else named[""]}
    return changed, found


class _MovedModules(MetaPathFinder, Loader):
    """Finds the old names, and puts the module of today in the place of the one asked for."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    @override
    def exec_module(self, module: ModuleType) -> None:
        old, new = module.__name__, MOVED[module.__name__]
        warn_of_old_name(old, new)
        found = import_module(new)
        for former, name in RENAMED.get(new, {}).items():
            setattr(found, former, getattr(found, name))
        sys.modules[old] = found


def accepted(function: Callable[..., _Result], *arguments: object) -> _Result:
    """Call a function of a model of one's own that may take fewer arguments than this release gives it."""
    return function(*arguments[: len(signature(function).parameters)])


# The last finder: it is asked only for what nothing else finds.
sys.meta_path.append(_MovedModules())
