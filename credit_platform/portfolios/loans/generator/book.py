"""A generated loan book: its specification, and the rows of the four sources in any one of its months.

Every month is generated on its own from the seed and the cohorts it needs, so a book of any length takes the memory of
one month. Writing files does not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_key, month_range, months_between
from credit_platform.portfolios.drift import Drift, DriftKind, in_force, strength_of
from credit_platform.portfolios.generator import (
    USUAL_CASES,
    USUAL_FIRST_MONTH,
    USUAL_MONTHS,
    USUAL_SEED,
    RowsBySource,
    book_fields,
)
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
from credit_platform.portfolios.loans.generator.delivery import changed_schema, without_cells, without_outcomes
from credit_platform.portfolios.loans.generator.drift import shaping_cohort
from credit_platform.portfolios.loans.generator.repayments import OUTCOME_INSTALLMENT, TENURE_MONTHS

# Sources report for some months after the application; a feature that used them would look into the future.
CLICKSTREAM_MONTHS_AFTER = 3


@dataclass(frozen=True)
class BookSpec:
    """A book that can be generated again: the same specification gives the same bytes.

    Attributes:
        first_month: First snapshot month, a first of the month.
        n_months: Snapshot months.
        cases_per_month: New loans a month on average; cohorts vary around it like counts do.
        history_months: Months of clickstream up to and including the application; none before `first_month`.
        seed: Seed of every draw.
        process: The default process.
        drifts: What changes in the course of the book; of several of one kind the strongest in force counts.
        has_leak: Whether the clickstream was put together after the outcomes were known: made from them, in every month
            of the book, of the customers whose label is known by its end and of no others. The real book's was.
    """

    first_month: date = USUAL_FIRST_MONTH
    n_months: int = USUAL_MONTHS
    cases_per_month: int = USUAL_CASES
    history_months: int = 24
    seed: int = USUAL_SEED
    process: DefaultProcess = field(default_factory=DefaultProcess)
    drifts: tuple[Drift, ...] = ()
    has_leak: bool = False

    def __post_init__(self) -> None:
        for name, is_wrong, reason in (
            ("first_month", self.first_month.day != 1, "is not the first of a month"),
            ("n_months", self.n_months < 1, "is less than 1"),
            ("cases_per_month", self.cases_per_month < 1, "is less than 1"),
            ("history_months", self.history_months < 0, "is negative"),
            ("seed", self.seed < 0, "is negative"),
            ("n_months", self.has_leak and self.n_months <= OUTCOME_INSTALLMENT, "has no outcome that could leak"),
            ("cases_per_month", self._n_keys() > KEY_SPACE, "gives more customers than there are keys"),
        ):
            if is_wrong:
                value = getattr(self, name)
                raise SettingsError(name=f"generated book, {name}", reason=f"{value} {reason}", fix="Choose another.")
        for drift in self.drifts:
            if not self.first_month <= drift.first_month <= self.last_month:
                raise SettingsError(
                    name=f"generated book, drift {drift.kind}",
                    reason=f"{drift.first_month:%Y-%m} is not a month of the book",
                    fix=f"Choose one of {self.first_month:%Y-%m} to {self.last_month:%Y-%m}.",
                )

    @property
    def last_month(self) -> date:
        """Last snapshot month, inclusive."""
        return add_months(self.first_month, self.n_months - 1)

    @property
    def months(self) -> list[date]:
        """All snapshot months of the book."""
        return month_range(self.first_month, self.last_month)

    def rows(self, month: date) -> RowsBySource:
        """The rows of a month by source."""
        return generate_month(self, month)

    def corrected_rows(self, month: date) -> RowsBySource:
        """The rows of a month with the payments that had been recorded late.

        Raises:
            SettingsError: `month` is not a month of the book.
        """
        timely = tuple(drift for drift in self.drifts if drift.kind != DriftKind.LATE_CORRECTION)
        return generate_month(replace(self, drifts=timely), month)

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
    index = months_between(spec.first_month, month)
    if month.day != 1 or not 0 <= index < spec.n_months:
        span = f"{spec.first_month:%Y-%m} to {spec.last_month:%Y-%m}"
        raise SettingsError(
            name="generated book, month", reason=f"{month} is not a month of the book", fix=f"Choose one of {span}."
        )
    applicants, drifts = _cohort(spec, index), in_force(spec.drifts, month)
    loans = pl.concat(_loan_rows(spec, index, strength_of(drifts, DriftKind.LATE_CORRECTION)))
    if strength_of(drifts, DriftKind.LABEL_DELAY):
        loans = without_outcomes(loans)
    financials = financials_of(applicants, spec.seed)
    if missing := strength_of(drifts, DriftKind.MISSINGNESS):
        financials = without_cells(financials, share=missing, seed=spec.seed, cohort=index)
    if change := strength_of(drifts, DriftKind.SCHEMA_CHANGE):
        financials = changed_schema(financials, change)
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
