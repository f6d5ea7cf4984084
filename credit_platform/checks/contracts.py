"""Contract checks: every table is compared with its schema class, month by month.

What a contract demands is written in `schemas`; judgements about plausible rows are not contracts.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import dagster as dg
import dataframely as dy
import polars as pl

from credit_platform.checks.monthly import SHIPPED, monthly_check
from credit_platform.lake.tables.month_parts import month_batches
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.portfolio import MonthResult
from credit_platform.texts import description_of

_MONTH = "snapshot_month"
# The rule that a table of other columns or types breaks.
STRUCTURE = "columns_match_the_schema"
CONTRACT_CHECK = "rows_meet_the_contract"
# Columns of a key that say where a row is, and nothing of what is in it.
_PLACES = frozenset({"snapshot_month", "source_file", "source_line"})


@dataclass(frozen=True)
class MonthVerdict:
    """How one month of a table compares with its contract."""

    month: date
    rows: int
    rows_in_breach: int
    broken_rules: dict[str, int]
    example: str

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return not self.broken_rules

    @property
    def description(self) -> str:
        """One sentence for the Checks tab."""
        if self.passed:
            return f"{self.month:%Y-%m}: all {self.rows:,} rows meet the contract."
        rules = ", ".join(f"{rule} ({count:,})" for rule, count in sorted(self.broken_rules.items()))
        return f"{self.month:%Y-%m}: {self.rows_in_breach:,} of {self.rows:,} rows break {rules}; e.g. {self.example}"


def contract_verdicts(table: pl.LazyFrame, schema: type[dy.Schema], months: Sequence[date]) -> dict[date, MonthVerdict]:
    """Compare all months of a table with its schema in one pass.

    Returns:
        A verdict for every month asked for; a month without rows meets any contract, a table with other columns or
        types breaks it in every month.
    """
    frame = table.collect()
    rows = dict(frame.group_by(_MONTH).len().iter_rows()) if _MONTH in frame.columns else {}
    mismatch = _structure_mismatch(frame, schema)
    if mismatch:
        return {
            month: MonthVerdict(month, rows.get(month, 0), rows.get(month, 0), {STRUCTURE: 1}, mismatch)
            for month in months
        }
    if _is_sound(frame, schema):
        return {month: MonthVerdict(month, rows.get(month, 0), 0, {}, "none") for month in months}
    _, failure = schema.filter(frame)
    broken: dict[date, dict[str, int]] = {month: {} for month in months}
    examples: dict[date, str] = {}
    in_breach: dict[date, int] = {}
    if len(failure):
        details = failure.details()
        rule_columns = [column for column in details.columns if column not in frame.columns]
        for (month,), part in details.partition_by(_MONTH, as_dict=True).items():
            if isinstance(month, date):
                in_breach[month] = part.height
                counts = {rule: int((part[rule].cast(pl.String) == "invalid").sum()) for rule in rule_columns}
                broken[month] = {rule: count for rule, count in counts.items() if count}
                examples[month] = _example(part, schema)
    return {
        month: MonthVerdict(
            month, rows.get(month, 0), in_breach.get(month, 0), broken[month], examples.get(month, "none")
        )
        for month in months
    }


def _is_sound(frame: pl.DataFrame, schema: type[dy.Schema]) -> bool:
    """Whether no rule is broken for sure, at a third of what counting the rows of each costs.

    Keys without two alike hashes are no two alike keys; where there are two, the rows are counted all the same.
    """
    key = schema.primary_key()
    if key and frame.select(key).hash_rows().n_unique() < frame.height:
        return False
    return _without_key(schema).is_valid(frame)


@cache
def _without_key(schema: type[dy.Schema]) -> type[dy.Schema]:
    columns = {name: copy(column) for name, column in schema.columns().items() if column.primary_key}
    for column in columns.values():
        column.primary_key = False
    return type(schema)(schema.__name__, (schema,), columns)


def _structure_mismatch(frame: pl.DataFrame, schema: type[dy.Schema]) -> str:
    expected = {name: column.dtype for name, column in schema.columns().items()}
    missing = [name for name in expected if name not in frame.columns]
    extra = [name for name in frame.columns if name not in expected]
    other = [
        f"{name} is {frame.schema[name]}, not {dtype}"
        for name, dtype in expected.items()
        if name in frame.columns and frame.schema[name] != dtype
    ]
    said = [f"missing column {name}" for name in missing] + [f"unknown column {name}" for name in extra] + other
    return "; ".join(said)


def _example(part: pl.DataFrame, schema: type[dy.Schema]) -> str:
    keys = [column for column in schema.primary_key() if column in part.columns]
    return ", ".join(f"{key}={value}" for key, value in part.select(keys).row(0, named=True).items())


def contract_check(
    table: str, schema: type[dy.Schema], *, axis: dg.PartitionsDefinition, policy: CheckPolicy = SHIPPED
) -> dg.AssetChecksDefinition:
    """A blocking check that compares a table with its schema class, month by month."""

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        verdicts: dict[date, MonthVerdict] = {}
        with lake.layout.tables.disclosing(table):
            for batch in month_batches(lake.layout, [table], months):
                verdicts |= contract_verdicts(lake.scan(table, batch), schema, batch)
        is_named = not lake.layout.tables.is_personal(table) or set(schema.primary_key()) <= _PLACES
        return {month: _result(verdict if is_named else _unnamed(verdict)) for month, verdict in verdicts.items()}

    return monthly_check(
        table,
        CONTRACT_CHECK,
        evaluate,
        axis=axis,
        is_blocking=True,
        policy=policy,
        description=description_of(__file__, CONTRACT_CHECK, table=table),
    )


def _unnamed(verdict: MonthVerdict) -> MonthVerdict:
    """The verdict without the key of a row, which a shifted cell may have put a person's name into."""
    if STRUCTURE in verdict.broken_rules:
        return verdict
    return replace(verdict, example="a row whose key is not shown, as its source has personal columns")


def _result(verdict: MonthVerdict) -> MonthResult:
    broken = {f"broken: {rule}": count for rule, count in sorted(verdict.broken_rules.items())}
    counts: dict[str, int | float | str] = {"rows": verdict.rows, "rows_in_breach": verdict.rows_in_breach, **broken}
    example = {} if verdict.passed else {"example": verdict.example}
    return MonthResult(verdict.passed, verdict.description, counts | example)
