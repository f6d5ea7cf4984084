"""What the package imports is declared, and what is declared is locked: enough to run in one file, the tools on top."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import credit_platform

PACKAGE = Path(credit_platform.__file__).parent
ROOT = PACKAGE.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Of pandas only its bounds are declared, which Evidently lacks.
IMPORTED_NOWHERE = {"pandas"}


def imported(text: str) -> set[str]:
    """The top-level modules a source imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"credit_platform"}


def undeclared(modules: set[str], declared: set[str]) -> set[str]:
    homes = packages_distributions()
    return {
        module for module in modules if not declared & {canonicalize_name(home) for home in homes.get(module, [module])}
    }


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in requirements}


def pins(lock: str) -> dict[str, set[str]]:
    """The entries of a lock by name: version, where it applies, and hashes. Some have one per range of Pythons."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for name, pin in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(.*(?:\n    --hash.*)+)", text, re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(re.sub(r"\s*\\?\n\s*", " ", pin))
    return found


def product() -> Iterator[Path]:
    yield from PACKAGE.rglob("*.py")


def test_every_library_the_package_imports_is_declared() -> None:
    modules = {module for file in product() for module in imported(file.read_text(encoding="utf-8"))}
    assert {"sqlalchemy", "threadpoolctl", "packaging"} <= modules
    # Imported where a book or a verb asks for it, and only if it is there.
    extra = names([one for extra in ("sentiment", "serve") for one in PROJECT["optional-dependencies"][extra]])
    assert undeclared(modules, names(PROJECT["dependencies"]) | extra) == set()


def test_every_declared_library_is_used() -> None:
    modules = {module for file in product() for module in imported(file.read_text(encoding="utf-8"))}
    homes = packages_distributions()
    used = {canonicalize_name(home) for module in modules for home in homes[module]}
    assert names(PROJECT["dependencies"]) - used == IMPORTED_NOWHERE


@pytest.mark.parametrize("text", ["import yaml.nodes", "def f():\n    from yaml import nodes"])
def test_an_undeclared_library_is_found(text: str) -> None:
    assert undeclared(imported(text), names(["polars>=2"])) == {"yaml"}
    assert undeclared(imported(text), names(["pyyaml>=6"])) == set()


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", ["install"]),
        ("requirements-dev.lock", ["install", "dev"]),
        ("requirements-xgboost.lock", ["install", "xgboost"]),
        ("requirements-serve.lock", ["install", "serve"]),
    ],
)
def test_every_declared_library_is_locked_at_a_version_it_allows(lock: str, extras: list[str]) -> None:
    locked = pins(lock)
    declared = PROJECT["dependencies"] + [one for extra in extras for one in PROJECT["optional-dependencies"][extra]]
    for one in map(Requirement, declared):
        versions = [pin.split(" ")[0] for pin in locked[canonicalize_name(one.name)]]
        assert all(one.specifier.contains(version) for version in versions), one


def test_the_lock_to_run_is_part_of_the_lock_to_work() -> None:
    run, work = pins("requirements.lock"), pins("requirements-dev.lock")
    assert len(run) > 100
    assert run.items() <= work.items()
    assert {"pytest", "ruff", "pyrefly"} <= work.keys() - run.keys()


def test_an_extra_adds_its_library_to_the_lock_to_run_and_to_no_other() -> None:
    run, extra = pins("requirements.lock"), pins("requirements-xgboost.lock")
    assert run.items() <= extra.items()
    assert extra.keys() - run.keys() == {"xgboost-cpu"}
    assert "xgboost-cpu" not in pins("requirements-dev.lock")
    serve = pins("requirements-serve.lock")
    assert serve.keys() - run.keys() == {"fastapi", "prometheus-client", "opentelemetry-api"}
    assert serve.items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize(
    "lock",
    ["requirements.lock", "requirements-dev.lock", "requirements-xgboost.lock", "requirements-serve.lock"],
)
def test_locks_name_no_index_and_have_a_hash_for_everything(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text.replace("--no-emit-index-url", "")
    assert sum(map(len, pins(lock).values())) == len(re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==", text, re.MULTILINE))
