"""What something was made of: the bytes of its input months, the commit of the code, the libraries.

Whether the bytes are those that were written, the log of table versions says.

The code is the checkout this package lies in, asked of git once per process. Where the answers are written belongs to
the model store and the logs; which months a training reads, to the training.
"""

import functools
import hashlib
import json
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

from credit_platform.errors import TableError
from credit_platform.lake.files import whole_lines
from credit_platform.lake.layout import Layout
from credit_platform.months import month_key, parse_month

IN_PLACE_OF = "in_place_of"
_PATIENCE_SECONDS = 3
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
        table: {month_key(month): _sha256(layout.month_file(table, month)) for month in months}
        for table, months in months_by_table.items()
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def recorded(layout: Layout) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of the log of table versions with their numbers, each as it was restated last."""
    lines = [json.loads(line) for line in whole_lines(layout.table_version_log())]
    now = {record[IN_PLACE_OF]: record for record in lines if IN_PLACE_OF in record}
    for number, record in enumerate(lines, start=1):
        if IN_PLACE_OF not in record:
            yield number, record | now.get(number, {})


def recorded_hashes(layout: Layout) -> dict[tuple[str, date], str]:
    """The hash each month of each table was last written with."""
    return {
        (record["table"], parse_month(month)): sha256
        for _, record in recorded(layout)
        for month, sha256 in record["months"].items()
    }


def altered(layout: Layout, months: Mapping[str, Sequence[date]]) -> dict[str, list[date]]:
    """Those of some months of tables whose file is not the one that was last written, by the log, in order.

    A month of which the log knows nothing was written before there was one, and counts as it is.
    """
    written = recorded_hashes(layout)
    found = {
        table: [
            month
            for month in sorted(of_table)
            if (table, month) in written
            and (file := layout.month_file(table, month)).is_file()
            and _sha256(file) != written[table, month]
        ]
        for table, of_table in months.items()
    }
    return {table: of_table for table, of_table in found.items() if of_table}


def require_unaltered(layout: Layout, months: Mapping[str, Sequence[date]]) -> None:
    """Refuse months whose file is not the one that was last written.

    Raises:
        TableError: there are some; names those of the first table.
    """
    for _ in range(_PATIENCE_SECONDS):
        if not (found := altered(layout, months)):
            return
        # Whoever writes months of a table now puts their hashes down after the last of them.
        time.sleep(1)
    for table, of_table in found.items():
        raise TableError(
            table=table,
            months=of_table,
            reason=f"the file is not the one the platform wrote ({layout.table_version_log().name} has another hash)",
            fix=f"Build it again: credit-platform backfill --from {of_table[0]:%Y-%m} --to {of_table[-1]:%Y-%m} "
            "--job build_month; or restore it from a backup, and find out who changed it.",
        )


def libraries(extra: Sequence[str] = ()) -> dict[str, str]:
    """Versions of the libraries whose numbers a version rests on, with modules of its own algorithm, and of Python."""
    # By its module, since an extra is delivered by distributions of several names.
    own = {name: str(vars(import_module(name))["__version__"]) for name in extra}
    return {name: library_version(name) for name in _LIBRARIES} | own | {"python": platform.python_version()}


def code() -> dict[str, object]:
    """The commit the running code is of, and whether its files differ from it (null: not known)."""
    state = code_state()
    return {"git_commit": state.commit, "git_dirty": state.is_dirty}
