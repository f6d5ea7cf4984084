"""Applications handed in as text, turned into rows of the feature store, or refused row by row.

The contract is the one the pipeline itself keeps: the schema class of `gold/feature_store`. Nothing is filled in and no
column is made up, or a loan would be scored on what nobody said of it. Reading files belongs to `lake.raw.readers`, scoring
to `scoring.predictions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import dataframely as dy
import polars as pl

from credit_platform.portfolios.loans.gold import FeatureStore

_LINE = "source_line"
_KEYS = ("snapshot_month", "loan_id")
COLUMNS: tuple[str, ...] = tuple(FeatureStore.column_names())
_TRUE, _FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one row: the line it starts on, its loan, and the column or rule."""

    line: int
    loan_id: str
    reason: str

    def __str__(self) -> str:
        """The fault as a sentence."""
        return f"line {self.line} (loan {self.loan_id or 'without id'}): {self.reason}"


@dataclass(frozen=True)
class Applications:
    """The rows as the feature store holds them, in the order given; none where any row is at fault."""

    rows: pl.DataFrame
    faults: tuple[RowFault, ...]


def applications_of(text: pl.DataFrame) -> Applications:
    """Type the cells and hold every row against the contract of the feature store.

    Args:
        text: The feature store's columns as text, and `source_line`.
    """
    typed = text.with_columns(_typed(name, column) for name, column in FeatureStore.columns().items())
    faults = [*_unreadable(text, typed), *_in_breach(typed)]
    if faults:
        return Applications(typed.select(COLUMNS).clear(), tuple(sorted(faults, key=lambda fault: fault.line)))
    return Applications(FeatureStore.validate(typed.select(COLUMNS)), ())


def said_of(faults: tuple[RowFault, ...], *, shown: int = 5) -> str:
    """The first faults as one text, and how many more there are."""
    first = "; ".join(str(fault) for fault in islice(faults, shown))
    return first + (f"; and {len(faults) - shown} more" if len(faults) > shown else "")


def _typed(name: str, column: dy.Column) -> pl.Expr:
    cell = pl.col(name).str.strip_chars()
    if column.dtype == pl.String:
        # CSV cannot tell an empty text from a missing one; where the contract wants a text it is the empty one.
        return cell.fill_null("") if name == "sources_present" else pl.when(cell != "").then(cell)
    if column.dtype == pl.Boolean:
        lower = cell.str.to_lowercase()
        return pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False).alias(name)  # noqa: FBT003
    if column.dtype == pl.Date:
        return cell.str.to_date("%Y-%m-%d", strict=False)
    number = cell.cast(pl.Float64, strict=False)
    if column.dtype.is_integer():
        # Other programs write whole numbers of a column with gaps as 3.0.
        return pl.when(number == number.round()).then(number).cast(column.dtype, strict=False).alias(name)
    return number


def _unreadable(text: pl.DataFrame, typed: pl.DataFrame) -> list[RowFault]:
    """Cells that hold something, and not what the column holds."""
    found: list[RowFault] = []
    for name, column in FeatureStore.columns().items():
        is_lost = typed[name].is_null() & (text[name].str.strip_chars().fill_null("") != "")
        lost = text.filter(is_lost).select(_LINE, "loan_id")
        found += [
            RowFault(line, loan_id or "", f"{name} does not read as {column.dtype}")
            for line, loan_id in lost.iter_rows()
        ]
    return found


def _in_breach(typed: pl.DataFrame) -> list[RowFault]:
    """Rows that break a rule of the contract, each with its rules."""
    _, failure = FeatureStore.filter(typed.select(COLUMNS))
    if not len(failure):
        return []
    details = failure.details()
    rules = [name for name in details.columns if name not in typed.columns]
    broken = (
        details.unpivot(on=rules, index=_KEYS, variable_name="rule", value_name="verdict")
        .filter(pl.col("verdict").cast(pl.String) == "invalid")
        .group_by(_KEYS, maintain_order=True)
        .agg(pl.col("rule").unique(maintain_order=True))
        .join(typed.select(*_KEYS, _LINE), on=_KEYS, nulls_equal=True, maintain_order="left_right")
    )
    return [
        RowFault(line, loan_id or "", f"breaks {', '.join(broken_rules)}")
        for line, loan_id, broken_rules in broken.select(_LINE, "loan_id", "rule").iter_rows()
    ]
