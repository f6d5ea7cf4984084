"""How a feature of this book is declared: one line with its code, name, formula, reasons and direction.

Sums are made of whole numbers, which add up to the same in any order; floats would not, and the engine fixes none.
Which features there are is declared in the modules of the tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Unpack

import dataframely as dy
import polars as pl
from typing_extensions import TypedDict

from credit_platform.portfolios.feature_set import Direction, Feature
from credit_platform.portfolios.home_credit.sources.raw_column import LARGEST_AMOUNT

# Every number of at least 2^-8 is a whole number of this unit, so that sums of amounts are exact.
_UNIT = 2.0**60
# The largest amount over a cent. Beyond it a divisor is no amount, and a ratio tells nothing.
LARGEST_RATIO = LARGEST_AMOUNT * 100
CASE = ("snapshot_month", "application_id")


class _Reasons(TypedDict, total=False, closed=True):
    """What else a feature may say: see `Feature`."""

    never_given: str
    direction: Direction
    holds_in_splits: bool
    is_specific: bool


@dataclass(frozen=True, eq=False)
class DeclaredFeature:
    """One feature: its column of the feature store and how it is computed.

    `formula` is over the rows of the table it is declared with, or over the joined row of the application.
    """

    name: str
    formula: pl.Expr
    column: dy.Column


@dataclass(frozen=True, eq=False)
class ChildTable:
    """The features made of one child table, by one pass over its rows.

    Attributes:
        table: its asset key.
        flag: column of the feature store that says whether the applicant has any row.
        features: their formulas are over rows of the table, or over those of `parts` where there are any.
        parts: aggregates per `part_key` that come first, such as one row per earlier contract.
        part_key: column that identifies such a part.
        owners: asset key of the table that says whose a part is; None where every row says it.
    """

    table: str
    flag: str
    features: tuple[DeclaredFeature, ...]
    parts: Mapping[str, pl.Expr] = field(default_factory=dict)
    part_key: str = ""
    owners: str | None = None

    def aggregate(self, silver: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        """One row per applicant with any row: month, application, features and flag."""
        rows = silver[self.table]
        if self.owners:
            owners = silver[self.owners].select(*CASE, self.part_key)
            rows = self._by_part(rows, "snapshot_month").join(owners, on=["snapshot_month", self.part_key])
        elif self.parts:
            rows = self._by_part(rows, *CASE)
        computed = {feature.name: feature.formula.cast(feature.column.dtype) for feature in self.features}
        return rows.group_by(CASE).agg(**computed).with_columns(pl.lit(value=True).alias(self.flag))

    def _by_part(self, rows: pl.LazyFrame, *keys: str) -> pl.LazyFrame:
        return rows.group_by(*keys, self.part_key).agg(**self.parts)


def where(value: pl.Expr, condition: pl.Expr) -> pl.Expr:
    """The values of the rows in which a condition holds: a filter within a group is many times slower."""
    return pl.when(condition).then(value)


def whole(value: pl.Expr) -> pl.Expr:
    """The sum as a whole number of small units, for `whole_total` to add up; null where no row has the value."""
    return pl.when(value.count() > 0).then((value * _UNIT).cast(pl.Int128).sum())


def whole_total(name: str) -> pl.Expr:
    """The sum of such sums; null where there is none."""
    part = pl.col(name)
    return pl.when(part.count() > 0).then(part.sum().cast(pl.Float64) / _UNIT)


def whole_value(name: str) -> pl.Expr:
    """Such a sum as a number."""
    return pl.col(name).cast(pl.Float64) / _UNIT


def total(value: pl.Expr) -> pl.Expr:
    """The sum over the rows that have the value, the same whatever their order; null where none has."""
    return whole(value).cast(pl.Float64) / _UNIT


def mean(value: pl.Expr) -> pl.Expr:
    """The mean over the rows that have the value, the same whatever their order; null where none has."""
    return total(value) / value.count()


def rate(condition: pl.Expr) -> pl.Expr:
    """The share of rows in which a condition holds, of those in which it is known."""
    return condition.sum() / positive(condition.count())


def over(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A part over a whole; null where one is unknown, the whole is not positive, or the ratio is none of amounts."""
    ratio = part / positive(whole)
    return pl.when(ratio.abs() <= LARGEST_RATIO).then(ratio)


def positive(value: pl.Expr) -> pl.Expr:
    """Null where a divisor is not positive."""
    return pl.when(value > 0).then(value)


def has(column: str, *texts: str) -> pl.Expr:
    """Whether a text is one of some; a missing one is not."""
    return pl.col(column).is_in(texts).fill_null(value=False)


def number(
    code: str,
    name: str,
    formula: pl.Expr,
    internal: str,
    consumer: str,
    *,
    unit: str,
    low: float | None = None,
    **said: Unpack[_Reasons],
) -> DeclaredFeature:
    """A number, from `low` on."""
    feature = Feature(code, internal, consumer, formula=formula, **said)
    column = dy.Float64(nullable=True, min=low, description=f"{internal}, {unit}", metadata={"feature": feature})
    return DeclaredFeature(name, formula, column)


# An amount of money (of balances, negative where overpaid), one amount over another, a share of rows, a number of days.
amount = partial(number, unit="currency units")
ratio = partial(number, unit="ratio")
share = partial(number, unit="share 0..1", low=0)
days = partial(number, unit="days")


def count(
    code: str, name: str, formula: pl.Expr, internal: str, consumer: str, **said: Unpack[_Reasons]
) -> DeclaredFeature:
    """A number of things."""
    feature = Feature(code, internal, consumer, formula=formula, **said)
    column = dy.Int32(nullable=True, min=0, description=f"{internal}, count", metadata={"feature": feature})
    return DeclaredFeature(name, formula, column)


def yes_or_no(
    code: str, name: str, formula: pl.Expr, internal: str, consumer: str, **said: Unpack[_Reasons]
) -> DeclaredFeature:
    """Whether something is so."""
    feature = Feature(code, internal, consumer, formula=formula, **said)
    column = dy.Bool(nullable=True, description=internal, metadata={"feature": feature})
    return DeclaredFeature(name, formula, column)


def category(code: str, name: str, internal: str, consumer: str, **said: Unpack[_Reasons]) -> DeclaredFeature:
    """A text of any level, as silver has it."""
    feature = Feature(code, internal, consumer, **said)
    column = dy.String(nullable=True, min_length=1, description=f"{internal}, any level", metadata={"feature": feature})
    return DeclaredFeature(name, pl.col(name), column)


def columns_of(features: Sequence[DeclaredFeature]) -> dict[str, dy.Column]:
    """The columns of the feature store, in order."""
    return {feature.name: feature.column for feature in features}
