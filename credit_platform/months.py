"""Months: the platform's only unit of time, always the first day of the month.

Partition definitions, windows and anything that knows a policy do not belong here.
"""

import re
from collections.abc import Iterable
from datetime import date

import polars as pl

_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MONTH = re.compile(r"(\d{4})-(\d{2})(?:-01)?")


def parse_month(text: str) -> date:
    """Read `2023-01` or `2023-01-01`.

    Raises:
        ValueError: the text is neither, or its day is not the first.

    >>> parse_month("2023-04")
    datetime.date(2023, 4, 1)
    """
    match = _MONTH.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is not a month; write YYYY-MM or YYYY-MM-01"
        raise ValueError(message)
    return date(int(match[1]), int(match[2]), 1)


def as_month(value: object) -> object:
    """A month as a person writes it in a file: text is read, a date must be near enough to count months from.

    Raises:
        ValueError: it is no month, or none of the years 1900 to 2199.
    """
    month = parse_month(value) if isinstance(value, str) else value
    if isinstance(month, date) and not _FIRST_YEAR <= month.year <= _LAST_YEAR:
        message = f"{month.isoformat()} is no month of the years {_FIRST_YEAR} to {_LAST_YEAR}"
        raise ValueError(message)
    return month


def is_of_a_book(month: date) -> bool:
    """Whether a month is one of the years 1900 to 2199; others are stand-ins (0001-01-01, 9999-12-31)."""
    return _FIRST_YEAR <= month.year <= _LAST_YEAR


def month_key(month: date) -> str:
    """The month as a partition key and file name, `2023-01-01`."""
    return month.isoformat()


def months_of(keys: Iterable[str]) -> list[date]:
    """The months of some partition keys, in order."""
    return sorted(parse_month(key) for key in keys)


def add_months(month: date, n: int) -> date:
    """The month `n` months later; earlier when `n` is negative.

    >>> add_months(date(2024, 12, 1), -23)
    datetime.date(2023, 1, 1)
    """
    index = month.year * 12 + month.month - 1 + n
    return date(index // 12, index % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    """Whole months from `first` to `last`, negative when `last` is earlier.

    >>> months_between(date(2023, 1, 1), date(2024, 12, 1))
    23
    """
    return (last.year - first.year) * 12 + last.month - first.month


def month_range(first: date, last: date) -> list[date]:
    """Every month from `first` to `last`, both included; empty when `last` is earlier."""
    return [add_months(first, n) for n in range(months_between(first, last) + 1)]


def source_date(column: str) -> pl.Expr:
    """The date a source writes as text, ISO or d/M/yy; null where it is neither, or one no calendar has (year 0)."""
    text = pl.col(column).str.strip_chars()
    found = pl.coalesce(text.str.to_date("%Y-%m-%d", strict=False), text.str.to_date("%d/%m/%y", strict=False))
    return of_the_calendar(found)


def of_the_calendar(day: pl.Expr) -> pl.Expr:
    """A date, null where its year is not one of 1 to 9999: others cannot leave Polars."""
    return pl.when(day.dt.year().is_between(1, 9999)).then(day)


def months_between_expr(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    """Whole calendar months from `first` to `last` as Int32, days ignored."""
    years = last.dt.year() - first.dt.year()
    return years * 12 + last.dt.month().cast(pl.Int32) - first.dt.month().cast(pl.Int32)
