"""Every cleaning rule by silver table, and a cleaning policy held to them.

The rules are written beside their tables in each book.
"""

from difflib import get_close_matches

from credit_platform.errors import PolicyError
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.schemas.cleaning.rule import CleaningRule, Strategies


def cleaning_rules(portfolio: Portfolio) -> dict[str, tuple[CleaningRule, ...]]:
    """The rules of every silver table by asset key."""
    return {f"silver/{source.table}": source.rules for source in portfolio.sources}


def check_strategies(portfolio: Portfolio, strategies: Strategies, *, file: str = "data_quality.yaml") -> None:
    """Hold a cleaning policy to the rules there are; a rule of several tables allows the same in all of them.

    Raises:
        PolicyError: a name is no rule's, or the rule does not allow the strategy; names file, key and reason.
    """
    rules = {rule.name: rule for table in cleaning_rules(portfolio).values() for rule in table}
    for name, strategy in strategies.items():
        key = f"cleaning.strategies.{name}"
        if name not in rules:
            close = get_close_matches(name, rules, n=1)
            hint = f"; did you mean {close[0]}?" if close else "; DATA_DICTIONARY.md lists them all"
            raise PolicyError(file=file, key=key, reason=f"is no cleaning rule{hint}")
        allowed = rules[name].strategies()
        if strategy not in allowed:
            raise PolicyError(file=file, key=key, reason=f"allows {', '.join(allowed)}, not {strategy}")
