"""Every look at the machine, with a machine that is well and one that is not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from credit_platform.cli.doctor import machine
from credit_platform.policy.model_spec import ModelSpec
from credit_platform.portfolios.loans.portfolio import LOANS


def test_python_is_held_against_what_the_package_allows() -> None:
    assert machine.check_python().level == "ok"
    red = machine.check_python((3, 10, 4), ">=3.11")
    assert (red.level, red.found) == ("error", "3.10.4, and >=3.11 is needed")
    assert "PYTHON=" in red.mend


def test_libraries_are_held_against_the_package_s_own_needs() -> None:
    assert machine.check_libraries().level == "ok"
    needs = ["polars>=2.1,<3", "duckdb>=2", "ruff>=1; extra == 'dev'", "old; python_version < '3'"]
    installed = {"polars": "1.9.0"}
    red = machine.check_libraries(needs, installed.get)
    assert red.level == "error"
    assert "polars 1.9.0 is not <3,>=2.1" in red.found
    assert "duckdb is missing" in red.found
    assert "ruff" not in red.found
    assert "old" not in red.found


def test_an_extra_that_a_model_of_the_policy_needs_is_named_where_it_is_missing() -> None:
    shipped = LOANS.load_policy().model
    assert machine.check_algorithms(shipped, lambda _: None).level == "ok"
    boosted = ModelSpec(alias="model_3", algorithm="xgboost", params={})
    config = shipped.model_copy(update={"models": {**shipped.models, "boosted": boosted}})
    found = machine.check_algorithms(config, lambda name: name)
    assert (found.level, found.found) == ("ok", "loads, with 3 models")
    red = machine.check_algorithms(config, lambda _: None)
    assert (red.level, red.found) == ("error", "a model of it needs xgboost, which is not installed")
    assert "make extra-xgboost" in red.mend


def test_a_variable_of_another_pipeline_is_named_with_what_takes_its_place() -> None:
    assert machine.check_foreign_words({}) == []
    (found,) = machine.check_foreign_words({"ML_WAREHOUSE": "There is no warehouse."})
    assert (found.level, found.found) == ("warning", "ML_WAREHOUSE is set and not used")
    assert found.mend == "There is no warehouse."


def test_a_missing_openmp_runtime_is_named_with_its_package() -> None:
    def without_runtime(_: str) -> object:
        message = "libgomp.so.1: cannot open shared object file"
        raise OSError(message)

    red = machine.check_openmp(without_runtime)
    assert red.level == "error"
    assert "libgomp.so.1" in red.found
    assert "apt-get install libgomp1" in red.mend

    def without_library(name: str) -> object:
        raise ModuleNotFoundError(name)

    assert machine.check_openmp(without_library).level == "error"
    assert machine.check_openmp(lambda name: name).level == "ok"


def test_a_missing_browser_is_only_a_warning() -> None:
    assert machine.check_browser(lambda _: None).level == "warning"
    found = machine.check_browser({"google-chrome": "/opt/chrome"}.get)
    assert (found.level, found.found) == ("ok", "/opt/chrome")


@pytest.mark.parametrize("fault", [OSError("no executable"), RuntimeError("ModuleNotFoundError: kaleido")])
def test_a_renderer_that_draws_nothing_is_an_error(fault: Exception) -> None:
    def broken() -> bytes:
        raise fault

    red = machine.check_renderer(broken)
    assert red.level == "error"
    assert str(fault) in red.found


def test_the_renderer_really_draws() -> None:
    assert machine.check_renderer().level == "ok"


def test_a_taken_port_is_a_warning_and_a_free_one_is_not() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        taken = machine.check_port(port)
        assert (taken.level, taken.found) == ("warning", f"{port} is taken")
    assert machine.check_port(port).level == "ok"


@pytest.mark.parametrize(("free", "level"), [(10**7, "error"), (10**9, "warning"), (10**10, "ok")])
def test_a_full_disk_is_an_error_and_a_tight_one_a_warning(tmp_path: Path, free: int, level: str) -> None:
    asked: list[Path] = []

    def free_bytes(folder: Path) -> int:
        asked.append(folder)
        return free

    assert machine.check_disk(tmp_path / "not" / "yet", free_bytes).level == level
    assert asked == [tmp_path]
