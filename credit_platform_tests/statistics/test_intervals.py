from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from credit_platform.scoring.evaluation.labelled_sample import (
    LabelledSample,
    auc_interval,
    brier_interval,
    f1_interval,
    ks_interval,
)
from credit_platform.statistics.discrimination import brier, confusion, ks, roc_auc
from credit_platform.statistics.intervals import Interval, bootstrap_interval, jeffreys_interval, wilson_interval

SHARES = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("bads", "n", "low", "high"),
    [
        # 142 of 513: centre 0.278462, margin 0.038609 with z = 1.959964.
        (8, 10, 0.490162, 0.943318),
        (0, 20, 0.0, 0.161125),
        (142, 513, 0.239853, 0.317071),
    ],
)
def test_wilson_gives_the_hand_values(bads: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(bads, n, 0.95) == pytest.approx((low, high), abs=1e-6)


@given(SHARES, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_agrees_with_scipy(share: tuple[int, int], confidence: float) -> None:
    bads, n = share
    expected = binomtest(bads, n).proportion_ci(confidence, method="wilson")
    assert wilson_interval(bads, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(SHARES)
def test_jeffreys_is_the_beta_interval_and_holds_the_share(share: tuple[int, int]) -> None:
    bads, n = share
    interval = jeffreys_interval(bads, n, 0.95)
    assert interval is not None
    assert interval.low <= bads / n <= interval.high
    if 0 < bads < n:
        assert interval == pytest.approx(beta.ppf([0.025, 0.975], bads + 0.5, n - bads + 0.5), abs=1e-12)


def test_without_loans_there_is_no_interval() -> None:
    assert wilson_interval(0, 0, 0.95) is None
    assert jeffreys_interval(0, 0, 0.95) is None


def test_without_a_class_there_is_no_bootstrap() -> None:
    ones = np.ones(5, dtype=np.int64)
    assert bootstrap_interval(ones, 0.5, lambda times: times[:, 0], confidence=0.95, is_stratified=True) is None


def test_the_same_seed_gives_the_same_interval() -> None:
    outcome = _draw(np.random.default_rng(3), 300)
    assert ks_interval(outcome, 0.95) == ks_interval(outcome, 0.95)


def test_draws_keep_the_bad_rate_when_stratified() -> None:
    label = np.array([1, 1, 0, 0, 0], dtype=np.int64)
    interval = bootstrap_interval(label, 0.4, lambda times: times @ label / 5, confidence=0.95, is_stratified=True)
    assert interval == pytest.approx((0.4, 0.4))


def _draw(rng: np.random.Generator, n: int) -> LabelledSample:
    probability = 1 / (1 + np.exp(-(1.6 * rng.normal(size=n) - 1.2)))
    label = (rng.uniform(size=n) < probability).astype(np.int64)
    return LabelledSample(label=label, probability=probability, declined=(probability >= 0.5).astype(np.int64))


def _roc_auc(outcome: LabelledSample) -> float | None:
    return roc_auc(outcome.label, outcome.probability)


def _ks(outcome: LabelledSample) -> float | None:
    return ks(outcome.label, outcome.probability)


def _brier(outcome: LabelledSample) -> float | None:
    return brier(outcome.label, outcome.probability)


def _f1_score(outcome: LabelledSample) -> float | None:
    return confusion(outcome.label, outcome.declined).f1_score


@pytest.mark.parametrize(
    ("interval_of", "statistic", "at_least"),
    [
        (auc_interval, _roc_auc, 0.91),
        (ks_interval, _ks, 0.91),
        (brier_interval, _brier, 0.91),
        (f1_interval, _f1_score, 0.89),
    ],
    ids=["roc_auc", "ks", "brier", "f1_score"],
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(
    interval_of: Callable[[LabelledSample, float], Interval | None],
    statistic: Callable[[LabelledSample], float | None],
    at_least: float,
) -> None:
    rng = np.random.default_rng(7)
    truth = statistic(_draw(rng, 300_000))
    assert truth is not None
    held = 0
    for _ in range(150):
        interval = interval_of(_draw(rng, 500), 0.95)
        assert interval is not None
        held += interval.low <= truth <= interval.high
    assert held / 150 >= at_least


def test_wilson_and_jeffreys_hold_the_truth_about_as_often_as_they_say() -> None:
    draws = np.random.default_rng(11).binomial(500, 0.28, size=1500).tolist()
    for interval_of in (wilson_interval, jeffreys_interval):
        held = sum(i.low <= 0.28 <= i.high for bads in draws if (i := interval_of(bads, 500, 0.95)))
        assert 0.935 <= held / len(draws) <= 0.965
