"""One raw column of this book: its name, what it becomes in silver, and what it can be, declared in one line.

Bronze and silver schemas, cells and rules are derived from these lines in `raw_table`.
"""

from dataclasses import dataclass
from typing import Literal

import dataframely as dy
import polars as pl

from credit_platform.portfolios.home_credit.sources.raw_cells import CodedText, DeliveredNumber, OpenText
from credit_platform.schemas.cleaning.cells import NumberType

Cell = DeliveredNumber | OpenText | CodedText

# In files of other currencies amounts are larger; below this a float tells a thousandth apart.
LARGEST_AMOUNT = 1e11
# More than the days of a century, and fewer than the sentinel.
LARGEST_DAYS = 45_000
# Written where a day is asked for and there is none.
NO_DAY = 365_243
NOT_AVAILABLE = ("XNA", "XAP")
_LARGEST_COUNT = 1_000_000
_FLAGS = {text: value for value, texts in ((True, "1 1.0 Y Yes"), (False, "0 0.0 N No")) for text in texts.split()}
_NUMBERS: dict[NumberType, type[dy.Int32 | dy.Float64]] = {"Int32": dy.Int32, "Float64": dy.Float64}


@dataclass(frozen=True)
class RawColumn:
    """A column of a file and the silver column made of it.

    Attributes:
        source: name in the file.
        name: name in silver; empty for a column that stays in bronze.
        meaning: what it says.
        kind: what its cells are.
        unit: of a number.
        low: smallest value that can be true.
        high: largest value that can be true.
        nulls: values or texts that mean there is none.
        codes: of a code, every text with its value.
        is_key: whether it tells one row of a month from another.
        is_required: whether a row without it is set aside.
        is_optional: whether a file may lack the column.
    """

    source: str
    name: str
    meaning: str
    kind: Literal["identifier", "Int32", "Float64", "text", "flag", "code", "bronze"]
    unit: str = ""
    low: float = 0
    high: float = 0
    nulls: tuple[int | str, ...] = ()
    codes: tuple[tuple[str, str | int], ...] = ()
    is_key: bool = False
    is_required: bool = False
    is_optional: bool = False

    @property
    def bronze(self) -> dy.String:
        """The column as delivered."""
        return dy.String(nullable=True, description=f"{self.meaning}, as text")

    @property
    def silver(self) -> dy.Column:
        """The typed column."""
        said = f"{self.meaning}, {self.unit}" if self.unit else self.meaning
        if self.nulls:
            said += f"; null where the source writes {' or '.join(map(str, self.nulls))}"
        nullable = not (self.is_key or self.is_required)
        if self.kind in _NUMBERS:
            number = _NUMBERS[self.kind]
            return number(nullable=nullable, primary_key=self.is_key, min=self.low, max=self.high, description=said)  # pyrefly: ignore[bad-argument-type]
        if self.kind == "flag":
            return dy.Bool(nullable=True, description=said)
        if self.kind == "code" and isinstance(self.codes[0][1], int):
            return dy.Int8(nullable=True, is_in=tuple(dict(self.codes).values()), description=said)  # pyrefly: ignore[bad-argument-type]
        return dy.String(nullable=nullable, primary_key=self.is_key, min_length=1, description=said)

    @property
    def cell(self) -> Cell | None:
        """How a cell is read; None for identifiers and what stays in bronze."""
        if self.kind in _NUMBERS:
            whole = tuple(value for value in self.nulls if isinstance(value, int))
            is_nullable = not (self.is_key or self.is_required)
            bounds = (self.low, self.high)
            return DeliveredNumber(self.source, self.name, self.kind, *bounds, bounds, is_nullable, whole)
        texts = tuple(str(value) for value in self.nulls)
        if self.kind == "text":
            return OpenText(self.source, ".+", (self.name,), texts)
        if self.kind == "flag":
            return CodedText(self.source, "|".join(_FLAGS), (self.name,), _FLAGS, pl.Boolean(), texts)
        if self.kind == "code":
            codes = dict(self.codes)
            dtype = pl.Int8() if isinstance(self.codes[0][1], int) else pl.String()
            return CodedText(self.source, "|".join(codes), (self.name,), codes, dtype, texts)
        return None


def identifier_of(source: str, name: str, meaning: str, *, is_key: bool = False) -> RawColumn:
    """An identifier; a row without it is set aside."""
    return RawColumn(source, name, f"Identifier of {meaning}", "identifier", is_key=is_key, is_required=True)


def amount(source: str, name: str, meaning: str, *, low: float = 0) -> RawColumn:
    """An amount of money."""
    return RawColumn(source, name, meaning, "Float64", "currency units", low, LARGEST_AMOUNT)


def balance(source: str, name: str, meaning: str) -> RawColumn:
    """An amount that is negative where the lender owes the customer."""
    return amount(source, name, f"{meaning}, negative where overpaid", low=-LARGEST_AMOUNT)


def number(
    source: str, name: str, meaning: str, unit: str, bounds: tuple[float, float], *, is_optional: bool = False
) -> RawColumn:
    """A number that need not be whole, between bounds."""
    return RawColumn(source, name, meaning, "Float64", unit, *bounds, is_optional=is_optional)


def count(
    source: str, name: str, meaning: str, *, low: int = 0, high: int = _LARGEST_COUNT, nulls: tuple[int, ...] = ()
) -> RawColumn:
    """A whole number of things."""
    return RawColumn(source, name, meaning, "Int32", "count", low, high, nulls)


def past_days(source: str, name: str, meaning: str, *, nulls: tuple[int, ...] = ()) -> RawColumn:
    """A day before the application, counted from it backwards."""
    return RawColumn(source, name, meaning, "Int32", "days from the application, negative", -LARGEST_DAYS, 0, nulls)


def planned_days(source: str, name: str, meaning: str, *, nulls: tuple[int, ...] = ()) -> RawColumn:
    """A day before or after the application."""
    unit = "days from the application, negative before it"
    return RawColumn(source, name, meaning, "Int32", unit, -LARGEST_DAYS, LARGEST_DAYS, nulls)


def days_past_due(source: str, name: str, meaning: str) -> RawColumn:
    """How long a payment is overdue."""
    return RawColumn(source, name, meaning, "Int32", "days", 0, LARGEST_DAYS)


def balance_month(meaning: str) -> RawColumn:
    """The month of a monthly row, part of its key."""
    said = f"{meaning}, months from the application; -1 is the freshest before it"
    return RawColumn(
        "MONTHS_BALANCE", "balance_month", said, "Int32", "", -LARGEST_DAYS, 0, is_key=True, is_required=True
    )


def flag(source: str, name: str, meaning: str) -> RawColumn:
    """Yes or no, in any of the ways files write it."""
    return RawColumn(source, name, meaning, "flag", nulls=NOT_AVAILABLE)


def text(source: str, name: str, meaning: str) -> RawColumn:
    """A category of any level."""
    return RawColumn(source, name, meaning, "text", nulls=NOT_AVAILABLE)


def code(
    source: str, name: str, meaning: str, codes: dict[str, str] | dict[str, int], *, is_optional: bool = False
) -> RawColumn:
    """A cell of few texts."""
    return RawColumn(source, name, meaning, "code", codes=tuple(codes.items()), is_optional=is_optional)
