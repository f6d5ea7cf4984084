"""How one cell of text is read: placeholders, trailing underscores, numbers, categories, and their rules.

Rules that need a second column (an income told by a salary) stand with their table in lending and features, and what
happens to whole rows in cleaning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import dataframely as dy
import polars as pl

from credit_platform.schemas.cleaning.keys import MISSING, SOURCE, TEXT, is_placeholder, whitespace_stripped
from credit_platform.schemas.cleaning.rule import CleaningRule

NUMBER = "number."  # without trailing underscores, as Float64; null when it is no usable number

N_SAME_KEY = "n_same_key"  # rows of the month that share the silver key and differ from each other

NumberType = Literal["Int32", "Int64", "Float64"]
_DTYPES: dict[NumberType, pl.DataType] = {"Int32": pl.Int32(), "Int64": pl.Int64(), "Float64": pl.Float64()}
_UNBOUNDED = float("inf")
# Whole numbers beyond these are not exact in the type that holds them.
_LARGEST: dict[NumberType, float] = {"Int32": 2.0**31 - 1, "Int64": 2.0**53, "Float64": _UNBOUNDED}


def _number_type(dtype: pl.DataType) -> NumberType:
    return next(name for name, known in _DTYPES.items() if known == dtype)


def placeholder_nulled(column: str, *values: str) -> CleaningRule:
    """The rule that nulls a stand-in for a missing value; `values` are the silver columns made of the cell."""
    return CleaningRule(
        name=f"{column}_placeholder_nulled",
        column=column,
        condition=MISSING,
        remedy="null",
        applies=is_placeholder(column),
        strategy="null",
        values=values,
    )


@dataclass(frozen=True)
class NumberCell:
    """A numeric column: `source` text becomes `name`, of type `dtype`, null outside `low`..`high` (both included).

    `contract` is the wider range the silver schema allows, within which policy may have a value flagged and kept.
    """

    source: str
    name: str
    dtype: NumberType
    low: float = -_UNBOUNDED
    high: float = _UNBOUNDED
    contract: tuple[float, float] = (-_UNBOUNDED, _UNBOUNDED)
    is_nullable: bool = False

    @classmethod
    def of(
        cls, schema: type[dy.Schema], name: str, source: str, *, low: float | None = None, high: float | None = None
    ) -> NumberCell:
        """The cell of a nullable silver column, with the column's type and range.

        Args:
            schema: the silver schema, where type and range are written.
            name: the silver column.
            source: the source column it is read from.
            low: smallest plausible value, where it is larger than the smallest possible one.
            high: largest plausible value, where it is smaller than the largest possible one.
        """
        column = schema.columns()[name]
        lowest, highest = (getattr(column, bound, None) for bound in ("min", "max"))
        contract = (-_UNBOUNDED if lowest is None else lowest, _UNBOUNDED if highest is None else highest)
        return cls(
            source=source,
            name=name,
            dtype=_number_type(column.dtype),
            low=contract[0] if low is None else low,
            high=contract[1] if high is None else high,
            contract=contract,
            is_nullable=column.nullable,
        )

    def number(self) -> pl.Expr:
        """The prepared cell `number.X`: finite, whole where the column holds whole numbers, exact in its type."""
        value = pl.col(TEXT + self.source).str.strip_chars_end("_").cast(pl.Float64, strict=False)
        is_usable = value.is_finite() & (value.abs() <= _LARGEST[self.dtype])
        if self.dtype != "Float64":
            is_usable = is_usable & (value == value.round())
        return pl.when(is_usable).then(value).alias(NUMBER + self.source)

    def is_in_range(self) -> pl.Expr:
        """Whether the number can be true; null without a number."""
        return pl.col(NUMBER + self.source).is_between(self.low, self.high)

    def value(self) -> pl.Expr:
        """The silver value: the number when in range, else null."""
        return self.typed(pl.when(self.is_in_range()).then(pl.col(NUMBER + self.source)))

    def typed(self, value: pl.Expr) -> pl.Expr:
        """A number in this column's type."""
        return value.cast(_DTYPES[self.dtype])

    def plain_value(self) -> pl.Expr:
        """The value straight from the source, null when the cell needs a closer look: blank, inexact, out of range."""
        value = pl.col(SOURCE + self.source).cast(_DTYPES[self.dtype], strict=False)
        low, high = max(self.low, -_LARGEST[self.dtype]), min(self.high, _LARGEST[self.dtype])
        if self.dtype == "Float64":
            return pl.when(value.is_finite() & value.is_between(low, high)).then(value)
        # Compared as whole numbers: as floats, neighbours beyond 2^53 are one.
        return pl.when(value.is_between(math.ceil(low), math.floor(high))).then(value)

    def within_contract(self, value: pl.Expr) -> pl.Expr:
        """A number that was made of other cells, null where the silver schema does not allow it."""
        return pl.when(value.is_between(*self.contract)).then(value)

    def as_parsed(self) -> pl.Expr | None:
        """The number when the contract allows it, else null; None when that is no wider than the plausible range."""
        if self.contract == (self.low, self.high):
            return None
        number = pl.col(NUMBER + self.source)
        return self.typed(pl.when(number.is_between(*self.contract)).then(number))

    def decided(self) -> tuple[str, ...]:
        """The silver columns a rule of this cell may null."""
        return (self.name,) if self.is_nullable else ()

    def readable_rules(self) -> tuple[CleaningRule, ...]:
        """Rules that restore the text of a number exactly."""
        cell = pl.col(TEXT + self.source)
        return (
            whitespace_stripped(self.source, *self.decided()),
            CleaningRule(
                name=f"{self.source}_underscore_stripped",
                column=self.source,
                condition="a number followed by underscores",
                remedy="underscores removed",
                applies=cell.str.ends_with("_") & pl.col(NUMBER + self.source).is_not_null(),
                strategy="repair",
                values=self.decided(),
            ),
        )

    def rules(self) -> tuple[CleaningRule, ...]:
        """All rules of the column."""
        cell, number = pl.col(TEXT + self.source), pl.col(NUMBER + self.source)
        kind = "a finite number" if self.dtype == "Float64" else "a whole number"
        unreadable = CleaningRule(
            name=f"unreadable_number_nulled_{self.source}",
            column=self.source,
            condition=f"neither {kind} nor a placeholder",
            remedy="null",
            applies=cell.is_not_null() & number.is_null() & ~is_placeholder(self.source),
            strategy="null",
            values=self.decided(),
        )
        out_of_range = CleaningRule(
            name=f"{self.source}_out_of_range_nulled",
            column=self.source,
            condition=self._outside(),
            remedy="null",
            applies=~self.is_in_range(),
            strategy="null",
            values=self.decided(),
            as_parsed=self.as_parsed(),
        )
        is_bounded = self.low > -_UNBOUNDED or self.high < _UNBOUNDED
        placeholder = placeholder_nulled(self.source, *self.decided())
        return (*self.readable_rules(), placeholder, unreadable, *((out_of_range,) if is_bounded else ()))

    def _outside(self) -> str:
        if self.high == _UNBOUNDED:
            return f"below {self.low:g}"
        return f"outside {self.low:g}..{self.high:g}"


