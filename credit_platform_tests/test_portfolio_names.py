"""No source, source column or feature of the loan book is named outside its own folder.

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
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.architecture_rules import Module, modules

OWN = "portfolios.loans"
# The contract's own columns, which tables of every book have.
CONTRACT = frozenset({"snapshot_date", "snapshot_month", "customer_id", "cohort", "label", "repairs"})
# Columns of the loan book that the tables of every book call by the same name: months on book, numbers of loans.
OF_THE_TRADE = frozenset({"mob", "n_loans", "sources_present"})


def _names() -> frozenset[str]:
    """Sources, silver tables, their columns, features, channels and evidence groups."""
    found: set[str] = set(LOANS.features.schema.column_names())
    for source in LOANS.sources:
        found |= {source.name, source.table, *source.columns, *source.silver.column_names()}
    for group in LOANS.features.evidence:
        found |= {group.name, group.feature, group.months, f"{group.name}_months", *group.channels}
    return frozenset(found - CONTRACT - OF_THE_TRADE)


NAMES = _names()
# A name of several words is the loan book's wherever it stands; a single word only where it stands alone.
DISTINCT = re.compile(rf"\b({'|'.join(sorted(name for name in NAMES if '_' in name or name == 'clickstream'))})\b")


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


def _is_of_the_loans(said: str) -> bool:
    return bool(DISTINCT.search(said)) or (said in NAMES and said not in _WORDS)


# Single words that are columns of a source and words of the language at once, as names of variables.
_WORDS = frozenset(name for name in NAMES if "_" not in name and name != "clickstream" and name.islower())


def named_outside(module: Module) -> list[str]:
    """What a module says that only the loan book may."""
    return sorted({said.strip().splitlines()[0][:90] for said in _said(module.tree) if _is_of_the_loans(said)})


MODULES = [module for module in modules(Path(credit_platform.__file__).parent) if not module.name.startswith(OWN)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_module_names_what_only_the_loan_book_knows(module: Module) -> None:
    assert named_outside(module) == []


def test_only_the_portfolio_is_imported_by_name() -> None:
    """Other rooms find a book by its name, and import nothing of its folder."""
    importing = [
        module.name for module in MODULES if f"{OWN}." in module.text or "portfolios import loans" in module.text
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
