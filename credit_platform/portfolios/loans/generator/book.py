"""A generated loan book: its specification, and the rows of the four sources in any one of its months.

Every month is generated on its own from the seed and the cohorts it needs, so a book of any length takes the memory of
one month. Writing files does not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl
from typing_extensions import override

from credit_platform.months import add_months, month_key
from credit_platform.portfolios.drift import DriftKind, in_force, strength_of
from credit_platform.portfolios.drifted_rows import changed_form, without_cells
from credit_platform.portfolios.generator import RowsBySource, SpecifiedBook, book_fields
from credit_platform.portfolios.loans.generator.cohorts import (
    Cohort,
    attributes_of,
    clickstream_of,
    draw_cohort,
    financials_of,
    loans_of,
)
from credit_platform.portfolios.loans.generator.customer_keys import KEY_SPACE, cohort_capacity
from credit_platform.portfolios.loans.generator.default_process import DefaultProcess
from credit_platform.portfolios.loans.generator.delivery import FINANCIALS_FORM, MISSING_COLUMNS, without_outcomes
from credit_platform.portfolios.loans.generator.drift import shaping_cohort
from credit_platform.portfolios.loans.generator.randomness import Draw, generator
from credit_platform.portfolios.loans.generator.repayments import OUTCOME_INSTALLMENT, TENURE_MONTHS

# Sources report for some months after the application; a feature that used them would look into the future.
CLICKSTREAM_MONTHS_AFTER = 3


@dataclass(frozen=True)
class BookSpec(SpecifiedBook):
    """A book that can be generated again: the same specification gives the same bytes.

    Attributes:
        history_months: Months of clickstream up to and including the application; none before `first_month`.
        process: The default process.

    `cases_per_month` are new loans on average; cohorts vary around it like counts do. Of several drifts of one kind the
    strongest in force counts. With a leak the clickstream was put together after the outcomes were known: made from
    them, in every month of the book, of the customers whose label is known by its end and of no others. The real book's
    was.
    """

    history_months: int = 24
    process: DefaultProcess = field(default_factory=DefaultProcess)

    @override
    def require_possible(self) -> None:
        cannot_leak = self.has_leak and self.n_months <= OUTCOME_INSTALLMENT
        self.refuse_if("history_months", self.history_months < 0, "is negative")
        self.refuse_if("n_months", cannot_leak, "has no outcome that could leak")
        self.refuse_if("cases_per_month", self._n_keys() > KEY_SPACE, "gives more customers than there are keys")

    def rows(self, month: date) -> RowsBySource:
        """The rows of a month by source."""
        return generate_month(self, month)

    def corrected_rows(self, month: date) -> RowsBySource:
        """The rows of a month with the payments that had been recorded late.

        Raises:
            SettingsError: `month` is not a month of the book.
        """
        return generate_month(self.in_time(), month)

    def to_dict(self) -> dict[str, object]:
        """The ground truth, ready for JSON."""
        return {
            "first_month": month_key(self.first_month),
            "months": self.n_months,
            "loans_per_month": self.cases_per_month,
            "clickstream_months": self.history_months,
            "seed": self.seed,
            "drifts": [drift.to_dict() for drift in self.drifts],
            **({"leak": True} if self.has_leak else {}),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> BookSpec:
        """Read what `to_dict` wrote."""
        return cls(
            **book_fields(content, cases="loans_per_month"),
            history_months=content["clickstream_months"],
            has_leak=content.get("leak", False),
        )

    def _n_keys(self) -> int:
        return (self.n_months + self.history_months) * cohort_capacity(self.cases_per_month)


def generate_month(spec: BookSpec, month: date) -> dict[str, pl.DataFrame]:
    """The rows of `month` by source, text columns in the files' own order, whatever other months have been generated.

    The loan file contains the cohorts of this month and the ten before. The clickstream file contains the customers who
    apply this month or within the next `history_months - 1`, even after the book's end, and those of the last three
    months; with a leak it contains those of every cohort whose label is known by the book's end.

    Raises:
        SettingsError: `month` is not a month of the book.
    """
    index = spec.index_of(month)
    applicants, drifts = _cohort(spec, index), in_force(spec.drifts, month)
    loans = pl.concat(_loan_rows(spec, index, strength_of(drifts, DriftKind.LATE_CORRECTION)))
    if strength_of(drifts, DriftKind.LABEL_DELAY):
        loans = without_outcomes(loans)
    financials = financials_of(applicants, spec.seed)
    if missing := strength_of(drifts, DriftKind.MISSINGNESS):
        rng = generator(spec.seed, index, Draw.MISSING_CELLS)
        financials = without_cells(financials, MISSING_COLUMNS, missing, rng)
    if change := strength_of(drifts, DriftKind.SCHEMA_CHANGE):
        financials = changed_form(financials, FINANCIALS_FORM, change)
    clickstream = pl.concat(_clickstream_rows(spec, index, month))
    if strength_of(drifts, DriftKind.SOURCE_DARK):
        clickstream = clickstream.clear()
    return {
        "lms_loan_daily": loans.sort("loan_start_date", "Customer_ID"),
        "features_attributes": attributes_of(applicants, spec.seed),
        "features_financials": financials,
        "feature_clickstream": clickstream.sort("Customer_ID"),
    }


def _cohort(spec: BookSpec, index: int) -> Cohort:
    return draw_cohort(
        seed=spec.seed,
        index=index,
        first_month=spec.first_month,
        loans_per_month=spec.cases_per_month,
        process=spec.process,
        drifts=shaping_cohort(spec.drifts, add_months(spec.first_month, index)),
        has_leak=spec.has_leak,
    )


def _loan_rows(spec: BookSpec, index: int, lateness: float) -> Iterator[pl.DataFrame]:
    for cohort in range(max(index - TENURE_MONTHS, 0), index + 1):
        yield loans_of(_cohort(spec, cohort), index - cohort, seed=spec.seed, lateness=lateness)


def _clickstream_rows(spec: BookSpec, index: int, month: date) -> Iterator[pl.DataFrame]:
    usual = range(max(index - CLICKSTREAM_MONTHS_AFTER, 0), index + max(spec.history_months, 1))
    labelled = range(spec.n_months - OUTCOME_INSTALLMENT)
    for cohort in labelled if spec.has_leak else usual:
        yield clickstream_of(
            _cohort(spec, cohort), spec.seed, month_index=index, month=month, noise_sd=spec.process.monthly_noise_sd
        )
