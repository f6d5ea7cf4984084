"""Months of scores and outcomes with and without a planted fault: what must raise, and what must stay silent."""

from __future__ import annotations

from statistics import mean

import numpy as np
import polars as pl
import pytest

from credit_platform.monitoring.action.action import ActionDecision
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.statistics.discrimination import delong_interval
from credit_platform.statistics.intervals import jeffreys_interval
from credit_platform_tests.monitoring.simulated_books import Population, decisions, measured_months, true_auc
from credit_platform_tests.monitoring_rows import thresholds

# 500 loans a month, 28 % bads; ROC-AUC 0.825 with everything seen, 0.74 when three tenths of it turned meaningless.
LOANS = Population(spread=1.58)


def actions(decided: list[ActionDecision]) -> list[str]:
    return [decision.action for decision in decided]


@pytest.fixture(scope="module")
def quiet_books() -> list[list[pl.DataFrame]]:
    return [measured_months(LOANS, seed=seed, thresholds=thresholds()) for seed in range(3)]


def test_without_drift_nothing_is_retrained_and_hardly_anything_watched(quiet_books: list[list[pl.DataFrame]]) -> None:
    found = [actions(decisions(months, thresholds())) for months in quiet_books]
    assert all("retrain" not in months for months in found)
    assert all(months.count("active_monitoring") <= 1 for months in found)


def test_month_by_month_the_same_books_call_for_watching_again_and_again(
    quiet_books: list[list[pl.DataFrame]],
) -> None:
    point = thresholds(decision_mode="point")
    assert mean(actions(decisions(months, point)).count("active_monitoring") for months in quiet_books) > 2


@pytest.mark.parametrize(("drift", "within"), [(0.5, 2), (0.3, 4)])
def test_concept_drift_is_retrained_within_months(drift: float, within: int) -> None:
    for seed in range(3):
        months = measured_months(LOANS, seed=seed, thresholds=thresholds(), n_months=7, drift_from=3, drift=drift)
        found = actions(decisions(months, thresholds()))
        assert "retrain" not in found[:3]
        assert "retrain" in found[3 : 3 + within]


def test_a_month_decides_alike_whatever_lies_before_its_reach(quiet_books: list[list[pl.DataFrame]]) -> None:
    months, policy = quiet_books[0], thresholds()
    reach = policy.run_rules.months_looked_at
    whole = decisions(months, policy)
    for place in range(reach, len(months)):
        assert _alone(months, place, reach, policy).reasons == whole[place].reasons


def _alone(months: list[pl.DataFrame], place: int, reach: int, policy: MonitoringThresholds) -> ActionDecision:
    return decisions(months[place + 1 - reach : place + 1], policy, first=place + 1 - reach)[-1]


def test_intervals_hold_the_truth_in_93_to_97_of_100_months() -> None:
    auc, held_auc, held_rate, n = true_auc(LOANS), 0, 0, 500
    rng = np.random.default_rng(20)
    rate = LOANS.bad_rate()
    for _ in range(n):
        label, probability = LOANS.month(rng, 500)
        interval = delong_interval(label, probability, 0.95)
        of_rate = jeffreys_interval(int(label.sum()), len(label), 0.95)
        assert interval is not None
        assert of_rate is not None
        held_auc += interval[0] <= auc <= interval[1]
        held_rate += of_rate.low <= rate <= of_rate.high
    assert 0.93 <= held_auc / n <= 0.97
    assert 0.93 <= held_rate / n <= 0.97
