"""What estimates and early reads see of a book without drift and with one: many simulated books, seeded."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from credit_platform.monitoring.early_warning.early_outcomes import CohortReading, Scorer
from credit_platform.monitoring.early_warning.early_performance import measure_early_performance
from credit_platform.monitoring.early_warning.estimate import weighted_metrics
from credit_platform.months import add_months
from credit_platform.statistics.discrimination import auc_spread, roc_auc
from credit_platform_tests.monitoring.early_warning.early_books import FIRST, LABEL_MOB, MISSED_FROM, NO_DRIFT, Drift
from credit_platform_tests.monitoring_rows import thresholds

pytestmark = pytest.mark.slow

POLICY = thresholds()
READS = POLICY.early_performance.reads
HISTORY = 9  # months before the first one judged: three mature cohorts, the least that gives an expectation
SCORER = Scorer("2022-01-01-known", "post", "live")


class Book:
    """Counts and rankings of many cohorts at once, without their snapshots: the process of `early_books`."""

    def __init__(self, seed: int, *, n_cohorts: int, loans: int, drift: Drift = NO_DRIFT) -> None:
        rng = np.random.default_rng(seed)
        self.reads: list[CohortReading] = []
        self.estimated: list[float] = []
        self.realised: list[float] = []
        for number in range(n_cohorts):
            self._add(rng, number, rng.poisson(loans), drift if number >= drift.onset else NO_DRIFT)

    def _add(self, rng: np.random.Generator, number: int, n: int, drift: Drift) -> None:
        told, untold = rng.normal(size=n), rng.normal(size=n)
        risk = 1.75 * (drift.rank * told + np.sqrt(1 - drift.rank**2) * untold) - 1.35 + drift.shift
        is_bad = rng.uniform(size=n) < 1 / (1 + np.exp(-risk))
        probability = 1 / (1 + np.exp(1.35 - 1.75 * told))
        found = weighted_metrics(told, told > 9, bads=probability[None, :], goods=1 - probability[None, :])
        self.estimated.append(float(found["roc_auc"][0]))
        self.realised.append(roc_auc(is_bad, told) or float("nan"))
        for name, read in READS.items():
            early = is_bad & (rng.uniform(size=n) < read.mob / MISSED_FROM)
            n_early, n_bad = int(early.sum()), int(is_bad.sum())
            self.reads.append(
                CohortReading(
                    cohort=add_months(FIRST, number),
                    read=name,
                    mob=read.mob,
                    n=n,
                    n_bad=n_early,
                    spread=auc_spread(early.astype(np.int64), told),
                    scorer=SCORER,
                    n_labelled=n,
                    n_labelled_bad=n_early,
                    n_label_bad=n_bad,
                    n_both=n_early,
                )
            )

    def raises(self, number: int) -> bool:
        """Whether something that becomes known in the month departs from the history."""
        month: date = add_months(FIRST, number)
        found = measure_early_performance(self.reads, month=month, model="m", label_mob=LABEL_MOB, thresholds=POLICY)
        return found.filter(read_month=month, status="warn").height > 0


@pytest.mark.parametrize("loans", [150, 500])
def test_a_book_without_drift_raises_in_fewer_than_one_of_a_hundred_months(loans: int) -> None:
    n_books, n_cohorts = 9, 40
    raised = sum(
        book.raises(number)
        for book in (Book(seed, n_cohorts=n_cohorts, loans=loans) for seed in range(n_books))
        for number in range(HISTORY, n_cohorts)
    )
    assert raised <= 0.01 * n_books * (n_cohorts - HISTORY)


@pytest.mark.parametrize(
    ("drift", "loans", "seen"),
    [
        (Drift(onset=20, rank=0.6), 300, 0.8),
        (Drift(onset=20, rank=0.6), 500, 0.95),
        (Drift(onset=20, shift=1.0), 300, 0.8),
    ],
)
def test_a_concept_drift_is_raised_two_months_before_the_first_drifted_outcome(
    drift: Drift, loans: int, seen: float
) -> None:
    in_time = range(drift.onset + 1, drift.onset + LABEL_MOB - 1)
    books = [Book(100 + seed, n_cohorts=26, loans=loans, drift=drift) for seed in range(25)]
    raised = [any(book.raises(number) for number in in_time) for book in books]
    assert np.mean(raised) >= seen


def test_the_estimate_tracks_the_truth_without_drift_and_does_not_move_under_a_concept_drift() -> None:
    onset = 20
    books = [Book(seed, n_cohorts=40, loans=500, drift=Drift(onset=onset, rank=0.6)) for seed in range(10)]
    estimated, realised = (np.array([getattr(book, name) for book in books]) for name in ("estimated", "realised"))
    before, after = realised[:, :onset] - estimated[:, :onset], realised[:, onset:] - estimated[:, onset:]
    assert abs(before.mean()) < 0.005
    assert np.abs(before).mean() < 0.02
    assert abs(estimated[:, onset:].mean() - estimated[:, :onset].mean()) < 0.005
    assert after.mean() < -0.10
