"""The data dictionary: every table, column, range, rule and cleaning rule as one Markdown text, from the code.

Nothing is explained here that a schema or a rule does not say itself; writing the file belongs to the command line.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import dataframely as dy
import polars as pl

from credit_platform.portfolios.cleaning_rules import cleaning_rules
from credit_platform.portfolios.portfolio import Portfolio, Words
from credit_platform.portfolios.tables import tables_of
from credit_platform.schemas.cleaning.rule import CleaningRule
from credit_platform.schemas.personal_data import has_personal_data
from credit_platform.schemas.quarantine import Quarantine
from credit_platform.texts import text_beside


def dictionary_file(portfolio: Portfolio) -> str:
    """The name of a book's dictionary: the loans' has the plain one."""
    return f"DATA_DICTIONARY{'' if portfolio.name == 'loans' else f'_{portfolio.name.upper()}'}.md"


def data_dictionary(portfolio: Portfolio) -> str:
    """The whole page of a book, ending in a newline."""
    sections = [text_beside(__file__, "dictionary_head.md")]
    for layer, tables in groupby(documented_tables(portfolio).items(), key=lambda item: item[0].split("/")[0]):
        sections.append(f"# {layer.capitalize()}\n")
        sections += [_table_section(name, schema, portfolio.words) for name, schema in tables]
    sections.append(text_beside(__file__, "cleaning_head.md"))
    sections += [_cleaning_section(table, rules) for table, rules in cleaning_rules(portfolio).items()]
    return "\n".join(sections)


def documented_tables(portfolio: Portfolio) -> dict[str, type[dy.Schema]]:
    """Every table by asset key, those of a model or of quarantine under a placeholder, in the order of the page."""
    tables = tables_of(portfolio)
    of_models = {
        "prediction/<model>" if part == "prediction" else f"monitoring/<model>/{part}": schema
        for part, schema in tables.of_models.items()
    }
    found = {**tables.shared, "quarantine/<silver table>": Quarantine, **of_models}
    layers = ("bronze", "silver", "quarantine", "gold", "prediction", "decision", "monitoring")
    return {name: found[name] for name in sorted(found, key=lambda name: layers.index(name.split("/")[0]))}


def rule_sentences(schema: type[dy.Schema]) -> dict[str, str]:
    """The rules over rows of a schema by name, each with the first sentence of its docstring."""
    rules: dict[str, str] = {}
    for ancestor in reversed(schema.__mro__):
        for name, attribute in vars(ancestor).items():
            written = getattr(attribute, "validation_fn", None)
            if written is not None:
                rules[name] = _first_line(written.__doc__)
    return rules


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n", maxsplit=1)[0]


def _table_section(name: str, schema: type[dy.Schema], words: Words) -> str:
    columns = schema.columns()
    lines = [
        f"## {name}\n",
        f"{words.fill(_first_line(schema.__doc__))}\n",
        f"Key: {', '.join(f'`{key}`' for key in schema.primary_key())}\n",
        *_markdown_table(
            ("column", "type", "null", "values", "meaning"),
            (
                (
                    f"`{column_name}`",
                    str(column.dtype),
                    "yes" if column.nullable else "no",
                    "; ".join(_constraints(column_name, column)),
                    f"{words.fill(column.description or '')}{' (personal data)' if has_personal_data(column) else ''}",
                )
                for column_name, column in columns.items()
            ),
        ),
    ]
    sentences = rule_sentences(schema)
    if sentences:
        lines += ["", *(f"- `{rule}`: {words.fill(sentence)}" for rule, sentence in sentences.items())]
    return "\n".join(lines) + "\n"


def _constraints(name: str, column: dy.Column) -> list[str]:
    """The column's limits in words."""
    low, high = (getattr(column, bound, None) for bound in ("min", "max"))
    found: list[str] = []
    if low is not None and high is not None:
        found.append(f"{low}..{high}")
    elif low is not None:
        found.append(f"at least {low}")
    elif high is not None:
        found.append(f"at most {high}")
    if getattr(column, "resolution", None) == "1mo":
        found.append("first of a month")
    if getattr(column, "min_length", None):
        found.append("not blank")
    if getattr(column, "regex", None):
        found.append(f"`{getattr(column, 'regex', '')}`")
    if getattr(column, "is_in", None):
        found.append(f"one of {', '.join(str(value) for value in getattr(column, 'is_in', ()))}")
    return [*found, *_checks(name, column)]


def _checks(name: str, column: dy.Column) -> list[str]:
    """The allowed values that a column's own checks list."""
    checks = [rule for check, rule in column.validation_rules(pl.col(name)).items() if check.startswith("check")]
    listed = [part for rule in checks if ".is_in(" in str(rule) for part in rule.meta.pop() if part.meta.is_literal()]
    return [f"one of {', '.join(pl.select(part).to_series().explode().to_list())}" for part in listed]


def _cleaning_section(table: str, rules: Sequence[CleaningRule]) -> str:
    rows = (
        (f"`{rule}`", ", ".join(columns), condition, remedy, strategies)
        for (rule, condition, remedy, strategies), columns in _merged(rules).items()
    )
    return "\n".join(
        [f"## {table}\n", *_markdown_table(("rule", "column", "condition", "remedy", "strategies"), rows), ""]
    )


def _merged(rules: Sequence[CleaningRule]) -> Mapping[tuple[str, str, str, str], list[str]]:
    """Columns by rule, rules that differ in nothing but the column taken together."""
    merged: dict[tuple[str, str, str, str], list[CleaningRule]] = {}
    for rule in rules:
        pattern = rule.name.replace(rule.column, "<column>")
        key = (pattern, rule.condition, rule.remedy, ", ".join(rule.strategies()))
        merged.setdefault(key, []).append(rule)
    return {
        (key[0] if len(same) > 1 else same[0].name, *key[1:]): [rule.column for rule in same]
        for key, same in merged.items()
    }


def _markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    lines = [head, ["---"] * len(head), *cells]
    return [f"| {' | '.join(line)} |" for line in lines]
