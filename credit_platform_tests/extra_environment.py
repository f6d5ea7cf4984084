"""An environment of its own with the package and an extra, as its lock has it: what `make extra-...` leads to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import credit_platform
from credit_platform_tests.done_once import run_once

ROOT = Path(credit_platform.__file__).parents[1]
_FILES = ("pyproject.toml", "README.md")
_FOLDERS = ("credit_platform", "credit_platform_tests")


def make_environment(folder: Path, *locks: str) -> Path:
    """Copy the sources to `folder/work` and install them with some locks into `folder/env`; where its programs are."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.is_file():
        pytest.skip(f"{uv} is not there; make installs it")
    env, work = folder / "env", folder / "work"
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, work / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*_FILES, *locks):
        shutil.copy(ROOT / name, work)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    install = [uv, "pip", "install", "-q", "--python", env / "bin" / "python"]
    for what in (*(["-r", lock] for lock in locks), ["--no-deps", "--no-build-isolation", "-e", "."]):
        done = subprocess.run([*install, *what], cwd=work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return env / "bin"


def with_xgboost_once(shared_root: Path) -> Path:
    """Where the programs of an environment with XGBoost are, which all workers share."""
    folder = shared_root / "with_xgboost"

    def make() -> subprocess.CompletedProcess[str]:
        programs = make_environment(folder, "requirements-xgboost.lock")
        return subprocess.run(
            [programs / "python", "-c", "import xgboost"], capture_output=True, text=True, check=False
        )

    run_once(shared_root, "with_xgboost", make)
    return folder / "env" / "bin"
