"""Files and modules that the pages and the decisions name are there."""

from __future__ import annotations

import re

import pytest

from credit_platform_tests.guide.pages import GUIDE, PAGES, ROOT

PACKAGE = ROOT / "credit_platform"
NAMED = {
    page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8")
    for page in (*PAGES, PACKAGE / "ARCHITECTURE.md", *sorted((GUIDE.parent / "decisions").glob("*.md")))
}
PARTS = {entry.stem for entry in PACKAGE.iterdir() if entry.suffix == ".py" or (entry / "__init__.py").is_file()}
SPAN = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w-]+(/[\w-]+)+\.(py|md|yaml|toml)")
DOTTED = re.compile(r"(credit_platform\.)?([a-z_]+)(\.\w+)+")
# Files that come to be when the platform runs, or in the course of a recipe.
MADE = {"data/platform.yaml", "leases_data/platform.yaml", "my_book_data/platform.yaml"}
# Keys of policy files whose first word is the name of a room as well.
KEYS = re.compile(
    r"scoring\.(cut_off|economics|backfill_months)|checks\.(toggles|freshness)(\.\w+)*|monitoring\.\w+_\w+"
)


def missing(text: str) -> list[str]:
    """The files and modules that a text names and that are not there."""
    found: list[str] = []
    for name in SPAN.findall(text):
        if FILE.fullmatch(name) and name not in MADE:
            found += [] if any((folder / name).is_file() for folder in (ROOT, PACKAGE)) else [name]
        elif (match := DOTTED.fullmatch(name)) and match[2] in PARTS and not KEYS.fullmatch(name):
            found += [] if is_module(name.removeprefix("credit_platform.")) else [name]
    return found


def is_module(name: str) -> bool:
    """Whether a dotted name is a module of the package, or something in one."""
    *folders, last = name.split(".")
    home = PACKAGE.joinpath(*folders)
    return (home / f"{last}.py").is_file() or (home / last).is_dir() or home.with_suffix(".py").is_file()


@pytest.mark.parametrize("name", NAMED)
def test_files_and_modules_that_a_page_names_are_there(name: str) -> None:
    assert missing(NAMED[name]) == []


def test_what_is_not_there_is_found() -> None:
    text = (
        "`lake/nothing.py` `scoring.nothing.at_all` `policy.load.load_policy` `label.mob` `credit_platform.lake.files`"
    )
    assert missing(text) == ["lake/nothing.py", "scoring.nothing.at_all"]
