"""Which cohorts a book has: those who were there when it began, and those who join month by month.

What becomes of a cohort belongs to `lives`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from credit_platform.portfolios.churn.generator.lives import CustomerCohort, Plan, draw_cohort
from credit_platform.portfolios.churn.generator.randomness import Purpose, stream


@dataclass(frozen=True)
class Population:
    """The cohorts of a book with about so many active customers.

    Attributes:
        plan: What they are drawn from.
        n_active: Customers with a purchase in 90 days, about.
    """

    plan: Plan
    n_active: int

    @property
    def _joining(self) -> float:
        return self.plan.process.joining * self.n_active

    def first_number(self, cohort: int) -> int:
        """The running number of a cohort's first customer; a cohort that joins has room for twice the usual size."""
        room = round(2 * self._joining) + 20
        return round(self.plan.process.living * self.n_active) + 1 + (cohort - 1) * room if cohort else 0

    def cohorts(self, until: int) -> Iterator[CustomerCohort]:
        """The cohorts that have joined by the month of a number."""
        for cohort in range(until + 2):
            first = self.first_number(cohort)
            size = self.first_number(cohort + 1) - first
            if cohort:
                joined = stream(self.plan.seed, Purpose.SIZE, cohort=cohort).poisson(self._joining)
                size = min(int(joined), size)
            yield draw_cohort(self.plan, cohort, first, size)
