"""Whether a source has rows of the cases a model learned from and of later cases alike: tests on who has rows when.

In an honest feed the chance of a row depends on the month (an outage takes everybody's rows) and on the months since
the application (rows begin some months before and end some months after). It does not depend on the cohort beyond
that, and hardly on the label. Both nulls leave room for what honest books show: later cohorts may have down to half of
the rows expected, and the odds of having rows may differ by a factor of two between bads and goods.
"""

from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

ERROR_RATE = 0.001  # of all tests of one source together
MIN_CASES = 30
MIN_RATIO = 0.5
MAX_ODDS_RATIO = 2.0
_ROUNDS = 50
_NORMAL = NormalDist()


@dataclass(frozen=True, eq=False)
class Presence:
    """Which cases have rows of a source in which months.

    Attributes:
        has_row: cases x months, the months without gap.
        cohort: by case, the place of the month in which it began.
        label: by case, 1 for bad, 0 for good, NaN where it is not known.
    """

    has_row: NDArray[np.bool_]
    cohort: NDArray[np.int64]
    label: NDArray[np.float64]

    def of(self, cases: NDArray[np.bool_]) -> "Presence":
        """Some of the cases."""
        return Presence(self.has_row[cases], self.cohort[cases], self.label[cases])

    def known_by(self, month: int) -> "Presence":
        """What is known at the end of the month at a place; labels are left as they are."""
        seen = self.of(self.cohort <= month)
        return Presence(seen.has_row[:, : month + 1], seen.cohort, seen.label)

    @property
    def age(self) -> NDArray[np.int64]:
        """Cases x months: months since the case began, negative before."""
        return np.arange(self.has_row.shape[1]) - self.cohort[:, None]


@dataclass(frozen=True)
class RowsOfLater:
    """Rows that later cases have beside those expected of them, and the test that they have at least half of them.

    Attributes:
        cohort: place of their month; None for all later cohorts together.
        is_after: whether months after the application are meant, or those up to it.
        month: place of the month in which most rows were expected.
    """

    cohort: int | None
    is_after: bool
    month: int
    n_cases: int
    n_rows: int
    n_expected: float
    p_value: float

    @property
    def ratio(self) -> float:
        """Rows found per row expected."""
        return self.n_rows / self.n_expected


@dataclass(frozen=True)
class RowsByLabel:
    """Odds of having rows up to the application, of bads against goods within cohorts, and a test of twofold odds."""

    n_cases: int
    n_without: int
    odds_ratio: float
    p_value: float


def later_rows(learned: Presence, later: Presence) -> list[RowsOfLater]:
    """Every later cohort of enough cases, and all together, before and after the application; worst first.

    What is expected is a product of a figure per month and one per month since the application, fitted to the cases
    learned from (Poisson, by iterative proportional fitting). Months and ages that they say nothing about are left out.
    The test is one-sided on the ratio of sums with cases as clusters: the variance is the largest of that observed and
    those of independent rows and of cases that have all their rows or none, at the ratio of the null.
    """
    if min(len(learned.cohort), len(later.cohort)) < MIN_CASES:
        return []
    expected = _expected(learned, later)
    found: list[RowsOfLater] = []
    cohorts: list[int | None] = [None, *map(int, np.unique(later.cohort))]
    for is_after in (False, True):
        cells = np.where((later.age > 0) == is_after, expected, 0.0)
        own = learned.has_row & ((learned.age > 0) == is_after)
        for cohort in cohorts:
            of = np.full(len(later.cohort), fill_value=True) if cohort is None else later.cohort == cohort
            tested = _tested(later.has_row[of], cells[of], share_with_rows=float(own.any(axis=1).mean()))
            if tested is not None:
                found.append(RowsOfLater(cohort, is_after, *tested))
    return sorted(found, key=lambda one: (one.p_value, one.ratio, one.cohort is not None))


