"""Dataframely is loaded without SQLAlchemy, and SQLAlchemy stays usable afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_the_code_location_loads_without_sqlalchemy() -> None:
    assert run("import sys, credit_platform.definitions; print('sqlalchemy' in sys.modules)") == "False"


@pytest.mark.parametrize("before", ["", "import sqlalchemy; "])
def test_sqlalchemy_can_be_imported_whatever_came_first(before: str) -> None:
    imports = "import credit_platform.instance.without_sqlalchemy, dataframely, sqlalchemy"
    code = f"{before}{imports}; print(sqlalchemy.text('select 1'))"
    assert run(code) == "select 1"
