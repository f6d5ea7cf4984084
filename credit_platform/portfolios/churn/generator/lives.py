"""The life of one cohort: its customers' satisfaction, pauses and last day, month by month.

A month of a life is drawn from the seed, the cohort and its own number after those before it, so a longer book begins
like a shorter one. What a life looks like in the files belongs to `sales` and `feedback`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.months import add_months
from credit_platform.portfolios.churn.generator.drift import Change
from credit_platform.portfolios.churn.generator.people import People, draw_people
from credit_platform.portfolios.churn.generator.purchase_process import MONTHS_BEFORE, PAUSE_DAYS, PurchaseProcess
from credit_platform.portfolios.churn.generator.randomness import Purpose, stream
from credit_platform.portfolios.drift import Drift

# A day after all others.
NEVER = np.iinfo(np.int32).max
_COHORTS_KEPT = 128
_EPOCH = date(1970, 1, 1).toordinal()
# A pause that covers a day began in its month or one of so many before it.
_MONTHS_OF_PAUSE = 2


def day_of(column: str) -> pl.Expr:
    """The date of a day that is a number."""
    return pl.from_epoch(pl.col(column) - _EPOCH, time_unit="d")


@dataclass(frozen=True)
class Plan:
    """What a cohort is drawn from.

    Attributes:
        seed: Of the book.
        first_month: Of the book.
        until: Number of the last month that is drawn, counted from the first of the book.
        process: How customers live.
        drifts: Of the book.
    """

    seed: int
    first_month: date
    until: int
    process: PurchaseProcess
    drifts: tuple[Drift, ...]

    def month(self, index: int) -> date:
        """The month of a number."""
        return add_months(self.first_month, index)

    def day(self, index: int) -> int:
        """The first day of a month, as a number."""
        return self.month(index).toordinal()


@dataclass(frozen=True, eq=False)
class CustomerCohort:
    """The customers who join in one month, or who were there when the book began.

    Attributes:
        index: 0 for those who were there; the others are counted from 1.
        first: Number of the first month of their lives.
        people: The customers.
        joins: First day of everyone, as a number.
        leaves: First day without a purchase for good, `NEVER` while none is known.
        satisfaction: Customers by months from `first` on.
        pauses: First day of the pause that begins in a month, or `NEVER`; as `satisfaction`.
    """

    index: int
    first: int
    people: People
    joins: NDArray[np.int64]
    leaves: NDArray[np.int64]
    satisfaction: NDArray[np.float32]
    pauses: NDArray[np.int32]

    def feeling(self, index: int) -> NDArray[np.float32]:
        """Everyone's satisfaction in a month of the book."""
        return self.satisfaction[:, index - self.first]

    def present(self, index: int, plan: Plan) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First day of a month on which everyone may buy, and the day after the last, not before the first."""
        begin = np.maximum(self.joins, plan.day(index))
        return begin, np.maximum(np.minimum(self.leaves, plan.day(index + 1)), begin)

    def is_pausing(self, customers: NDArray[np.int64], days: NDArray[np.int64], index: int) -> NDArray[np.bool_]:
        """Whether these customers pause on these days of a month."""
        place = index - self.first
        found = np.zeros(days.size, dtype=np.bool_)
        for begins in self.pauses[:, max(place - _MONTHS_OF_PAUSE, 0) : place + 1].T:
            since = days - begins[customers]
            found |= (since >= 0) & (since < PAUSE_DAYS)
        return found


@lru_cache(maxsize=_COHORTS_KEPT)
def draw_cohort(plan: Plan, index: int, first_number: int, size: int) -> CustomerCohort:
    """The cohort of these running numbers, with its life until the plan's last month."""
    first = index - 1 if index else -MONTHS_BEFORE
    rng = stream(plan.seed, Purpose.PEOPLE, cohort=index)
    people = draw_people(np.arange(first_number, first_number + size), plan.process, rng)
    begin, end = plan.day(first), plan.day(first + 1)
    joins = rng.integers(begin, end, size) if index else np.full(size, begin)
    leaves = np.full(size, NEVER)
    satisfaction: list[NDArray[np.float32]] = []
    pauses: list[NDArray[np.int32]] = []
    for month, feeling, pause, leaving in _months(plan, index, first, people, joins):
        satisfaction.append(feeling)
        pauses.append(pause)
        leaves = np.where((leaves == NEVER) & (plan.day(month) > joins), leaving, leaves)
    return CustomerCohort(
        index=index,
        first=first,
        people=people,
        joins=joins,
        leaves=leaves,
        satisfaction=np.stack(satisfaction, axis=1),
        pauses=np.stack(pauses, axis=1),
    )


def _months(
    plan: Plan, cohort: int, first: int, people: People, joins: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.int32], NDArray[np.int64]]]:
    """Of every month its number, satisfaction, the day a pause begins, the day of leaving."""
    process, n = plan.process, joins.size
    feeling = stream(plan.seed, Purpose.LIVES, cohort=cohort).standard_normal(n)
    skips = np.zeros(n, dtype=np.bool_)
    for step, month in enumerate(range(first, plan.until + 1), start=1):
        rng = stream(plan.seed, Purpose.LIVES, cohort=cohort, step=step)
        change = Change.of(plan.drifts, plan.month(month))
        say = process.satisfaction * (1.0 - change.turn)
        # The mean of the exponential of a normal number: about as many leave, however much satisfaction has to say.
        level = process.leaving + change.leaving + (process.satisfaction**2 - say**2) / 2.0
        logit = level + people.profile_risk - say * feeling
        chance = process.pause * np.exp(-process.sulking * (1.0 - change.turn) * feeling)
        begin, end = plan.day(month), plan.day(month + 1)
        leaving = np.where(rng.random(n) < 1.0 / (1.0 + np.exp(-logit)), rng.integers(begin, end, n), NEVER)
        pause = np.where(rng.random(n) < chance, rng.integers(begin, end, n), NEVER)
        moved = process.memory * feeling + np.sqrt(1.0 - process.memory**2) * rng.standard_normal(n)
        feeling = moved - process.fall * (rng.random(n) < process.disappointment)
        # Whoever skips a month buys in the next.
        skips = ~skips & (rng.random(n) < change.skips * people.is_dear)
        pause = np.where(skips, begin, pause)
        yield month, feeling.astype(np.float32), pause.astype(np.int32), leaving
