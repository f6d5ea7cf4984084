"""Cleaning under a policy: a table's rules carried out by other strategies than their own.

What a rule is and which strategies it allows is in cleaning_rule; how rows are cleaned is in cleaning.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from credit_platform.schemas.cleaning.rule import CleaningRule, Strategies, Strategy
from credit_platform.schemas.cleaning.table import TableCleaning

NO_CHANGES: Strategies = {}
DROPPED = "dropped by policy"


def under_strategies(table: TableCleaning, strategies: Strategies) -> TableCleaning:
    """The table's cleaning with every rule that `strategies` names carried out that way; others keep their own.

    A repair that nulls or flags is noted in `repairs` as `rule:strategy`, because its name tells its own remedy. One
    that quarantines or drops becomes a rejection of the row. A dropped row is filed in the quarantine table as well,
    its reason ending in "dropped by policy": no row vanishes.
    """
    changed = {
        rule.name: strategies[rule.name]
        for rule in (*table.repairs, *table.rejections)
        if strategies.get(rule.name, rule.strategy) != rule.strategy
    }
    if not changed:
        return table
    is_rejected = {name for name, strategy in changed.items() if strategy in {"quarantine", "drop"}}
    return replace(
        table,
        values=_values(table, changed),
        repairs=tuple(_noted(rule, changed) for rule in table.repairs if rule.name not in is_rejected),
        rejections=tuple(_rejecting(rule, changed) for rule in table.rejections),
        cell_rejections=tuple(_rejecting(rule, changed) for rule in table.repairs if rule.name in is_rejected),
    )


def _values(table: TableCleaning, changed: Mapping[str, Strategy]) -> dict[str, pl.Expr]:
    """The silver values, flagged ones as parsed; a null wins over a flag of the same cell."""
    values = dict(table.values)
    for strategy in ("flag", "null"):
        for rule in table.repairs:
            if changed.get(rule.name) == strategy:
                other = rule.as_parsed if strategy == "flag" else None
                for name in rule.values:
                    values[name] = pl.when(rule.applies).then(other).otherwise(values[name])
    return values


def _noted(rule: CleaningRule, changed: Mapping[str, Strategy]) -> CleaningRule:
    return replace(rule, name=f"{rule.name}:{changed[rule.name]}") if rule.name in changed else rule


def _rejecting(rule: CleaningRule, changed: Mapping[str, Strategy]) -> CleaningRule:
    if changed.get(rule.name) != "drop":
        return rule
    return replace(rule, condition=f"{rule.condition}; {DROPPED}")
