"""A cleaning rule: where it applies, what is done there of its own accord, and what policy may have done instead.

The rules themselves stand with their tables in lending and features; carrying out another strategy is in strategies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

Strategy = Literal["repair", "null", "flag", "quarantine", "drop"]
Strategies = Mapping[str, Strategy]  # by rule name


@dataclass(frozen=True)
class CleaningRule:
    """One rule: where `applies` holds, `remedy` is done; `name` is what the tables record.

    A repair's `applies` is an expression over prepared cells (`source.X`, `text.X`, `number.X`), a rejection's over
    the silver columns made of them.

    Attributes:
        strategy: what the remedy amounts to: repair (the true value is restored), null or quarantine.
        values: the nullable silver columns the rule decides about; none when the row is worthless without them.
        is_fixed: whether policy may choose nothing else.
        as_parsed: the value that flag keeps, within the contract of the silver table; None when there is none to keep.
    """

    name: str
    column: str
    condition: str
    remedy: str
    applies: pl.Expr
    strategy: Strategy
    values: tuple[str, ...] = ()
    as_parsed: pl.Expr | None = None
    is_fixed: bool = False

    def strategies(self) -> tuple[Strategy, ...]:
        """What policy may choose, the rule's own strategy first; a value that cannot be true is never restored."""
        found: list[Strategy] = [self.strategy]
        if self.is_fixed:
            return (self.strategy,)
        if self.values and self.strategy == "repair":
            found.append("null")
        if self.as_parsed is not None:
            found.append("flag")
        if self.strategy != "quarantine":
            found.append("quarantine")
        return (*found, "drop")
