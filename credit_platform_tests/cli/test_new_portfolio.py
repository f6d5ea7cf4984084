"""The example of a book of one's own: what is refused, and that it runs as written, by the commands of its page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from credit_platform.cli.new_portfolio.template.tests import test_book as written_tests
from credit_platform.cli.new_portfolio.verb import TEMPLATE, write_portfolio
from credit_platform_tests.guide.pages import GUIDE, commands_of
from credit_platform_tests.small_book import run_verb

PAGE = (GUIDE / "your-own-book.md").read_text(encoding="utf-8")
WRITTEN_TESTS = [test for name, test in vars(written_tests).items() if name.startswith("test_")]
# A smaller book than that of the page: the fewest months with a month scored live.
SMALLER = {"20": "12", "150": "120"}


def written(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", ["My-Book", "2nd", "class", "", "../up", "BOOK", "polars", "json", "loans"])
def test_a_name_that_cannot_be_or_is_taken_is_wrong_usage(tmp_path: Path, name: str) -> None:
    refused = run_verb("new-portfolio", name, "--folder", str(tmp_path))
    assert refused.returncode == 2
    assert repr(name) in " ".join(refused.stderr.replace("│", "").split())
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "my_book").mkdir()
    (tmp_path / "my_book" / "portfolio.py").write_text("mine")
    refused = run_verb("new-portfolio", "my_book", "--folder", str(tmp_path))
    assert (refused.returncode, "it is there already" in refused.stderr) == (1, True)
    assert written(tmp_path) == {"my_book/portfolio.py": "mine"}


def test_a_file_is_no_folder_to_write_into(tmp_path: Path) -> None:
    (tmp_path / "notes").touch()
    refused = run_verb("new-portfolio", "my_book", "--folder", str(tmp_path / "notes"))
    assert (refused.returncode, "notes is no folder" in refused.stderr) == (1, True)


def test_the_files_are_those_of_the_template_under_the_new_name_and_the_next_steps_are_printed(tmp_path: Path) -> None:
    made = run_verb("new-portfolio", "my_book", "--folder", str(tmp_path / "new"))
    assert made.returncode == 0, made.stderr
    home = tmp_path / "new" / "my_book"
    found = written(home)
    assert set(found) == {
        str(one.relative_to(TEMPLATE)) for one in TEMPLATE.rglob("*") if one.suffix in {".py", ".yaml"}
    }
    assert not [name for name, text in found.items() if "template" in text.lower() or "new_portfolio" in text]
    assert f"cd {tmp_path / 'new'} && export CREDIT_PORTFOLIO=my_book.portfolio:MY_BOOK" in made.stdout
    shown = [line.strip() for line in made.stdout.splitlines() if line.startswith("  ")]
    assert shown[1:] == [str(command) for command in commands_of(PAGE)][2:4]


@pytest.mark.parametrize("test", WRITTEN_TESTS, ids=lambda test: test.__name__)
def test_what_the_written_tests_promise_is_so(test: Callable[[], None]) -> None:
    test()


@pytest.mark.slow
def test_the_book_runs_before_the_first_edit_by_the_commands_of_its_page(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CREDIT_", "DAGSTER"))}
    for command in commands_of(PAGE):
        program, *words = (SMALLER.get(word, word) for word in command.words)
        if program == "export":
            environment |= dict(word.split("=") for word in words)
            continue
        done = run([str(Path(sys.executable).with_name(program)), *words], tmp_path, environment)
        assert done.returncode == command.exit_code, f"{command}\n{done.stdout}\n{done.stderr}"
    data = tmp_path / "my_book_data"
    assert "portfolio: my_book.portfolio:MY_BOOK" in (data / "platform.yaml").read_text(encoding="utf-8")
    page = (data / "reports" / "monitoring_dashboard.html").read_text(encoding="utf-8")
    assert "orders" in page
    assert re.findall(r"\bloans?\b.{0,60}", page) == []
    assert "Roll rates" not in page
    # Elsewhere the package is not found, which is said.
    program = str(Path(sys.executable).with_name("credit-platform"))
    lost = run([program, "status"], GUIDE, environment | {"CREDIT_DATA_DIR": str(data)})
    assert (lost.returncode, "start in the folder that contains its package" in lost.stderr) == (1, True)
    found = run([program, "status"], GUIDE, environment | {"CREDIT_DATA_DIR": str(data), "PYTHONPATH": str(tmp_path)})
    assert found.returncode == 0, found.stderr


def run(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=500
    )


def test_the_page_names_every_file(tmp_path: Path) -> None:
    named = {file.name for file in write_portfolio("my_book", tmp_path)} - {"__init__.py"}
    assert {name for name in named if f"`{name}`" not in PAGE} == set()