@dataclass(frozen=True)
class CategoryCell:
    """A text column of which only the part matching `pattern` (a whole-cell regular expression) means something.

    `names` are the silver columns made of it, all nullable.
    """

    source: str
    pattern: str
    names: tuple[str, ...]

    def is_known(self) -> pl.Expr:
        """Whether the text is one of the column's own and no placeholder."""
        return pl.col(TEXT + self.source).str.contains(f"^(?:{self.pattern})$") & ~is_placeholder(self.source)

    def value(self) -> pl.Expr:
        """The known text, else null."""
        return pl.when(self.is_known()).then(pl.col(TEXT + self.source))

    def rules(self) -> tuple[CleaningRule, ...]:
        """All rules of the column."""
        unknown = CleaningRule(
            name=f"unreadable_text_nulled_{self.source}",
            column=self.source,
            condition=f"neither {self.pattern} nor a placeholder",
            remedy="null",
            applies=~self.is_known() & ~is_placeholder(self.source),
            strategy="null",
            values=self.names,
        )
        return (whitespace_stripped(self.source, *self.names), placeholder_nulled(self.source, *self.names), unknown)


def rejected_when_null(*values: str, column: str, condition: str) -> CleaningRule:
    """The rule that quarantines a row when one of the silver columns `values` could not be read from `column`."""
    return CleaningRule(
        name=f"{column}_is_readable",
        column=column,
        condition=condition,
        remedy="row quarantined",
        applies=pl.any_horizontal(pl.col(value).is_null() for value in values),
        strategy="quarantine",
    )


def identifier_is_readable(column: str, value: str) -> CleaningRule:
    """The rule that quarantines a row without an identifier."""
    return rejected_when_null(value, column=column, condition="blank or a placeholder")


def date_is_readable(column: str) -> CleaningRule:
    """The rule that quarantines a row without a readable date."""
    return rejected_when_null(column, column=column, condition="no date written as YYYY-MM-DD or d/M/yy")


def snapshot_date_lies_in_its_month() -> CleaningRule:
    """The rule that quarantines a row filed under another month than its own."""
    return CleaningRule(
        name="snapshot_date_lies_in_its_month",
        column="snapshot_date",
        condition="not a day of the snapshot_month the row is filed under",
        remedy="row quarantined",
        applies=pl.col("snapshot_date").dt.truncate("1mo") != pl.col("snapshot_month"),
        strategy="quarantine",
    )


def key_is_unique(column: str) -> CleaningRule:
    """The rule that quarantines all rows of a month that share a key but differ; there is no telling which is true."""
    return CleaningRule(
        name="key_is_unique",
        column=column,
        condition="several rows of this month share the key but differ",
        remedy="rows quarantined",
        applies=pl.col(N_SAME_KEY) > 1,
        strategy="quarantine",
    )
