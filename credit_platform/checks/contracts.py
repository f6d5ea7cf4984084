"""Contract checks: every table is compared with its schema class.

What a contract demands is written in `schemas`; judgements about plausible rows are not contracts.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import dagster as dg
import dataframely as dy

from credit_platform.checks.contract_verdicts import STRUCTURE, MonthVerdict, contract_verdicts
from credit_platform.checks.monthly import SHIPPED, monthly_check
from credit_platform.checks.reporting import MonthResult
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.check_policy import CheckPolicy

CONTRACT_CHECK = "rows_meet_the_contract"
# Columns of a key that say where a row is, and nothing of what is in it.
_PLACES = frozenset({"snapshot_month", "source_file", "source_line"})


def contract_check(
    table: str, schema: type[dy.Schema], *, axis: dg.PartitionsDefinition, policy: CheckPolicy = SHIPPED
) -> dg.AssetChecksDefinition:
    """A blocking check that compares a table with its schema class, month by month."""

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        with lake.layout.tables.disclosing(table):
            verdicts = contract_verdicts(lake.scan(table, months), schema, months)
        is_named = not lake.layout.tables.is_personal(table) or set(schema.primary_key()) <= _PLACES
        return {month: _result(verdict if is_named else _unnamed(verdict)) for month, verdict in verdicts.items()}

    return monthly_check(
        table,
        CONTRACT_CHECK,
        evaluate,
        axis=axis,
        is_blocking=True,
        policy=policy,
        description=(
            f"Every row of {table} has the columns, types, keys and ranges of its contract. When it is "
            "red, the metadata names each broken rule with its number of rows; correct the source month and "
            "materialize it again."
        ),
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
