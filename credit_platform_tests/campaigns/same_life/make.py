"""A life for the checkout this runs in: the raw files of a book, and everything the command line makes of them.

Comparing lives belongs to `compare`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

DEMO = "demo"
_PACKAGE = Path(__file__).resolve().parents[3]


def make_life(out: Path, book: str, policy: Path | None = None) -> int:
    """Live the demo, or the whole life of the book in a folder of raw files; returns the exit code of what failed.

    The raw files are copied, so that the life is whole and the book stays as it is.
    """
    if out.exists() and any(out.iterdir()):
        sys.stderr.write(f"{out} is not empty; a life begins in an empty folder.\n")
        return 2
    out.mkdir(parents=True, exist_ok=True)
    changes = subprocess.run(
        ["git", "-C", _PACKAGE, "status", "--porcelain", "--", "credit_platform"],
        capture_output=True,
        text=True,
        check=False,
    )
    if changes.stdout:
        sys.stderr.write("Files of credit_platform differ from their commit, and pages will say so.\n")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CREDIT_", "DAGSTER_"))}
    variables["CREDIT_DATA_DIR"] = str(out.resolve())
    if policy is not None:
        variables["CREDIT_POLICY_DIR"] = str(policy.resolve())
    if book != DEMO:
        shutil.copytree(book, out / "raw", copy_function=shutil.copyfile)
    verbs = [[DEMO]] if book == DEMO else [["init"], ["backfill"]]
    program = Path(sys.executable).with_name("credit-platform")
    for verb in verbs:
        code = subprocess.run([program, *verb], env=variables, check=False).returncode
        if code:
            return code
    return 0
