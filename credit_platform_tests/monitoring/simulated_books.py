"""Simulated months of scores and outcomes, measured and decided month by month as the platform does: no book, no model.

What is expected of them stands in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.monitoring.action.action import ActionDecision, decide_action
from credit_platform.monitoring.action.run_rules import Past
from credit_platform.monitoring.performance.degradation import Baseline
from credit_platform.monitoring.performance.performance import measure_performance
from credit_platform.months import add_months
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.statistics.discrimination import delong_interval, roc_auc
from credit_platform.statistics.intervals import Interval
from credit_platform_tests.monitoring_rows import MONTH, figures, subject

STABLE = {"psi": 0.03, "mean_probability_drift": 0.02, "std_probability_drift": 0.02}


@dataclass(frozen=True)
class Population:
    """Loans whose log-odds of default are normal; the score sees a share `seen` of what matters, and knows no drift.

    With everything seen the spread is the whole truth and the probabilities are honest.
    """

    spread: float
    centre: float = -1.25

    def month(
        self, rng: np.random.Generator, n: int, *, drift: float = 0.0
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Outcomes and default probabilities of n loans; `drift` is the share of the spread that turned meaningless."""
        seen, new = rng.normal(size=n), rng.normal(size=n)
        probability = _probability(self.spread * seen + self.centre)
        kept = (1 - drift) * seen + np.sqrt(1 - (1 - drift) ** 2) * new
        truth = _probability(self.spread * kept + self.centre)
        return (rng.random(n) < truth).astype(np.int64), probability

    def bad_rate(self) -> float:
        """Default probability of the population on the whole."""
        _, probability = self.month(np.random.default_rng(1), 2_000_000)
        return float(probability.mean())


def _probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-log_odds))


def true_auc(population: Population, *, drift: float = 0.0) -> float:
    """The ROC-AUC of so many loans that chance is gone."""
    value = roc_auc(*population.month(np.random.default_rng(0), 400_000, drift=drift))
    assert value is not None
    return value


def measured_months(
    population: Population,
    *,
    seed: int,
    thresholds: MonitoringThresholds,
    n_months: int = 24,
    n_loans: int = 500,
    drift_from: int | None = None,
    drift: float = 0.0,
) -> list[pl.DataFrame]:
    """The realised performance of one version over live months; from month `drift_from` on (0 is the first) drifted."""
    rng = np.random.default_rng(seed)
    label, probability = population.month(rng, n_loans)
    interval = delong_interval(label, probability, thresholds.confidence)
    baseline = Baseline(roc_auc(label, probability), None if interval is None else Interval(*interval))
    months: list[pl.DataFrame] = []
    for place in range(n_months):
        is_drifted = drift_from is not None and place >= drift_from
        label, probability = population.month(rng, n_loans, drift=drift if is_drifted else 0.0)
        scored = pl.DataFrame(
            {
                "default_probability": probability,
                "label": label,
                "decision": np.where(probability >= 0.5, "decline", "approve"),
            }
        )
        at = subject(month=add_months(MONTH, place))
        months.append(measure_performance(scored, subject=at, thresholds=thresholds, baseline=baseline))
    return months


def decisions(
    months: Sequence[pl.DataFrame], thresholds: MonitoringThresholds, *, first: int = 0
) -> list[ActionDecision]:
    """What is decided in each of these months, the first of which has number `first`, with those before it as past."""
    decided: list[ActionDecision] = []
    for place, now in enumerate(months):
        month = add_months(MONTH, first + place)
        stable = figures(STABLE, at=subject(month=month, lag=0), n_bad=None)
        past = Past(pl.concat(months[:place])) if place else Past()
        decided.append(
            decide_action(now, stable, subject=subject(month=month), thresholds=thresholds, past=past, cases="loans")
        )
    return decided
