"""The architecture: what each part of the package may import, read and be. Each rule with a source it rejects."""

from __future__ import annotations

import json
import re
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
NAMES_OTHER_FILES = {"lake.layout", "lake.book_file", "settings", "cli.clean", "cli.instance", "lake.raw.raw_book"}
# Finds the folders of the portfolios beside it.
LISTS_PORTFOLIOS = "portfolios.named"
WITHOUT_POSTPONED = {"assets", "checks", "automation", "code_location", "definitions", "books", "partitions"}


def broken(rule: Callable[[Module], list[str]], among: Callable[[Module], bool] = lambda _: True) -> list[str]:
    chosen = [module for module in MODULES if among(module)]
    assert chosen, "the rule looks at no module at all"
    return [sentence for module in chosen for sentence in rule(module)]


def is_pure(module: Module) -> bool:
    return module.part in rules.PURE


def test_every_part_of_the_package_is_a_room_of_the_list() -> None:
    assert {module.part for module in MODULES} - {"__init__"} <= set(rules.ROOMS)


def test_a_part_imports_only_what_stands_before_it() -> None:
    assert broken(rules.imports_a_later_room, lambda module: module.name != "__init__") == []


def test_no_two_modules_import_each_other_by_whatever_way() -> None:
    assert rules.circles(rules.import_graph(MODULES)) == []


def test_no_folder_is_crowded() -> None:
    assert rules.crowded_folders(MODULES) == []


def test_the_readme_tells_the_order_that_is_held_here() -> None:
    readme = (Path(credit_platform.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    told = re.search(r"A part may import only what stands before it:\s+(`[^.]*`)\.", readme)
    assert told is not None
    assert tuple(re.findall(r"`(\w+)`", told[1])) == rules.ROOMS


def test_rooms_before_the_axis_know_no_dagster() -> None:
    assert broken(rules.imports_dagster, lambda module: module.part in rules.WITHOUT_DAGSTER) == []


def test_only_the_instance_knows_private_parts_of_dagster() -> None:
    assert broken(rules.imports_private_parts_of_dagster) == []


def test_pure_packages_do_no_input_or_output() -> None:
    exempt = READS_POLICY_FILES | {LISTS_PORTFOLIOS}
    assert broken(rules.does_input_or_output, lambda m: is_pure(m) and m.name not in exempt) == []


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
    (rules.imports_a_later_room, "portfolios.x", "from credit_platform.lake.tables.monthly import Lake"),
    (rules.imports_a_later_room, "schemas.x", "from credit_platform.policy.load import Policy"),
    (rules.imports_a_later_room, "lake.x", "def f():\n    from credit_platform.assets.tables import bronze"),
    (rules.imports_a_later_room, "policy.x", "if TYPE_CHECKING:\n    from credit_platform.scoring.grades import x"),
    (rules.imports_a_later_room, "assets.x", "import credit_platform.definitions"),
    (rules.imports_a_later_room, "checks.x", "from credit_platform.automation.jobs import BUILD_MONTH"),
    (rules.imports_a_later_room, "scoring.x", "from credit_platform import settings"),
    (rules.imports_dagster, "scoring.x", "def f():\n    import dagster as dg"),
    (rules.imports_dagster, "lake.x", "from dagster._core.storage import tags"),
    (rules.does_input_or_output, "portfolios.x", "rows = open('x').read()"),
    (rules.does_input_or_output, "portfolios.x", "from pathlib import Path\nPath('x').write_text('y')"),
    (rules.does_input_or_output, "scoring.x", "import polars as pl\npl.scan_parquet('x')"),
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
    (rules.is_too_long, "portfolios.x", "x = 1\n" * 301),
    (rules.exports_names, "portfolios.x", "__all__ = ['x']"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "import lightgbm"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "class A:\n    from sklearn.linear_model import Ridge"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "if True:\n    import pandas as pd"),
]


@pytest.mark.parametrize(("rule", "name", "text"), PLANTED)
def test_a_planted_break_is_found(rule: Callable[[Module], list[str]], name: str, text: str) -> None:
    assert rule(Module(name, text)) != []


SOUND = [
    (rules.imports_a_later_room, "assets.x", "from credit_platform.lake.tables.monthly import Lake"),
    (rules.imports_dagster, "lake.x", "import dagsterlike"),
    (rules.does_input_or_output, "portfolios.x", "from pathlib import Path\nhere = Path('a') / 'b'"),
    (rules.reads_a_clock, "portfolios.x", "from datetime import date\nday = date(2023, 1, 1)"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "def f():\n    import lightgbm"),
    (rules.imports_heavy_libraries_at_load, "scoring.x", "if TYPE_CHECKING:\n    import pandas"),
    (rules.is_too_long, "portfolios.x", "x = 1\n" * 300),
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
    assert rules.is_not_explained(Module("portfolios.x", text), is_package=False) != []


def test_a_planted_circle_is_found_even_by_way_of_a_third_module() -> None:
    one = "from credit_platform.lake.b import x"
    two = "def f():\n    from credit_platform.lake.c import x"
    three = "if TYPE_CHECKING:\n    from credit_platform.lake.a import x"
    found = [Module("lake.a", one), Module("lake.b", two), Module("lake.c", three), Module("lake.d", one)]
    assert rules.circles(rules.import_graph(found)) == [["lake.a", "lake.b", "lake.c"]]


def test_a_planted_crowd_is_found() -> None:
    crowd = [Module("lake", ""), *(Module(f"lake.m{n}", "") for n in range(rules.MAX_MODULES + 1))]
    assert rules.crowded_folders(crowd) == ["lake holds 16 modules"]
    assert rules.crowded_folders(crowd[1:]) == ["lake holds 16 modules"]
    assert rules.crowded_folders(crowd[:-1]) == []
