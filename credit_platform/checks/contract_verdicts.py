"""What a table's rows look like against its schema class, month by month.

Reporting the verdicts to Dagster belongs to `contracts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dataframely as dy
import polars as pl

_MONTH = "snapshot_month"
# The rule that a table of other columns or types breaks.
STRUCTURE = "columns_match_the_schema"


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
