"""No source, source column or feature of a book is named outside its own folder.

What counts as a name, and which names any book may have, stands here; the order of the rooms is held by
test_architecture.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import credit_platform
from credit_platform.portfolios.named import portfolio_named
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform_tests.architecture_rules import Module, modules

HOME = Path(credit_platform.__file__).parent
BOOKS = {file.parent.name: portfolio_named(file.parent.name) for file in HOME.glob("portfolios/*/portfolio.py")}
# Columns that tables of every book have.
CONTRACT = frozenset({"snapshot_date", "snapshot_month", "customer_id", "cohort", "label", "repairs"})
# Columns that the tables of every book call by the same name: months on book, numbers of loans.
OF_THE_TRADE = frozenset({"mob", "n_loans", "sources_present"})


def _names(book: Portfolio) -> frozenset[str]:
    """Sources, silver tables, their columns, features, channels and evidence groups."""
    found: set[str] = set(book.features.schema.column_names())
    for source in book.sources:
        found |= {source.name, source.table, *source.columns, *source.silver.column_names()}
    for group in book.features.evidence:
        found |= {group.name, group.feature, group.months, f"{group.name}_months", *group.channels}
    return frozenset(found - CONTRACT - OF_THE_TRADE)


NAMES = {name: _names(book) for name, book in BOOKS.items()}


def _is_distinct(name: str) -> bool:
    """Whether a name is a book's wherever it stands; a single word is only where it stands alone."""
    return "_" in name or name == "clickstream"


def _said(tree: ast.Module) -> Iterator[str]:
    """Every text, attribute, variable and argument of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg


def book_of(module: Module) -> str | None:
    """The book in whose folder a module stands; None for the rooms."""
    return next((name for name in BOOKS if f"{module.name}.".startswith(f"portfolios.{name}.")), None)


_ALL = frozenset().union(*NAMES.values())
_DISTINCT = re.compile(rf"\b({'|'.join(sorted(map(re.escape, filter(_is_distinct, _ALL))))})\b")


def _is_of_a_book(said: str) -> bool:
    # Single words are words of the language as well, as names of variables.
    is_word = not _is_distinct(said) and said.islower()
    return bool(_DISTINCT.search(said)) or (said in _ALL and not is_word)


def named_outside(module: Module) -> list[str]:
    """What a module says that only a book's folder may. Two books may call a thing alike, so no folder is asked.

    The example that a book of one's own begins with is such a folder.
    """
    if book_of(module) is not None or module.name.startswith("cli.new_portfolio.template."):
        return []
    return sorted({said.strip().splitlines()[0][:90] for said in _said(module.tree) if _is_of_a_book(said)})


MODULES = list(modules(HOME))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_module_names_what_only_a_book_knows(module: Module) -> None:
    assert named_outside(module) == []


def test_only_the_portfolio_is_imported_by_name() -> None:
    """Other rooms and books find a book by its name, and import nothing of its folder."""
    importing = [
        (module.name, book)
        for module in MODULES
        for book in BOOKS
        if book_of(module) != book
        and (f"portfolios.{book}." in module.text or f"portfolios import {book}" in module.text)
    ]
    assert importing == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 'feature_clickstream'",
        "x = frame['interest_rate']",
        "x = pl.col('fe_1_sum')",
        "def f(clickstream_months): ...",
        "x = config.clickstream_months",
        "x = 'reads silver/loan_snapshots of a month'",
        "x = 'Customer_ID'",
        "x = 'SSN'",
        "f(clickstream=1)",
    ],
)
def test_a_planted_name_is_found(text: str) -> None:
    assert named_outside(Module("scoring.x", text)) != []


@pytest.mark.parametrize("text", ["x = 'customer_id'", "balance = 'a balance sheet'", "x = 'the age of a cohort'"])
def test_words_of_the_language_are_left_alone(text: str) -> None:
    assert named_outside(Module("scoring.x", text)) == []
