"""LightGBM as a service needs it: without the libraries that only its training imports where they are installed.

They take 130 MB of a process that scores arrays. Scoring itself belongs to `scoring.estimators`.
"""

import importlib
import sys

# What lightgbm.compat imports if it can, for inputs and estimators that are not used here.
_NOT_NEEDED = ("pandas", "sklearn", "pyarrow", "matplotlib", "graphviz", "dask")


def import_lightgbm() -> None:
    """Import it once, as if the others were not installed; they can be imported afterwards as ever."""
    if "lightgbm" in sys.modules:
        return
    hidden = [name for name in _NOT_NEEDED if name not in sys.modules]
    # What Python itself looks for to say that a module cannot be imported.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        importlib.import_module("lightgbm")
    finally:
        for name in hidden:
            del sys.modules[name]
