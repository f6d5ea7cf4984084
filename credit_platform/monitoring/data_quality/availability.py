"""The availability gate: whether a source is there for the cases a version learned from and for later ones alike.

A source whose rows were selected by customer, and so in hindsight, flatters every version that learns from it. An
outage by date does not: from a month on nobody has rows, and later applicants keep their earlier ones. The tests are
those of `statistics.availability`; here tables become their arguments and their results sentences. Reading tables
belongs to the assets, and that the gate blocks no promotion to nobody: it decides which figure is judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.months import add_months, months_between, months_between_expr
from credit_platform.portfolios.portfolio import Words
from credit_platform.statistics.availability import (
    ERROR_RATE,
    MAX_ODDS_RATIO,
    MIN_CASES,
    MIN_RATIO,
    Presence,
    RowsByLabel,
    RowsOfLater,
    later_rows,
    rows_by_label,
)

Status = Literal["passed", "failed", "unknown"]
_COVERS_ALL = 0.99
# A source with less of its rows outside the months of application has no history.
_MIN_HISTORY = 0.1


@dataclass(frozen=True)
class Availability:
    """What the gate says of one source: `unknown` where its rows cannot tell; the reason has the numbers."""

    status: Status
    reason: str


@dataclass(frozen=True, eq=False)
class SourceHistory:
    """Which cases of a book have rows of one source when.

    Attributes:
        first: the first month.
        presence: cases and months from `first` on.
        applies: cases x months: whether the customer applies in the month, with this case or another.
    """

    first: date
    presence: Presence
    applies: NDArray[np.bool_]


def history_of(cases: pl.DataFrame, rows: pl.DataFrame) -> SourceHistory:
    """The history of a source.

    Args:
        cases: `customer, cohort, label`, one row per case, at least one; null is no label.
        rows: `customer, month` of every row of the source, of any customers.
    """
    numbered = cases.with_row_index("case")
    first = min(date_ for date_ in (cases["cohort"].min(), rows["month"].min()) if isinstance(date_, date))
    last = max(date_ for date_ in (cases["cohort"].max(), rows["month"].max()) if isinstance(date_, date))
    shape = (cases.height, months_between(first, last) + 1)

    def matrix(found: pl.DataFrame) -> NDArray[np.bool_]:
        places = numbered.join(found.unique(), on="customer").select(
            "case", place=months_between_expr(pl.lit(first), pl.col("month"))
        )
        filled = np.zeros(shape, dtype=np.bool_)
        filled[places["case"].to_numpy(), places["place"].to_numpy()] = True
        return filled

    cohort = numbered.select(months_between_expr(pl.lit(first), pl.col("cohort"))).to_series()
    label = cases["label"].cast(pl.Float64).fill_null(float("nan"))
    presence = Presence(matrix(rows), cohort.to_numpy().astype(np.int64), label.to_numpy())
    return SourceHistory(first, presence, matrix(cases.select("customer", month="cohort")))


def judge_availability(history: SourceHistory, window: Sequence[date], as_of: date, words: Words) -> Availability:
    """What the gate says of a source for a version, by what was known at the end of the month it was trained as of.

    Args:
        history: of the source; what lies after `as_of` is not looked at.
        window: the cohorts the version was made of.
        as_of: the month it was trained as of.
        words: what cases are called.
    """
    month = months_between(history.first, as_of)
    if month < 0:
        return Availability("unknown", f"It has no row by {as_of:%Y-%m}.")
    applies = history.applies[history.presence.cohort <= month, : month + 1]
    known = history.presence.known_by(month)
    n_rows = int(known.has_row.sum())
    if not n_rows:
        return Availability("unknown", f"No customer of a known {words.case} has a row of it by {as_of:%Y-%m}.")
    if int((known.has_row & ~applies).sum()) < _MIN_HISTORY * n_rows:
        said = (
            "It has no history: its rows are of the months in which their customers apply, and nothing can be compared."
        )
        return Availability("unknown", said)
    bounds = [months_between(history.first, each) for each in (window[0], window[-1])]
    learned = known.of((known.cohort >= bounds[0]) & (known.cohort <= bounds[1]))
    later = known.of(known.cohort > bounds[1])
    return _Compared(history.first, learned, later, words).availability


@dataclass(frozen=True, eq=False)
class _Compared:
    first: date
    learned: Presence
    later: Presence
    words: Words

    @property
    def availability(self) -> Availability:
        tests, by_label = later_rows(self.learned, self.later), rows_by_label(self.learned)
        n_tests = len(tests) + (by_label is not None)
        failed = [test for test in tests if test.p_value * n_tests < ERROR_RATE]
        depends = by_label is not None and by_label.p_value * n_tests < ERROR_RATE
        said = [self._selected(failed, n_tests)] if failed else []
        if by_label is not None and depends:
            said.append(self._by_label(by_label, n_tests))
        if said:
            return Availability("failed", " ".join(said))
        if tests:
            return Availability("passed", f"{self._alike(tests)}{self._outage}")
        covered = [presence for presence in (self.learned, self.later) if len(presence.cohort)]
        shares = [_share_covered(presence) for presence in covered]
        if shares and min(shares) >= _COVERS_ALL:
            n = sum(len(presence.cohort) for presence in covered)
            return Availability(
                "passed", f"At least {min(shares):.1%} of the {n:,} {self.words.cases} have rows of it."
            )
        if self._last_rows < self.learned.cohort.max(initial=-1):
            # Labelled cohorts lack it as later ones do, so that it was not the label that chose.
            return Availability("passed", f"The newest training {self.words.cases} have none either.{self._outage}")
        return Availability("unknown", f"{self._too_little}{self._outage}")

    def _selected(self, failed: Sequence[RowsOfLater], n_tests: int) -> str:
        parts = []
        for is_after in (False, True):
            own = [test for test in failed if test.is_after == is_after]
            if own:
                cohorts = [test for test in own if test.cohort is not None] or own
                found, wanted = sum(t.n_rows for t in cohorts), sum(t.n_expected for t in cohorts)
                span = self._span([test.cohort for test in cohorts])
                when = "after" if is_after else "up to"
                parts.append(f"{span} have {found:,} of {wanted:,.0f} rows expected {when} the application")
        month = failed[0].month
        n_learned = int(self.learned.has_row[:, month].sum())
        beside = (
            f"In the same month, such as {self._month(month)}, {n_learned:,} {self.words.cases} of training have rows"
        )
        return (
            f"Selection by customer: {', and '.join(parts)}. {beside}. One-sided z-test by "
            f"{self.words.case} that at least {MIN_RATIO:.0%} are there: {_p_text(failed[0].p_value, n_tests)}."
        )

    def _by_label(self, found: RowsByLabel, n_tests: int) -> str:
        return (
            f"Presence depends on the label: within training cohorts the odds of having rows up to the application are "
            f"{found.odds_ratio:.2g} times as high for bads as for goods ({found.n_without:,} of {found.n_cases:,} "
            f"{self.words.cases} have none). Mantel-Haenszel test that they differ by a factor of at most "
            f"{MAX_ODDS_RATIO:g}: {_p_text(found.p_value, n_tests)}."
        )

    def _alike(self, tests: Sequence[RowsOfLater]) -> str:
        all_later = min(tests, key=lambda test: (test.cohort is not None, test.is_after))
        return (
            f"{_share_covered(self.learned):.1%} of the training {self.words.cases} have rows up to the application. "
            f"The {all_later.n_cases:,} later {self.words.cases} that can be compared have {all_later.n_rows:,} of "
            f"{all_later.n_expected:,.0f} rows expected {'after' if all_later.is_after else 'up to'} theirs."
        )

    @property
    def _too_little(self) -> str:
        return (
            f"There is no month in which training {self.words.cases} and later ones can be compared: "
            f"{MIN_CASES} of each and {MIN_CASES} rows are needed."
        )

    @property
    def _last_rows(self) -> int:
        """Place of the last month in which anybody has rows."""
        any_row = self.learned.has_row.any(axis=0) | self.later.has_row.any(axis=0)
        return int(np.flatnonzero(any_row).max(initial=-1))

    @property
    def _outage(self) -> str:
        """Since when nobody has rows, where that is so."""
        is_over = self._last_rows + 1 < self.learned.has_row.shape[1]
        return f" Nobody has rows from {self._month(self._last_rows + 1)} on: an outage by date." if is_over else ""

    def _span(self, cohorts: Sequence[int | None]) -> str:
        known = sorted(cohort for cohort in cohorts if cohort is not None)
        if not known:
            return f"the later {self.words.cases} together"
        span = " to ".join(self._month(place) for place in dict.fromkeys((known[0], known[-1])))
        return f"the {self.words.cases} of {len(known)} later cohort{'s' if len(known) > 1 else ''} ({span})"

    def _month(self, place: int) -> str:
        return f"{add_months(self.first, place):%Y-%m}"


def _share_covered(presence: Presence) -> float:
    return float((presence.has_row & (presence.age <= 0)).any(axis=1).mean())


def _p_text(p_value: float, n_tests: int) -> str:
    adjusted = min(p_value * n_tests, 1.0)
    return f"p {'< 0.0001' if adjusted < 0.0001 else f'= {adjusted:.4f}'} (Bonferroni, {n_tests} tests)"
