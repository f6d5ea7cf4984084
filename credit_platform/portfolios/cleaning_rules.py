"""Every cleaning rule by silver table, and a cleaning policy held to them.

The rules are written beside their tables in lending and features.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from credit_platform.errors import PolicyError
from credit_platform.portfolios.loans.sources import attributes, clickstream, financials, loan_snapshots

if TYPE_CHECKING:
    from credit_platform.schemas.cleaning.policy import Strategies
    from credit_platform.schemas.cleaning.rule import CleaningRule

CLEANING_RULES: Mapping[str, tuple[CleaningRule, ...]] = {
    "silver/loan_snapshots": (*loan_snapshots.REPAIRS, *loan_snapshots.REJECTIONS),
    "silver/customer_attributes": (*attributes.REPAIRS, *attributes.REJECTIONS),
    "silver/customer_financials": (*financials.REPAIRS, *financials.REJECTIONS),
    "silver/customer_clickstream": (*clickstream.REPAIRS, *clickstream.REJECTIONS),
}


def check_strategies(strategies: Strategies, *, file: str = "data_quality.yaml") -> None:
    """Hold a cleaning policy to the rules there are; a rule of several tables allows the same in all of them.

    Raises:
        PolicyError: a name is no rule's, or the rule does not allow the strategy; names file, key and reason.
    """
    rules = {rule.name: rule for table in CLEANING_RULES.values() for rule in table}
    for name, strategy in strategies.items():
        key = f"cleaning.strategies.{name}"
        if name not in rules:
            close = get_close_matches(name, rules, n=1)
            hint = f"; did you mean {close[0]}?" if close else "; DATA_DICTIONARY.md lists them all"
            raise PolicyError(file=file, key=key, reason=f"is no cleaning rule{hint}")
        allowed = rules[name].strategies()
        if strategy not in allowed:
            raise PolicyError(file=file, key=key, reason=f"allows {', '.join(allowed)}, not {strategy}")
