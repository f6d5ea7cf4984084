"""A whole cohort of a generated book with the truth about its customers, which no source file contains."""

from __future__ import annotations

from datetime import date

from credit_platform.months import months_between
from credit_platform.portfolios.loans.generator import book
from credit_platform.portfolios.loans.generator.cohorts import Cohort


def cohort_of(spec: book.BookSpec, month: date) -> Cohort:
    """The customers who apply in a month."""
    return book._cohort(spec, months_between(spec.first_month, month))
