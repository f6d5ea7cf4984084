"""Applications handed in as text, turned into rows of the feature store, or refused row by row.

The contract is the one the pipeline itself keeps: the schema class of `gold/feature_store`. Nothing is filled in and no
column is made up, or a loan would be scored on what nobody said of it. A text that is no category of the book is read
as cleaning would read it, and counted. Reading files belongs to `lake.raw.readers`,
scoring to `scoring.predictions`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import dataframely as dy
import polars as pl

from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.schemas.cleaning.keys import key_of, means_missing, visible

_LINE = "source_line"
_LONGEST = 40  # characters of a category that a message shows
_TRUE, _FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one row: the line it starts on, its case, the column and the rule, and why in words."""

    line: int
    case: str
    noun: str
    column: str
    rule: str
    reason: str

    def __str__(self) -> str:
        """The fault as a sentence."""
        return f"line {self.line} ({self.noun} {self.case or 'without id'}): {self.reason}"


@dataclass(frozen=True)
class UnknownLevel:
    """A text that is no level of a categorical feature: in how many rows, and what it is read as; None is missing."""

    feature: str
    level: str
    n: int
    read_as: str | None = None

    def __str__(self) -> str:
        """The finding as a sentence."""
        read_as = self.read_as or "missing"
        return f"{self.feature} {self.level!r} in {self.n:,} rows is no known category and read as {read_as}"


@dataclass(frozen=True)
class Applications:
    """The rows as the feature store holds them, in the order given; none where any row is at fault."""

    rows: pl.DataFrame
    faults: tuple[RowFault, ...]
    unknown: tuple[UnknownLevel, ...] = ()


def applications_of(text: pl.DataFrame, portfolio: Portfolio) -> Applications:
    """Type the cells and hold every row against the contract of the feature store.

    Args:
        text: The feature store's columns as text, and `source_line`.
        portfolio: The book whose feature store it is.
    """
    schema = portfolio.features.schema
    columns = schema.column_names()
    text = text.with_columns(_as_cleaned(portfolio))
    unknown = tuple(_unknown_levels(text, portfolio.features))
    text = text.with_columns(
        pl.when(pl.col(name).is_in(levels.names))
        .then(name)
        .when(pl.col(name).is_not_null())
        .then(pl.lit(levels.otherwise))
        for name, levels in portfolio.features.levels.items()
    )
    typed = text.with_columns(_typed(name, column) for name, column in schema.columns().items())
    faults = [*_unreadable(text, typed, portfolio), *_in_breach(typed, portfolio)]
    if faults:
        return Applications(typed.select(columns).clear(), tuple(sorted(faults, key=lambda fault: fault.line)))
    return Applications(schema.validate(typed.select(columns)), (), unknown)


def _as_cleaned(portfolio: Portfolio) -> list[pl.Expr]:
    """Texts as cleaning begins: keys alike in every source, no invisible characters, placeholders missing."""
    keys = {portfolio.cases.key, portfolio.cases.customer}
    columns = portfolio.features.schema.columns()
    texts = {name: visible(pl.col(name)) for name, column in columns.items() if column.dtype == pl.String}
    return [
        (key_of(pl.col(name)) if name in keys else pl.when(~means_missing(cell)).then(cell)).alias(name)
        for name, cell in texts.items()
    ]


def _unknown_levels(text: pl.DataFrame, features: FeatureSet) -> Iterator[UnknownLevel]:
    for feature, levels in features.levels.items():
        strange = text.filter(pl.col(feature).is_in(levels.names).not_()).group_by(feature).len().sort(feature)
        for level, n in strange.iter_rows():
            yield UnknownLevel(feature, level[:_LONGEST], n, levels.otherwise)


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


def _unreadable(text: pl.DataFrame, typed: pl.DataFrame, portfolio: Portfolio) -> list[RowFault]:
    """Cells that hold something, and not what the column holds."""
    found: list[RowFault] = []
    cases = portfolio.cases
    for name, column in portfolio.features.schema.columns().items():
        is_lost = typed[name].is_null() & (text[name].str.strip_chars().fill_null("") != "")
        lost = text.filter(is_lost).select(_LINE, cases.key)
        found += [
            RowFault(line, case or "", cases.noun, name, "is_readable", f"{name} does not read as {column.dtype}")
            for line, case in lost.iter_rows()
        ]
    return found


def _in_breach(typed: pl.DataFrame, portfolio: Portfolio) -> list[RowFault]:
    """Rows that break a rule of the contract, each with its rules."""
    schema, cases = portfolio.features.schema, portfolio.cases
    keys = ("snapshot_month", cases.key)
    _, failure = schema.filter(typed.select(schema.column_names()))
    if not len(failure):
        return []
    details = failure.details()
    rules = [name for name in details.columns if name not in typed.columns]
    broken = (
        details.unpivot(on=rules, index=keys, variable_name="rule", value_name="verdict")
        .filter(pl.col("verdict").cast(pl.String) == "invalid")
        .group_by(keys, maintain_order=True)
        .agg(pl.col("rule").unique(maintain_order=True))
        .join(typed.select(*keys, _LINE), on=keys, nulls_equal=True, maintain_order="left_right")
    )
    return [
        RowFault(
            line,
            case or "",
            cases.noun,
            broken_rules[0].partition("|")[0] if "|" in broken_rules[0] else "",
            broken_rules[0],
            f"breaks {', '.join(broken_rules)}",
        )
        for line, case, broken_rules in broken.select(_LINE, cases.key, "rule").iter_rows()
    ]
