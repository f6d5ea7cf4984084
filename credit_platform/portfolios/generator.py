"""What a portfolio says of its generator: its drifts, how a book is made, what is compared with real books.

Drawing rows belongs to the portfolio's folder, what drifts do to rows of any book to `drifted_rows`, writing files to
`lake`, comparing books and judging drifts to `lab`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol, Self

import polars as pl
from typing_extensions import TypedDict

from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_range, months_between, parse_month
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


@dataclass(frozen=True)
class SpecifiedBook:
    """What every kind of generated book is specified by; a kind adds its process, and what it cannot be.

    Attributes:
        first_month: first month, a first of the month.
        n_months: months.
        cases_per_month: cases a month.
        seed: seed of every draw.
        drifts: what changes in the course of the book.
        has_leak: whether a source is made from the outcomes.
    """

    first_month: date = USUAL_FIRST_MONTH
    n_months: int = USUAL_MONTHS
    cases_per_month: int = USUAL_CASES
    seed: int = USUAL_SEED
    drifts: tuple[Drift, ...] = ()
    has_leak: bool = False

    def __post_init__(self) -> None:
        """Refuse a book that cannot be generated.

        Raises:
            SettingsError: names the field or the drift, and the reason.
        """
        for name, is_wrong, reason in (
            ("first_month", self.first_month.day != 1, "is not the first of a month"),
            ("n_months", self.n_months < 1, "is less than 1"),
            ("cases_per_month", self.cases_per_month < 1, "is less than 1"),
            ("seed", self.seed < 0, "is negative"),
        ):
            self.refuse_if(name, is_wrong, reason)
        self.require_possible()
        for drift in self.drifts:
            self.require_drift(drift)

    def refuse_if(self, name: str, is_wrong: bool, reason: str) -> None:  # noqa: FBT001  the condition is the point
        """Raise a SettingsError that names a field and what is wrong with its value, if something is."""
        if is_wrong:
            value = getattr(self, name)
            raise SettingsError(name=f"generated book, {name}", reason=f"{value} {reason}", fix="Choose another.")

    def require_possible(self) -> None:
        """Refuse what only this kind of book cannot be. Raises a SettingsError."""

    def require_drift(self, drift: Drift) -> None:
        """Refuse a drift that this kind of book cannot have. Raises a SettingsError."""
        self._require_month(f"generated book, drift {drift.kind}", drift.first_month)

    @property
    def last_month(self) -> date:
        """Last month, inclusive."""
        return add_months(self.first_month, self.n_months - 1)

    @property
    def months(self) -> list[date]:
        """All months of the book."""
        return month_range(self.first_month, self.last_month)

    def index_of(self, month: date) -> int:
        """The place of a month in the book, from 0.

        Raises:
            SettingsError: it is no month of the book.
        """
        self._require_month("generated book, month", month)
        return months_between(self.first_month, month)

    def in_time(self) -> Self:
        """The same book with everything recorded in time."""
        timely = tuple(drift for drift in self.drifts if drift.kind != DriftKind.LATE_CORRECTION)
        return replace(self, drifts=timely)

    def _require_month(self, name: str, month: date) -> None:
        if month.day != 1 or not self.first_month <= month <= self.last_month:
            shown = f"{month:%Y-%m}" if month.day == 1 else month
            span = f"{self.first_month:%Y-%m} to {self.last_month:%Y-%m}"
            reason = f"{shown} is not a month of the book"
            raise SettingsError(name=name, reason=reason, fix=f"Choose one of {span}.")


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


def without_history(make: Callable[..., GeneratedBook]) -> MakeBook:
    """A maker of books in which no group of evidence looks back on months: `history_months` changes nothing."""

    def made(*, history_months: int = 0, **asked: Any) -> GeneratedBook:  # noqa: ARG001, ANN401  what MakeBook asks for
        return make(**asked)

    return made


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
