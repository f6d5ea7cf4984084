"""What a portfolio says of its generator: its drifts, how a book is made, what is compared with real books.

Drawing rows belongs to the portfolio's folder, writing files to `lake`, comparing books and judging drifts to `lab`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import polars as pl
from typing_extensions import TypedDict

from credit_platform.months import parse_month
from credit_platform.portfolios.drift import Drift, DriftKind

# What the verbs generate when nothing else is asked for.
USUAL_FIRST_MONTH, USUAL_MONTHS, USUAL_CASES, USUAL_SEED = date(2021, 1, 1), 48, 300, 42

RowsBySource = Mapping[str, pl.DataFrame]


class GeneratedBook(Protocol):
    """A book that can be generated again: the same book gives the same bytes."""

    @property
    def months(self) -> Sequence[date]:
        """Every snapshot month, rising."""

    @property
    def cases_per_month(self) -> int:
        """New cases a month on average."""

    @property
    def seed(self) -> int:
        """Seed of every draw."""

    @property
    def drifts(self) -> tuple[Drift, ...]:
        """What changes in the course of the book."""

    @property
    def has_leak(self) -> bool:
        """Whether a source was made from the outcomes, and only of cases whose outcome was known."""

    def rows(self, month: date) -> RowsBySource:
        """The raw rows of a month by source, as they are delivered first."""

    def corrected_rows(self, month: date) -> RowsBySource:
        """The raw rows of a month as they are delivered again, with what was recorded late."""

    def to_dict(self) -> dict[str, object]:
        """The ground truth, ready for JSON."""


class BookFields(TypedDict, closed=True):
    """What every generated book is made of, by the names of its arguments."""

    first_month: date
    n_months: int
    cases_per_month: int
    seed: int
    drifts: tuple[Drift, ...]


def book_fields(content: Mapping[str, Any], *, cases: str) -> BookFields:
    """The fields of a ground truth that every book has; `cases` is its name for cases per month."""
    return BookFields(
        first_month=parse_month(content["first_month"]),
        n_months=content["months"],
        cases_per_month=content[cases],
        seed=content["seed"],
        drifts=tuple(Drift.from_dict(drift) for drift in content["drifts"]),
    )


class MakeBook(Protocol):
    """Makes a book; evidence groups reach as far back as `history_months`, or as is usual."""

    def __call__(
        self,
        *,
        first_month: date,
        n_months: int,
        cases_per_month: int,
        seed: int,
        history_months: int = ...,
        drifts: tuple[Drift, ...] = ...,
        has_leak: bool = ...,
    ) -> GeneratedBook:
        """The book. Raises a SettingsError for what cannot be generated."""


@dataclass(frozen=True, eq=False)
class ComparedColumns:
    """What of a real and a generated book is compared beside what all books have.

    Attributes:
        numbers: asset key of a silver table to the columns whose distributions are compared.
        raw_dirt: name of a flaw that no cleaning rule repairs to its source, and whether a raw row has it.
        by_age: name of a rate to whether a row of the cases table counts, compared by month on book.
        has_leak: whether the generated book is made with a leak, as the real one was.
    """

    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    raw_dirt: Mapping[str, tuple[str, pl.Expr]] = field(default_factory=dict)
    by_age: Mapping[str, pl.Expr] = field(default_factory=dict)
    has_leak: bool = False


@dataclass(frozen=True, eq=False)
class Generator:
    """A generator of books with a known process.

    Attributes:
        drifts: the kinds it simulates, each with what changes in this book.
        make: makes a book.
        read: the book of a ground truth that its `to_dict` gave.
        is_harmless: whether a drift changes nothing that has to be detected, such as the order of columns.
        dark_source: the source that can go dark; whoever notices it must name it.
        compared: what is compared with a real book.
        monthly_files: the sources with one file per month; the others have one file for all months.
        demo_months: months of the book that a newcomer is shown.
        demo_cases: new cases a month of that book.
        quick_months: months of the small book of `quick-demo`: trained once, and half a year of use.
        quick_cases: new cases a month of that one.
        demo_drift: what begins in that book after a year of months that count; None where nothing does.
    """

    drifts: Mapping[DriftKind, str]
    make: MakeBook
    read: Callable[[Mapping[str, Any]], GeneratedBook]
    is_harmless: Callable[[Drift], bool]
    dark_source: str
    compared: ComparedColumns = field(default_factory=ComparedColumns)
    monthly_files: frozenset[str] = frozenset()
    demo_months: int = USUAL_MONTHS
    demo_cases: int = USUAL_CASES
    quick_months: int = 30
    quick_cases: int = 150
    demo_drift: DriftKind | None = DriftKind.CONCEPT
