"""Module names of the previous release, importable for one release more.

`MOVED` lists them: each old name, and the module it stands for now. All go with version 0.3.0.
`.dagster/dagster.yaml` of existing data folders names `run_history`; people's programs and notebooks import the others.
What a stored file is called, and columns of older tables, do not belong here: their readers know them.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from inspect import signature
from types import ModuleType
from typing import TypeVar

from typing_extensions import override

MOVED = {
    "credit_platform.checkers": "credit_platform.facades.evaluators",
    "credit_platform.orchestrator": "credit_platform.facades.orchestrator",
    "credit_platform.quick_start": "credit_platform.instance.without_sqlalchemy",
    "credit_platform.run_history": "credit_platform.instance.run_history",
    "credit_platform.scoring.learner": "credit_platform.scoring.estimators.estimator",
}
# Classes that models of one's own are made of, under their former names, by the module of today.
RENAMED = {"credit_platform.scoring.estimators.estimator": {"Learner": "Estimator"}}

_Result = TypeVar("_Result")


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
        warnings.warn(f"{old} is called {new} now; the old name goes with version 0.3.0", FutureWarning, 2)
        found = import_module(new)
        for former, name in RENAMED.get(new, {}).items():
            setattr(found, former, getattr(found, name))
        sys.modules[old] = found


def accepted(function: Callable[..., _Result], *arguments: object) -> _Result:
    """Call a function of a model of one's own that may take fewer arguments than this release gives it."""
    return function(*arguments[: len(signature(function).parameters)])


# The last finder: it is asked only for what nothing else finds.
sys.meta_path.append(_MovedModules())
