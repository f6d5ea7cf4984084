"""How cells of this book's files are read where they differ from the usual: sentinels, open texts, flags.

Whole numbers written as `1.0` are no dirt here, and some texts mean "none" by declaration: neither is a repair. Which
column holds what is declared in the module of its source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
from typing_extensions import override

from credit_platform.schemas.cleaning.cells import NUMBER, SOURCE, TEXT, CategoryCell, NumberCell, placeholder_nulled
from credit_platform.schemas.cleaning.keys import MISSING_WORDS, is_placeholder, whitespace_stripped
from credit_platform.schemas.cleaning.rule import CleaningRule

# Letters and digits with single marks between them: nothing invisible, no blank at an end, no mark of a missing value.
_PLAIN_TEXT = r"^[A-Za-z0-9](?:[A-Za-z0-9 ,.:/+()&_-]*[A-Za-z0-9)])?$"


@dataclass(frozen=True)
class DeliveredNumber(NumberCell):
    """A number of which some values mean "none"; `nulls` lists them, all outside the range."""

    nulls: tuple[int, ...] = ()

    @property
    def null_texts(self) -> tuple[str, ...]:
        """How files write the values that mean none."""
        return tuple(text for value in self.nulls for text in (f"{value}", f"{value}.0"))

    @override
    def is_in_range(self) -> pl.Expr:
        number = pl.col(NUMBER + self.source)
        is_possible = number.is_between(self.low, self.high)
        return is_possible | number.is_in([float(value) for value in self.nulls]) if self.nulls else is_possible

    @override
    def value(self) -> pl.Expr:
        number = pl.col(NUMBER + self.source)
        return self.typed(pl.when(number.is_between(self.low, self.high)).then(number))

    @override
    def plain_value(self) -> pl.Expr:
        if self.dtype == "Float64":
            return super().plain_value()
        value = pl.col(SOURCE + self.source).cast(pl.Float64, strict=False)
        is_possible = value.is_between(self.low, self.high) & (value == value.round())
        return self.typed(pl.when(is_possible).then(value))


@dataclass(frozen=True)
class OpenText(CategoryCell):
    """A text of any level; `nulls` are those that mean there is none."""

    nulls: tuple[str, ...] = ()

    @property
    def null_texts(self) -> tuple[str, ...]:
        """How files write that there is none."""
        return self.nulls

    @override
    def is_known(self) -> pl.Expr:
        is_text = ~is_placeholder(self.source)
        return is_text & ~pl.col(TEXT + self.source).is_in(self.nulls) if self.nulls else is_text

    def plain_value(self) -> pl.Expr:
        """The text straight from the source, null when it needs a closer look."""
        cell = pl.col(SOURCE + self.source)
        is_missing = cell.str.to_lowercase().is_in([*MISSING_WORDS, *(word.lower() for word in ("NM", *self.nulls))])
        return pl.when(cell.str.contains(_PLAIN_TEXT) & ~is_missing).then(cell)

    @override
    def rules(self) -> tuple[CleaningRule, ...]:
        return (whitespace_stripped(self.source, *self.names), placeholder_nulled(self.source, *self.names))


@dataclass(frozen=True)
class CodedText(CategoryCell):
    """A cell of few texts, each with the value it means; `dtype` is the type of these values."""

    codes: Mapping[str, bool | int | str] = field(default_factory=dict)
    dtype: pl.DataType = field(default_factory=pl.Boolean)
    nulls: tuple[str, ...] = ()

    @property
    def null_texts(self) -> tuple[str, ...]:
        """How files write that there is none."""
        return self.nulls

    @override
    def is_known(self) -> pl.Expr:
        return pl.col(TEXT + self.source).is_in([*self.codes, *self.nulls])

    @override
    def value(self) -> pl.Expr:
        return self._meaning(pl.col(TEXT + self.source))

    def plain_value(self) -> pl.Expr:
        """The value straight from the source, null when it needs a closer look."""
        return self._meaning(pl.col(SOURCE + self.source))

    def _meaning(self, cell: pl.Expr) -> pl.Expr:
        return cell.replace_strict(dict(self.codes), default=None, return_dtype=self.dtype)
