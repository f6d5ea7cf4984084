"""What something was made of: the bytes of its input months, the commit of the code, the libraries.

The code is the checkout this package lies in, asked of git once per process. Where the answers are written belongs to
the model store and the logs; which months a training reads, to the training.
"""

import functools
import hashlib
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version as library_version
from pathlib import Path

from credit_platform.lake.layout import Layout
from credit_platform.months import month_key

UNKNOWN = "unknown"
_PACKAGE = Path(__file__).resolve().parents[1]
_SECONDS = 10
_LIBRARIES = ("polars", "numpy", "scikit-learn", "lightgbm", "optuna")


@dataclass(frozen=True)
class CodeState:
    """A commit, or `unknown`; whether the package's files differ from it, None where that is not known."""

    commit: str
    is_dirty: bool | None


@functools.cache
def code_state() -> CodeState:
    """The state of this package's code when the process first asked."""
    return code_state_of(_PACKAGE)


def code_state_of(package: Path) -> CodeState:
    """The state of the code in a folder; unknown without git, or where the folder is in no repository's keeping.

    An installed package may lie inside a foreign repository, in its ignored `.venv`: that commit says nothing of it.
    """
    tracked = _git(package, "ls-files", "--", ".")
    commit = _git(package, "rev-parse", "HEAD") if tracked else None
    if not commit:
        return CodeState(UNKNOWN, None)
    changes = _git(package, "status", "--porcelain", "--", ".")
    return CodeState(commit, None if changes is None else bool(changes))


def _git(folder: Path, *arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [program, "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


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
