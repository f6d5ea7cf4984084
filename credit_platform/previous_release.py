"""Module names of the previous release, importable for one release more.

`MOVED` lists them: each old name, and the module it stands for now. All go with version 0.3.0.
`.dagster/dagster.yaml` of existing data folders names `run_history`; people's programs and notebooks import the others.
What a stored file is called, and columns of older tables, do not belong here: their readers know them.
"""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from typing_extensions import override

MOVED = {
    "credit_platform.checkers": "credit_platform.facades.checkers",
    "credit_platform.orchestrator": "credit_platform.facades.orchestrator",
    "credit_platform.quick_start": "credit_platform.instance.without_sqlalchemy",
    "credit_platform.run_history": "credit_platform.instance.run_history",
}


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
        sys.modules[old] = import_module(new)


# The last finder: it is asked only for what nothing else finds.
sys.meta_path.append(_MovedModules())
