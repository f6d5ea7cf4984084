"""Made-up files of this book by a process that is known: what `demo` and `simulate` run, and tests look at.

Replace the numbers by what you know of your book, or delete the module and its line in `portfolio` once you have
files. Rows have the columns of the bronze schemas, as text. Every month is drawn from the seed and the cohorts it needs
alone, so that the same book gives the same bytes. Writing files does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import polars as pl

from credit_platform.cli.new_portfolio.template.sources import CUSTOMERS, ORDERS
from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_key, month_range, months_between
from credit_platform.portfolios.drift import Drift, DriftKind, in_force, strength_of
from credit_platform.portfolios.generator import Generator, RowsBySource, book_fields

# An order is in the files from its own month (0) until it is so old.
_OLDEST = 2
# The process: log odds of non-payment are a constant, plus a slope times how large the order is for the income
# (in standard deviations), plus so much for tenants and minus as much for owners.
_CONSTANT, _SLOPE, _TENANT = -1.2, 2.2, 0.4
# A full concept drift takes the slope away and adds so much for tenants.
_TENANT_IN_DRIFT = 2.5
_UNKNOWN_INCOMES, _UNKNOWN_CUSTOMERS = 0.04, 0.02


@dataclass(frozen=True)
class OrderBook:
    """A book of orders.

    Attributes:
        first_month: first month of the files.
        n_months: how many months there are.
        cases_per_month: new orders a month.
        seed: other seeds draw other books.
        history_months: for books whose features sum a history over months; not used here.
        drifts: what changes, and from which month on.
        has_leak: for books that can be made with a source from the future; this one cannot.
    """

    first_month: date
    n_months: int
    cases_per_month: int
    seed: int
    history_months: int = 0
    drifts: tuple[Drift, ...] = ()
    has_leak: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be generated."""
        for name, is_wrong in (
            ("months", self.n_months < 1),
            ("cases", self.cases_per_month < 1),
            ("seed", self.seed < 0),
            ("leak", self.has_leak),
        ):
            if is_wrong:
                reason = "cannot be generated"
                raise SettingsError(name=f"generated book, {name}", reason=reason, fix="Choose another value.")

    @property
    def months(self) -> list[date]:
        """All months of the files."""
        return month_range(self.first_month, add_months(self.first_month, self.n_months - 1))

    def rows(self, month: date) -> RowsBySource:
        """The rows of a month by source."""
        newest = months_between(self.first_month, month)
        cohorts = [self._orders(newest - age, age) for age in range(min(_OLDEST, newest), -1, -1)]
        dated = pl.lit(f"{month}").alias("snapshot_date")
        return {
            ORDERS.name: pl.concat(cohorts).select(dated, *ORDERS.columns[1:]),
            CUSTOMERS.name: self._customers(newest).select(dated, *CUSTOMERS.columns[1:]),
        }

    def corrected_rows(self, month: date) -> RowsBySource:
        """The rows of a month as they are delivered again: here nothing is corrected later."""
        return self.rows(month)

    def to_dict(self) -> dict[str, object]:
        """What `from_dict` reads."""
        return {
            "first_month": month_key(self.first_month),
            "months": self.n_months,
            "cases_per_month": self.cases_per_month,
            "seed": self.seed,
            "drifts": [drift.to_dict() for drift in self.drifts],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            **book_fields(content, cases="cases_per_month"),
        )

    def _cohort(self, index: int) -> pl.DataFrame:
        """The orders of a month with all that is true of them, also what no file tells."""
        draw, n = np.random.default_rng((self.seed, index)), self.cases_per_month
        income, strain = np.exp(draw.normal(7.8, 0.4, n)), draw.normal(0, 1, n)
        value = income * np.exp(0.9 * strain - 1.2)
        is_tenant = draw.random(n) < 0.5
        drifts = in_force(self.drifts, add_months(self.first_month, index))
        drift = strength_of(drifts, DriftKind.CONCEPT)
        of_tenants = np.where(is_tenant, 1, -1) * (_TENANT + drift * _TENANT_IN_DRIFT)
        odds = _CONSTANT + (1 - drift) * _SLOPE * strain + of_tenants
        return pl.DataFrame(
            {
                "number": [f"{index:04}-{k:05}" for k in range(n)],
                "income": [f"{amount:.2f}" for amount in income],
                "value": [f"{amount:.2f}" for amount in value],
                "residence": np.where(is_tenant, "tenant", "owner"),
                "is_bad": draw.random(n) < 1 / (1 + np.exp(-odds)),
                "pays_late": draw.random(n) < 0.3,
                "income_is_unknown": draw.random(n) < _UNKNOWN_INCOMES,
                "is_unknown": draw.random(n) < _UNKNOWN_CUSTOMERS,
            }
        )

    def _orders(self, index: int, age: int) -> pl.DataFrame:
        is_unpaid = pl.col("is_bad") if age == _OLDEST else pl.col("is_bad") | pl.col("pays_late") | pl.lit(age == 0)
        return self._cohort(index).select(
            "value",
            order=pl.format("O{}", "number"),
            customer=pl.format("C{}", "number"),
            age=pl.lit(f"{age}"),
            unpaid=is_unpaid.cast(pl.Int8).cast(pl.String),
        )

    def _customers(self, index: int) -> pl.DataFrame:
        return (
            self._cohort(index)
            .filter(~pl.col("is_unknown"))
            .select(
                "residence",
                customer=pl.format("C{}", "number"),
                income=pl.when("income_is_unknown").then(pl.lit("unknown")).otherwise("income"),
            )
        )


GENERATOR = Generator(
    drifts={
        DriftKind.CONCEPT: "The size of an order says less of who pays, how a customer lives says more. "
        "Who orders what stays."
    },
    make=OrderBook,
    read=OrderBook.from_dict,
    is_harmless=lambda _drift: False,
    dark_source=CUSTOMERS.name,
    # What `demo` makes without --months and --cases: long enough to see the drift begin, be detected and be cured.
    demo_months=36,
    demo_cases=150,
    demo_drift=DriftKind.CONCEPT,
)
