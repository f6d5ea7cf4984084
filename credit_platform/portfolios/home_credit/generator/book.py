"""A generated Home-Credit-like book: its specification, and the rows of its eight files in any one of its months.

A month is a chunk of applications with all their children, drawn on its own from the seed and its number, so a book of
any size takes the memory of one month. The months mean nothing else: the files have no calendar. Writing files does not
belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from typing_extensions import override

from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_key
from credit_platform.portfolios.drift import Drift, DriftKind, in_force, strength_of
from credit_platform.portfolios.drifted_rows import changed_form, without_cells
from credit_platform.portfolios.generator import RowsBySource, SpecifiedBook, book_fields
from credit_platform.portfolios.home_credit.generator.applicants import (
    Applicants,
    CreditProcess,
    default_probability,
    draw_applicants,
)
from credit_platform.portfolios.home_credit.generator.application_rows import application_rows, burden_of
from credit_platform.portfolios.home_credit.generator.bureau import draw_bureau_months, draw_credits
from credit_platform.portfolios.home_credit.generator.card_months import draw_card_months
from credit_platform.portfolios.home_credit.generator.distributions import Flags, Floats, Integers
from credit_platform.portfolios.home_credit.generator.drift import (
    APPLICATION_FORM,
    DARK_SOURCE,
    MEANING,
    MISSING_COLUMNS,
    REFUSED,
)
from credit_platform.portfolios.home_credit.generator.instalments import draw_instalments
from credit_platform.portfolios.home_credit.generator.keys import (
    FIRST_APPLICATION,
    FIRST_BUREAU,
    FIRST_PREVIOUS,
    MOST_APPLICATIONS,
    child_keys,
    keys,
)
from credit_platform.portfolios.home_credit.generator.pos_months import draw_pos_months
from credit_platform.portfolios.home_credit.generator.previous_applications import draw_previous
from credit_platform.portfolios.home_credit.generator.randomness import Stream, stream

# One month in so many has new applications, whose outcome is not known; they are the last.
_MONTHS_PER_NEW_ONE = 6


@dataclass(frozen=True)
class HomeCreditBook(SpecifiedBook):
    """A book that can be generated again: the same specification gives the same bytes.

    Attributes:
        process: The default process.

    Of the applications of the last sixth of the months no outcome is known. Drifts are what is different for these; of
    several of one kind the strongest counts.
    """

    process: CreditProcess = field(default_factory=CreditProcess)

    @override
    def require_possible(self) -> None:
        is_beyond = self.n_applications > MOST_APPLICATIONS
        self.refuse_if("cases_per_month", is_beyond, "gives more applications than there are keys")
        self.refuse_if("has_leak", self.has_leak, "would need a source made from outcomes, and this book has none")

    @override
    def require_drift(self, drift: Drift) -> None:
        name = f"generated book, drift {drift.kind}"
        if drift.kind in REFUSED:
            raise SettingsError(name=name, reason=REFUSED[drift.kind], fix=f"Choose one of {', '.join(MEANING)}.")
        if self.first_new_month is None:
            raise SettingsError(
                name=name,
                reason=f"a book of {self.n_months} months has no new applications",
                fix=f"Choose at least {_MONTHS_PER_NEW_ONE} months.",
            )
        if drift.first_month != self.first_new_month:
            raise SettingsError(
                name=name,
                reason=f"the book has no calendar, so nothing can begin in {drift.first_month:%Y-%m}",
                fix=f"Choose {self.first_new_month:%Y-%m}, the first month of new applications.",
            )

    @property
    def n_applications(self) -> int:
        """Applications of the whole book."""
        return self.n_months * self.cases_per_month

    @property
    def first_new_month(self) -> date | None:
        """The first month of applications without an outcome; None in a book too short to have one."""
        n_new = self.n_months // _MONTHS_PER_NEW_ONE
        return add_months(self.first_month, self.n_months - n_new) if n_new else None

    def rows(self, month: date) -> RowsBySource:
        """The rows of a month by the stem of their file, text columns in the files' order.

        Raises:
            SettingsError: `month` is not a month of the book.
        """
        return _files(self, _drawn(self, month))

    def corrected_rows(self, month: date) -> RowsBySource:
        """The same rows: nothing is recorded late."""
        return self.rows(month)

    def truth(self, month: date) -> pl.DataFrame:
        """What no file contains, one row per application: `SK_ID_CURR`, its true `default_probability`, `is_bad`.

        Raises:
            SettingsError: `month` is not a month of the book.
        """
        drawn = _drawn(self, month)
        probability, is_bad = pl.Series(drawn.probability), pl.Series(drawn.is_bad)
        return pl.DataFrame({"SK_ID_CURR": drawn.keys, "default_probability": probability, "is_bad": is_bad})

    def to_dict(self) -> dict[str, object]:
        """The ground truth, ready for JSON."""
        return {
            "first_month": month_key(self.first_month),
            "months": self.n_months,
            "applications_per_month": self.cases_per_month,
            "seed": self.seed,
            "process": self.process.to_dict(),
            "drifts": [drift.to_dict() for drift in self.drifts],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> HomeCreditBook:
        """Read what `to_dict` wrote."""
        return cls(
            **book_fields(content, cases="applications_per_month"),
            process=CreditProcess.from_dict(content["process"]),
        )


@dataclass(frozen=True, eq=False)
class _Chunk:
    """The applications of one month, before their children are drawn."""

    index: int
    drifts: tuple[Drift, ...]
    is_new: bool
    numbers: Integers
    keys: Integers
    applicants: Applicants
    rows: pl.DataFrame
    probability: Floats
    is_bad: Flags


def _drawn(book: HomeCreditBook, month: date) -> _Chunk:
    index, n = book.index_of(month), book.cases_per_month
    drifts = in_force(book.drifts, month)

    def rng(purpose: Stream) -> np.random.Generator:
        return stream(book.seed, index, purpose)

    shift = strength_of(drifts, DriftKind.COVARIATE)
    applicants = draw_applicants(n, book.process, rng(Stream.APPLICANTS), shift=shift)
    rows = application_rows(applicants, book.process, rng(Stream.APPLICATIONS), buildings=rng(Stream.BUILDINGS))
    probability = default_probability(applicants, burden_of(rows), book.process)
    numbers = np.arange(index * n, (index + 1) * n)
    return _Chunk(
        index=index,
        drifts=drifts,
        is_new=book.first_new_month is not None and month >= book.first_new_month,
        numbers=numbers,
        keys=keys(numbers, space=book.n_applications, first=FIRST_APPLICATION),
        applicants=applicants,
        rows=rows,
        probability=probability,
        is_bad=rng(Stream.OUTCOMES).random(n) < probability,
    )


def _files(book: HomeCreditBook, chunk: _Chunk) -> dict[str, pl.DataFrame]:
    """The rows of every file of a chunk, as text."""

    def rng(purpose: Stream) -> np.random.Generator:
        return stream(book.seed, chunk.index, purpose)

    def key_of(parents: Integers, places: Integers, first: int) -> Integers:
        return child_keys(chunk.numbers[parents], places, n_applications=book.n_applications, first=first)

    known = draw_credits(chunk.applicants, rng(Stream.BUREAU))
    credit_keys = key_of(known.parents, known.places, FIRST_BUREAU)
    previous = draw_previous(chunk.applicants, rng(Stream.PREVIOUS))
    previous_keys = key_of(previous.parents, previous.places, FIRST_PREVIOUS)
    contracts = previous.contracts
    of_contracts = previous_keys[contracts.applications], chunk.keys[contracts.parents]
    files = {
        **_applications(chunk, rng(Stream.MISSING_CELLS)),
        "bureau": _with_keys(known.rows, SK_ID_CURR=chunk.keys[known.parents], SK_ID_BUREAU=credit_keys),
        "bureau_balance": draw_bureau_months(known, credit_keys, rng(Stream.BUREAU_MONTHS)),
        "previous_application": _with_keys(
            previous.rows, SK_ID_PREV=previous_keys, SK_ID_CURR=chunk.keys[previous.parents]
        ),
        "installments_payments": draw_instalments(contracts, *of_contracts, rng(Stream.INSTALMENTS)),
        "POS_CASH_balance": draw_pos_months(contracts, *of_contracts, rng(Stream.POS_MONTHS)),
        "credit_card_balance": draw_card_months(contracts, *of_contracts, rng(Stream.CARD_MONTHS)),
    }
    if strength_of(chunk.drifts, DriftKind.SOURCE_DARK):
        files[DARK_SOURCE] = files[DARK_SOURCE].clear()
    return {name: rows.select(pl.all().cast(pl.String)) for name, rows in files.items()}


def _applications(chunk: _Chunk, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """The rows of both files of applications; one of them has none."""
    known = _with_keys(chunk.rows, SK_ID_CURR=chunk.keys, TARGET=chunk.is_bad.astype(np.int64))
    new = known.drop("TARGET")
    if missing := strength_of(chunk.drifts, DriftKind.MISSINGNESS):
        new = without_cells(new, MISSING_COLUMNS, missing, rng)
    if change := strength_of(chunk.drifts, DriftKind.SCHEMA_CHANGE):
        new = changed_form(new, APPLICATION_FORM, change)
    return {
        "application_train": known.clear() if chunk.is_new else known,
        "application_test": new if chunk.is_new else new.clear(),
    }


def _with_keys(rows: pl.DataFrame, **columns: Integers) -> pl.DataFrame:
    return rows.select(*(pl.Series(name, values) for name, values in columns.items()), pl.all())
