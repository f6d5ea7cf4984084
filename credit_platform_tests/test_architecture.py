"""The architecture: what each part of the package may import, read and be. Each rule with a source it rejects."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import credit_platform
from credit_platform_tests import architecture_rules as rules
from credit_platform_tests.architecture_rules import Module

MODULES = rules.modules(Path(credit_platform.__file__).parent)
READS_POLICY_FILES = {"policy.load", "policy.policy_file"}
# Modules that name files beside the tables: the book's own file, what may be deleted, the instance, the raw files.
NAMES_OTHER_FILES = {"lake.layout", "settings", "cli.clean", "cli.instance", "lake.raw_book"}
WITHOUT_POSTPONED = {"assets", "checks", "automation", "definitions", "partitions"}


def broken(rule: Callable[[Module], list[str]], among: Callable[[Module], bool] = lambda _: True) -> list[str]:
    chosen = [module for module in MODULES if among(module)]
    assert chosen, "the rule looks at no module at all"
    return [sentence for module in chosen for sentence in rule(module)]


def is_pure(module: Module) -> bool:
    return module.part in rules.PURE


def test_every_part_of_the_package_has_its_place_under_the_arrow() -> None:
    assert {module.part for module in MODULES} - {"__init__"} == set(rules.MAY_IMPORT)


def test_imports_follow_the_arrow_and_only_the_command_line_imports_definitions() -> None:
    assert broken(rules.points_against_the_arrow) == []


def test_pure_packages_and_the_lake_know_no_dagster() -> None:
    assert broken(rules.imports_dagster, lambda module: is_pure(module) or module.part in {"lake", "settings"}) == []


def test_only_the_instance_knows_private_parts_of_dagster() -> None:
    assert broken(rules.imports_private_parts_of_dagster) == []


def test_pure_packages_do_no_input_or_output() -> None:
    assert broken(rules.does_input_or_output, lambda m: is_pure(m) and m.name not in READS_POLICY_FILES) == []


def test_policy_reads_files_and_does_nothing_else_to_them() -> None:
    def reads_only(module: Module) -> list[str]:
        return rules.does_input_or_output(module, may_read_files=True)

    assert broken(reads_only, lambda module: module.name in READS_POLICY_FILES) == []


def test_pure_packages_read_no_clock() -> None:
    assert broken(rules.reads_a_clock, is_pure) == []


def test_only_settings_read_the_environment() -> None:
    assert broken(rules.reads_the_environment, lambda module: module.name != "settings") == []
    assert broken(rules.reads_the_environment, lambda module: module.name == "settings") != []


def test_only_the_layout_builds_paths_of_tables() -> None:
    assert broken(rules.builds_table_paths, lambda module: module.name not in NAMES_OTHER_FILES) == []
    assert broken(rules.builds_table_paths, lambda module: module.name == "lake.layout") != []


def test_wiring_does_not_postpone_annotations() -> None:
    assert broken(rules.postpones_annotations, lambda module: module.part in WITHOUT_POSTPONED) == []


def test_nothing_is_pickled() -> None:
    assert broken(rules.unpickles) == []


def test_modules_stay_short() -> None:
    assert broken(rules.is_too_long) == []


def test_every_module_says_what_belongs_in_it_and_what_does_not() -> None:
    packages = {module.name for module in MODULES for other in MODULES if other.name.startswith(f"{module.name}.")}

    def unexplained(module: Module) -> list[str]:
        return rules.is_not_explained(module, is_package=module.name in packages or module.name == "__init__")

    assert broken(unexplained) == []


def test_no_module_lists_its_exports() -> None:
    assert broken(rules.exports_names) == []


def test_heavy_libraries_are_imported_in_the_step_that_needs_them() -> None:
    assert broken(rules.imports_heavy_libraries_at_load) == []


def test_loading_the_definitions_loads_no_heavy_library(tmp_path: Path) -> None:
    program = "import json, sys, credit_platform.definitions; print(json.dumps(sorted(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env={"CREDIT_DATA_DIR": str(tmp_path), "PATH": ""},
        cwd=Path(credit_platform.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(json.loads(loaded.stdout))
    assert "credit_platform.assets.tables.bronze" in modules
    assert modules & rules.HEAVY == set()


PLANTED = [
    (rules.points_against_the_arrow, "lending.x", "from credit_platform.lake.tables.monthly import Lake"),
    (rules.points_against_the_arrow, "lake.x", "def f():\n    from credit_platform.assets import bronze"),
    (rules.points_against_the_arrow, "assets.x", "import credit_platform.definitions"),
    (rules.points_against_the_arrow, "checks.x", "from credit_platform.automation.jobs import BUILD_MONTH"),
    (rules.points_against_the_arrow, "features.x", "from credit_platform import settings"),
    (rules.imports_dagster, "scoring.x", "def f():\n    import dagster as dg"),
    (rules.imports_dagster, "lake.x", "from dagster._core.storage import tags"),
    (rules.does_input_or_output, "lending.x", "rows = open('x').read()"),
    (rules.does_input_or_output, "lending.x", "from pathlib import Path\nPath('x').write_text('y')"),
    (rules.does_input_or_output, "features.x", "import polars as pl\npl.scan_parquet('x')"),
    (rules.does_input_or_output, "reports.x", "import duckdb"),
    (rules.does_input_or_output, "monitoring.x", "import os\nhome = os.environ['HOME']"),
    (rules.reads_a_clock, "scoring.x", "from datetime import datetime, UTC\nnow = datetime.now(UTC)"),
    (rules.reads_a_clock, "scoring.x", "import datetime as d\ntoday = d.date.today()"),
    (rules.reads_a_clock, "scoring.x", "from time import time"),
    (rules.reads_the_environment, "cli.x", "import os\nhome = os.environ.get('HOME')"),
    (rules.reads_the_environment, "cli.x", "from os import getenv\ngetenv('HOME')"),
    (rules.reads_the_environment, "cli.x", "from pydantic_settings import BaseSettings\nclass S(BaseSettings): ..."),
    (rules.builds_table_paths, "assets.x", "file = lake.layout.data_dir / 'gold' / 'x'"),
    (rules.builds_table_paths, "assets.x", "file = folder / f'{month}.parquet'"),
    (rules.postpones_annotations, "assets.x", "from __future__ import annotations"),
    (rules.unpickles, "lake.x", "def f():\n    import pickle"),
    (rules.unpickles, "lake.x", "from joblib import dump"),
    (rules.is_too_long, "lending.x", "x = 1\n" * 301),
    (rules.exports_names, "lending.x", "__all__ = ['x']"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "import lightgbm"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "class A:\n    from sklearn.linear_model import Ridge"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "if True:\n    import pandas as pd"),
]


@pytest.mark.parametrize(("rule", "name", "text"), PLANTED)
def test_a_planted_break_is_found(rule: Callable[[Module], list[str]], name: str, text: str) -> None:
    assert rule(Module(name, text)) != []


SOUND = [
    (rules.points_against_the_arrow, "assets.x", "from credit_platform.lake.tables.monthly import Lake"),
    (rules.imports_dagster, "lake.x", "import dagsterlike"),
    (rules.does_input_or_output, "lending.x", "from pathlib import Path\nhere = Path('a') / 'b'"),
    (rules.reads_a_clock, "lending.x", "from datetime import date\nday = date(2023, 1, 1)"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "def f():\n    import lightgbm"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "if TYPE_CHECKING:\n    import pandas"),
    (rules.is_too_long, "lending.x", "x = 1\n" * 300),
]


@pytest.mark.parametrize(("rule", "name", "text"), SOUND)
def test_a_sound_source_is_left_alone(rule: Callable[[Module], list[str]], name: str, text: str) -> None:
    assert rule(Module(name, text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        '"""A module that says at length what belongs in it but never says what it is that does not belong here."""',
    ],
)
def test_a_module_that_does_not_explain_itself_is_found(text: str) -> None:
    assert rules.is_not_explained(Module("lending.x", text), is_package=False) != []
