"""Which code is running: the commit of the checkout this package lies in, and whether files differ from it.

Asked of git once per process. Where the answer is written belongs to the model store and the audit log.
"""

import functools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = "unknown"
_PACKAGE = Path(__file__).resolve().parents[1]
_SECONDS = 10


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
