"""What all workers of a test session share and only the first of them does: folders that are made, lives that are run.

Which folders and lives there are is said by the fixtures.
"""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def _alone(shared_root: Path, name: str) -> Iterator[None]:
    with (shared_root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made_once(shared_root: Path, name: str, make: Callable[[Path], object]) -> Path:
    """The folder of this name, whole: `make` fills another that takes its place."""
    root, part = shared_root / name, shared_root / f"{name}.part"
    with _alone(shared_root, name):
        if not root.exists():
            make(part)
            part.rename(root)
    return root


def run_once(shared_root: Path, name: str, run: Callable[[], subprocess.CompletedProcess[str]]) -> None:
    """Run a program that must end well; whoever comes later sees how it ended."""
    done = shared_root / f"{name}.log"
    with _alone(shared_root, name):
        if not done.exists():
            ended = run()
            done.write_text(f"exit {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
    assert done.read_text().startswith("exit 0\n"), done.read_text()