def _tested(
    has_row: NDArray[np.bool_], expected: NDArray[np.float64], *, share_with_rows: float
) -> tuple[int, int, int, float, float] | None:
    rows, wanted = (has_row & (expected > 0)).sum(axis=1), expected.sum(axis=1)
    total = float(wanted.sum())
    n_cases = int((wanted > 0).sum())
    if n_cases < MIN_CASES or total < MIN_CASES or not share_with_rows:
        return None
    ratio = rows.sum() / total
    variance = max(
        float(((rows - ratio * wanted) ** 2).sum()),
        MIN_RATIO * total,
        (MIN_RATIO / share_with_rows - MIN_RATIO**2) * float((wanted**2).sum()),
    )
    z = (MIN_RATIO - ratio) * total / sqrt(variance)
    return int(expected.sum(axis=0).argmax()), n_cases, int(rows.sum()), total, _NORMAL.cdf(-z)


def _expected(learned: Presence, later: Presence) -> NDArray[np.float64]:
    """Expected rows of later cases, cases x months; 0 where those learned from say nothing."""
    n_months = learned.has_row.shape[1]
    cohorts, place, n = np.unique(learned.cohort, return_inverse=True, return_counts=True)
    rows = np.zeros((len(cohorts), n_months))
    np.add.at(rows, place, learned.has_row)
    # Ages are counted from the lowest one any case can have.
    months, lowest = np.arange(n_months), int(max(learned.cohort.max(), later.cohort.max()))
    age = months - cohorts[:, None] + lowest
    n_ages = n_months + lowest
    by_age, by_month = np.ones(n_ages), np.ones(n_months)
    for _ in range(_ROUNDS):
        by_month = _ratio(rows.sum(axis=0), (n[:, None] * by_age[age]).sum(axis=0))
        by_age = _ratio(_by_age(age, rows, n_ages), _by_age(age, n[:, None] * by_month, n_ages))
    seen = np.where(by_month > 0, n[:, None], 0.0)
    by_age[_by_age(age, seen, n_ages) < MIN_CASES] = 0.0
    by_month[(n[:, None] * (by_age[age] > 0)).sum(axis=0) < MIN_CASES] = 0.0
    return by_age[later.age + lowest] * by_month


def _by_age(age: NDArray[np.int64], cells: NDArray[np.float64], n_ages: int) -> NDArray[np.float64]:
    """Cells summed by age."""
    return np.bincount(age.ravel(), weights=cells.ravel(), minlength=n_ages).astype(np.float64)


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def rows_by_label(learned: Presence) -> RowsByLabel | None:
    """The test of having any row up to the application against the label; None where too few have rows or lack them.

    The odds ratio is that of Mantel and Haenszel over cohorts, with the variance of Robins, Breslow and Greenland; a
    half is added to every cell. The null is an odds ratio of at most `MAX_ODDS_RATIO`, either way.
    """
    known = learned.of(~np.isnan(learned.label))
    has_rows = np.any(known.has_row & (known.age <= 0), axis=1)
    is_bad = known.label == 1
    strata = [
        tuple(
            int((of & (has_rows == present) & (is_bad == bad)).sum())
            for present in (True, False)
            for bad in (True, False)
        )
        for of in (known.cohort == cohort for cohort in np.unique(known.cohort))
    ]
    mixed = [(a, b, c, d) for a, b, c, d in strata if a + b and c + d and a + c and b + d]
    n_with, n_without = sum(a + b for a, b, _, _ in mixed), sum(c + d for _, _, c, d in mixed)
    if min(n_with, n_without) < MIN_CASES:
        return None
    a, b, c, d = np.array(mixed, dtype=float).T + 0.5
    n = a + b + c + d
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    total_r, total_s = r.sum(), s.sum()
    variance = (
        (p * r).sum() / (2 * total_r**2)
        + (p * s + q * r).sum() / (2 * total_r * total_s)
        + (q * s).sum() / (2 * total_s**2)
    )
    odds_ratio = float(total_r / total_s)
    z = (abs(log(odds_ratio)) - log(MAX_ODDS_RATIO)) / sqrt(variance)
    return RowsByLabel(n_with + n_without, n_without, odds_ratio, _NORMAL.cdf(-z))
