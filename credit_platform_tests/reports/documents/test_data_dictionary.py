from __future__ import annotations

from pathlib import Path

import pytest

import credit_platform
from credit_platform.portfolios.cleaning_rules import cleaning_rules
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.documents.data_dictionary import data_dictionary, documented_tables, rule_sentences
from credit_platform.schemas.personal_data import has_personal_data

COMMITTED = Path(credit_platform.__file__).parent / "DATA_DICTIONARY.md"


def test_the_committed_page_is_the_generated_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == data_dictionary(LOANS), "run `credit-platform dictionary`"


@pytest.mark.parametrize("table", list(documented_tables(LOANS)))
def test_every_table_says_what_a_row_is_what_its_columns_mean_and_what_its_rules_demand(table: str) -> None:
    schema = documented_tables(LOANS)[table]
    page = data_dictionary(LOANS)
    section = page.split(f"\n## {table}\n")[1].split("\n## ")[0]
    assert "\nOne row per " in section
    for name, column in schema.columns().items():
        assert column.description
        assert any(line.startswith(f"| `{name}` | ") and column.description in line for line in section.splitlines())
    sentences = rule_sentences(schema)
    assert set(sentences) == set(schema._schema_validation_rules())
    assert all(sentence.endswith(".") and f"- `{rule}`: {sentence}" in section for rule, sentence in sentences.items())


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
