"""What a version was made of: the bytes of its input months, the code, the libraries.

Storing it belongs to `model_store`; which months a training reads, to the training.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version as library_version

from credit_platform.lake.code_state import code_state
from credit_platform.lake.layout import Layout
from credit_platform.months import month_key

_LIBRARIES = ("polars", "numpy", "scikit-learn", "lightgbm", "optuna")


def input_hashes(layout: Layout, months_by_table: Mapping[str, Sequence[date]]) -> dict[str, dict[str, str]]:
    """SHA-256 of the file of every month of every table, by table and month."""
    return {
        table: {month_key(month): _sha256(layout, table, month) for month in months}
        for table, months in months_by_table.items()
    }


def _sha256(layout: Layout, table: str, month: date) -> str:
    with layout.month_file(table, month).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def libraries() -> dict[str, str]:
    """Versions of the libraries whose numbers a version rests on, and of Python."""
    return {name: library_version(name) for name in _LIBRARIES} | {"python": platform.python_version()}


def code() -> dict[str, object]:
    """The commit the running code is of, and whether its files differ from it (null: not known)."""
    state = code_state()
    return {"git_commit": state.commit, "git_dirty": state.is_dirty}
