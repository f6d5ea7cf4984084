"""Names of modules, classes, functions and policy keys are the trade's words, and no two classes share a name.

The words that were given up stand in given_up_words.yaml, beside this file; prose is held by test_texts.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

import credit_platform
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.architecture_rules import Module, modules

PACKAGE = Path(credit_platform.__file__).parent
# Under these names for one release, or a name of Dagster's history, of the tables or of the trade itself.
KEPT = frozenset({"previous_release", "excluded_columns"})


WORDS = frozenset(yaml.safe_load(Path(__file__).with_name("given_up_words.yaml").read_text(encoding="utf-8")))
MODULES = [module for module in modules(PACKAGE) if module.name.split(".")[-1] not in KEPT]


def parts_of(name: str) -> frozenset[str]:
    """The words of a name in snake case or camel case, and the name itself."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    words = [word for word in snake.split("_") if word]
    pairs = {"_".join(pair) for pair in pairwise(words)}
    return frozenset({snake.strip("_"), *words, *pairs})


def named(module: Module) -> list[str]:
    """Every class and function a module defines, and the module itself."""
    defined = [
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [*module.name.split("."), *defined]


def avoided(names: list[str]) -> list[str]:
    return sorted({name for name in names if parts_of(name) & WORDS})


def test_words_that_were_given_up_are_listed() -> None:
    assert len(WORDS) > 20


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_name_uses_a_word_that_was_given_up(module: Module) -> None:
    assert avoided(named(module)) == []


def test_no_two_classes_share_a_name() -> None:
    names = [node.name for m in MODULES for node in ast.walk(m.tree) if isinstance(node, ast.ClassDef)]
    assert sorted(name for name, n in Counter(names).items() if n > 1) == []


def _keys(values: object) -> list[str]:
    if isinstance(values, dict):
        return [str(key) for key in values] + [key for value in values.values() for key in _keys(value)]
    return [key for value in values for key in _keys(value)] if isinstance(values, list) else []


@pytest.mark.parametrize("file", sorted(LOANS.policy_dir.glob("*.yaml")), ids=lambda file: file.name)
def test_no_policy_key_uses_a_word_that_was_given_up(file: Path) -> None:
    assert avoided(_keys(yaml.safe_load(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "text", ["class RivalryTable: ...", "def early_reads_of(): ...", "class A:\n    def desk(self): ..."]
)
def test_a_planted_word_is_found(text: str) -> None:
    assert avoided(named(Module("scoring.x", text))) != []


def test_a_planted_module_is_found() -> None:
    assert avoided(named(Module("monitoring.departures", ""))) == ["departures"]
