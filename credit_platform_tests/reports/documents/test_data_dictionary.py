from __future__ import annotations

from pathlib import Path

import pytest

import credit_platform
from credit_platform.portfolios.cleaning_rules import cleaning_rules
from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.reports.documents.data_dictionary import (
    data_dictionary,
    dictionary_file,
    documented_tables,
    rule_sentences,
)
from credit_platform.schemas.personal_data import has_personal_data

BOOKS = (LOANS, HOME_CREDIT)


def named(book: Portfolio) -> str:
    return book.name


@pytest.mark.parametrize("book", BOOKS, ids=named)
def test_the_committed_page_is_the_generated_one(book: Portfolio) -> None:
    committed = Path(credit_platform.__file__).parent / dictionary_file(book)
    assert committed.read_text(encoding="utf-8") == data_dictionary(book), "run `credit-platform dictionary`"


@pytest.mark.parametrize(
    ("book", "table"),
    [(book, table) for book in BOOKS for table in documented_tables(book)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_table_says_what_a_row_is_what_its_columns_mean_and_what_its_rules_demand(
    book: Portfolio, table: str
) -> None:
    schema, fill = documented_tables(book)[table], book.words.fill
    page = data_dictionary(book)
    section = page.split(f"\n## {table}\n")[1].split("\n## ")[0]
    assert "\nOne row per " in section
    for name, column in schema.columns().items():
        assert column.description
        said = fill(column.description)
        assert any(line.startswith(f"| `{name}` | ") and said in line for line in section.splitlines())
    sentences = rule_sentences(schema)
    assert set(sentences) == set(schema._schema_validation_rules())
    told = {rule: fill(sentence) for rule, sentence in sentences.items()}
    assert all(sentence.endswith(".") and f"- `{rule}`: {sentence}" in section for rule, sentence in told.items())
    assert "{words" not in section


@pytest.mark.parametrize("table", list(cleaning_rules(LOANS)))
def test_every_cleaning_rule_is_on_the_page_with_condition_and_strategies(table: str) -> None:
    section = data_dictionary(LOANS).split(f"\n## {table}\n")[-1].split("\n## ")[0]
    for rule in cleaning_rules(LOANS)[table]:
        names = (f"`{rule.name}`", f"`{rule.name.replace(rule.column, '<column>')}`")
        lines = [line for line in section.splitlines() if line.startswith(tuple(f"| {name} " for name in names))]
        condition = rule.condition.replace("|", "\\|")
        assert any(rule.column in line and condition in line and rule.strategy in line for line in lines), rule.name


def test_personal_data_is_marked_where_it_is_kept_and_nowhere_else() -> None:
    marked = {
        (table, name)
        for table, schema in documented_tables(LOANS).items()
        for name, column in schema.columns().items()
        if has_personal_data(column)
    }
    assert marked == {
        ("bronze/features_attributes", "Name"),
        ("bronze/features_attributes", "SSN"),
        ("quarantine/<silver table>", "raw_text"),
    }
