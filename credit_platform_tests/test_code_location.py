"""The code location is built by the module that Dagster loads, and by importing nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import credit_platform

# Imports the named modules while reading settings and making definitions are forbidden.
IMPORTS = """
import importlib, json, sys
import dagster, pydantic_settings

def refused(self, *args, **kwargs):
    raise RuntimeError(f"{type(self).__name__} was made")

dagster.Definitions.__new__ = refused
pydantic_settings.BaseSettings.__init__ = refused
broken = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except RuntimeError as error:
        broken[name] = str(error)
print(json.dumps(broken))
"""


def module_names() -> list[str]:
    package = Path(credit_platform.__file__).parent
    files = sorted(package.rglob("*.py"))
    return [".".join(("credit_platform", *file.relative_to(package).with_suffix("").parts)) for file in files]


def builders(*names: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, json.dumps(names)], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def test_no_module_but_the_definitions_builds_anything_when_it_is_imported() -> None:
    names = [name for name in module_names() if name != "credit_platform.definitions"]
    assert "credit_platform.code_location" in names
    assert len(names) > 300
    assert builders(*names) == {}


def test_importing_the_definitions_builds_them(tmp_path: Path) -> None:
    assert set(builders("credit_platform.definitions")) == {"credit_platform.definitions"}
    program = "from credit_platform.definitions import defs; print(len(defs.get_repository_def().job_names) > 3)"
    environment = {"CREDIT_DATA_DIR": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
