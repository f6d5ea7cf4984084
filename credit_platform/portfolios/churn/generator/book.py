"""A generated churn book: its specification, and the rows of the three sources in any one of its months.

Every month is drawn on its own from the seed and the lives of the cohorts. Writing files does not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from typing_extensions import override

from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_key
from credit_platform.portfolios.churn.generator.delivery import (
    FEEDBACK_COLUMNS,
    LATE_DAYS,
    LATE_RATE,
    MISSING_COLUMNS,
    SALES_COLUMNS,
    SALES_FORM,
    UNRECORDED_DAYS,
    UNRECORDED_RATE,
    as_text,
    is_among_last,
)
from credit_platform.portfolios.churn.generator.dirt import CUSTOMERS_DIRT, FEEDBACK_DIRT, SALES_DIRT, soil
from credit_platform.portfolios.churn.generator.drift import DARK_SOURCE, MEANING, REFUSED
from credit_platform.portfolios.churn.generator.feedback import comments_of, draw_feedback
from credit_platform.portfolios.churn.generator.lives import CustomerCohort, Plan
from credit_platform.portfolios.churn.generator.people import ID_SPACE
from credit_platform.portfolios.churn.generator.population import Population
from credit_platform.portfolios.churn.generator.purchase_process import PurchaseProcess
from credit_platform.portfolios.churn.generator.randomness import Purpose, stream
from credit_platform.portfolios.churn.generator.sales import draw_purchases, sales_of
from credit_platform.portfolios.drift import Drift, DriftKind, in_force, strength_of
from credit_platform.portfolios.drifted_rows import changed_form, without_cells
from credit_platform.portfolios.generator import RowsBySource, SpecifiedBook, book_fields

Draw = Callable[[CustomerCohort, int, Plan], pl.DataFrame]
Put = Callable[[pl.DataFrame, int, Plan], pl.DataFrame]


@dataclass(frozen=True)
class ChurnBook(SpecifiedBook):
    """A book that can be generated again: the same specification gives the same bytes.

    Attributes:
        process: How customers live.

    `cases_per_month` is about the customers with a purchase in the 90 days before a month's end. Of several drifts of
    one kind the strongest in force counts.
    """

    process: PurchaseProcess = field(default_factory=PurchaseProcess)

    @override
    def require_possible(self) -> None:
        n_customers = self._population.first_number(self.n_months + 1)
        self.refuse_if("cases_per_month", n_customers > ID_SPACE, "gives more customers than ids")
        self.refuse_if("has_leak", self.has_leak, "would need a source made from outcomes, and this book has none")

    @override
    def require_drift(self, drift: Drift) -> None:
        if drift.kind in REFUSED:
            name, fix = f"generated book, drift {drift.kind}", f"Choose one of {', '.join(MEANING)}."
            raise SettingsError(name=name, reason=REFUSED[drift.kind], fix=fix)
        super().require_drift(drift)

    def rows(self, month: date) -> RowsBySource:
        """The rows of a month by source, text columns in the files' order; customers come in the first month only.

        Customers that are delivered again, with empty cells, are named for the month, as their file is.

        Raises:
            SettingsError: `month` is not a month of the book.
        """
        index, drifts = self.index_of(month), in_force(self.drifts, month)
        sales, feedback = self._sales(index), self._feedback(index)
        if change := strength_of(drifts, DriftKind.SCHEMA_CHANGE):
            sales = changed_form(sales, SALES_FORM, change)
        if strength_of(drifts, DriftKind.SOURCE_DARK):
            feedback = feedback.clear()
        return {"sales": sales, DARK_SOURCE: feedback, **self._customers(index)}

    def corrected_rows(self, month: date) -> RowsBySource:
        """The rows of a month with the purchases that had not been recorded.

        Raises:
            SettingsError: `month` is not a month of the book.
        """
        return self.in_time().rows(month)

    def truth(self, month: date) -> pl.DataFrame:
        """What no file contains, one row per customer who has joined by the end of a month.

        Columns: `customer_id`, `is_delivered` (whether `customers` has a row), `rate` (purchases in 30 days when
        satisfaction is 0), `satisfaction`, `leaves` (day from which they buy no more, null while there is none).

        Raises:
            SettingsError: `month` is not a month of the book.
        """
        index = self.index_of(month)
        end = self._population.plan.day(index + 1)
        return pl.concat(
            pl.DataFrame(
                {
                    "customer_id": pl.Series(cohort.people.ids, dtype=pl.String),
                    "is_delivered": cohort.people.is_delivered,
                    "rate": cohort.people.rate,
                    "satisfaction": cohort.feeling(index),
                    "leaves": pl.Series(
                        [date.fromordinal(day) if day < end else None for day in cohort.leaves.tolist()], dtype=pl.Date
                    ),
                }
            )
            for cohort in self._population.cohorts(index)
        )

    def to_dict(self) -> dict[str, object]:
        """The ground truth, ready for JSON."""
        return {
            "first_month": month_key(self.first_month),
            "months": self.n_months,
            "active_customers": self.cases_per_month,
            "seed": self.seed,
            "process": self.process.to_dict(),
            "drifts": [drift.to_dict() for drift in self.drifts],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ChurnBook:
        """Read what `to_dict` wrote."""
        return cls(
            **book_fields(content, cases="active_customers"), process=PurchaseProcess.from_dict(content["process"])
        )

    @cached_property
    def _population(self) -> Population:
        plan = Plan(self.seed, self.first_month, self.n_months - 1, self.process, self.drifts)
        return Population(plan, self.cases_per_month)

    def _rng(self, purpose: Purpose, index: int) -> np.random.Generator:
        return stream(self.seed, purpose, step=index)

    def _delivered(self, draw: Draw, put: Put, index: int) -> pl.DataFrame:
        """Clean rows of all cohorts in a month, without customers who are delivered no more."""
        population = self._population
        drawn = pl.concat(draw(cohort, index, population.plan) for cohort in population.cohorts(index))
        gone = strength_of(in_force(self.drifts, add_months(self.first_month, index)), DriftKind.VOLUME)
        return put(drawn, index, population.plan).filter(pl.col("place") >= gone)

    def _feedback(self, index: int) -> pl.DataFrame:
        rows = self._delivered(draw_feedback, comments_of, index).sort("feedback_date", "feedback_id")
        return soil(as_text(rows, FEEDBACK_COLUMNS), FEEDBACK_DIRT, self._rng(Purpose.FEEDBACK_DIRT, index))

    def _sales(self, index: int) -> pl.DataFrame:
        """The sales file of a month: what was recorded in time, and what comes late of the month before."""
        parts = [self._recorded(index).filter(~pl.col("is_late"))]
        if index:
            parts.append(self._recorded(index - 1).filter(pl.col("is_late")))
        sales = pl.concat(parts).sort("transaction_date", "order_id", "product_id")
        soiled = soil(as_text(sales, SALES_COLUMNS, "is_lost"), SALES_DIRT, self._rng(Purpose.SALES_DIRT, index))
        return soiled.filter(~pl.col("is_lost")).drop("is_lost")

    def _recorded(self, index: int) -> pl.DataFrame:
        """The sales of a month, and whether they come in the next month's file, or in a corrected one only."""
        month, rng = add_months(self.first_month, index), self._rng(Purpose.LATE, index)
        sales = self._delivered(draw_purchases, sales_of, index)
        lost = UNRECORDED_RATE * strength_of(in_force(self.drifts, month), DriftKind.LATE_CORRECTION)
        return sales.with_columns(
            is_late=is_among_last(sales, month, days=LATE_DAYS, rate=LATE_RATE, rng=rng),
            is_lost=is_among_last(sales, month, days=UNRECORDED_DAYS, rate=lost, rng=rng),
        )

    def _customers(self, index: int) -> dict[str, pl.DataFrame]:
        """The customers of the whole book in its first month, and again when cells begin to be missing."""
        month = add_months(self.first_month, index)
        missing = [drift for drift in self.drifts if drift.kind == DriftKind.MISSINGNESS]
        again = any(drift.first_month == month for drift in missing)
        if index and not again:
            return {}
        rows = pl.concat(
            cohort.people.rows.filter(cohort.people.is_delivered)
            for cohort in self._population.cohorts(self.n_months - 1)
        ).sort("customer_id")
        usual = soil(rows, CUSTOMERS_DIRT, self._rng(Purpose.CUSTOMERS_DIRT, 0))
        share = strength_of(in_force(missing, month), DriftKind.MISSINGNESS)
        emptied = (
            without_cells(usual, MISSING_COLUMNS, share, self._rng(Purpose.MISSING_CELLS, index)) if again else usual
        )
        return ({} if index else {"customers": usual}) | ({f"customers_{month:%Y_%m}": emptied} if again else {})
