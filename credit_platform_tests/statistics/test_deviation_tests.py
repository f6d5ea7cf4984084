from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from credit_platform.statistics.deviation_tests import Deviation, auc_deviation, joint_p_value, rate_deviation
from credit_platform.statistics.discrimination import AucSpread, auc_spread

CALM = [(500, 60)] * 12


def deviation(n: int, n_bad: int, history: list[tuple[int, int]]) -> Deviation:
    found = rate_deviation(n, n_bad, history)
    assert found is not None
    return found


def test_against_an_endless_history_the_test_is_the_binomial_one() -> None:
    found = deviation(500, 80, [(10**7, 1_200_000)])
    assert found.expected == 0.12
    assert found.p_value == pytest.approx(binom.sf(79, 500, 0.12), rel=1e-2)


def test_the_tail_is_that_of_the_beta_binomial() -> None:
    n, rate = 100, 30.5 / 301
    strength = (n - 1) / (n / 300) - 1
    expected = betabinom.sf(17, n, rate * strength, (1 - rate) * strength)
    assert deviation(n, 18, [(300, 30)]).p_value == pytest.approx(expected, rel=1e-9)


def test_a_short_history_and_an_overdispersed_one_make_the_test_milder() -> None:
    long = deviation(500, 85, CALM).p_value
    assert deviation(500, 85, CALM[:1]).p_value > long
    dispersed = [(500, 30), (500, 90)] * 6
    assert deviation(500, 85, dispersed).p_value > 0.05
    assert long < 0.01


def test_only_the_worse_side_counts() -> None:
    assert deviation(500, 30, CALM).p_value > 0.99
    good, same, bad = (AucSpread(auc, 0.05, 0.02, 60, 440) for auc in (0.90, 0.80, 0.65))
    p_values = [found.p_value for cohort in (good, same, bad) if (found := auc_deviation(cohort, [same] * 8))]
    assert p_values[0] > 0.99
    assert p_values[1] == pytest.approx(0.5)
    assert p_values[2] < 1e-4


def test_without_history_or_loans_there_is_no_test() -> None:
    assert rate_deviation(500, 80, []) is None
    assert rate_deviation(500, 80, [(0, 0)]) is None
    assert rate_deviation(0, 0, CALM) is None
    assert auc_deviation(AucSpread(0.8, 0.05, 0.02, 60, 440), []) is None
    assert auc_deviation(AucSpread(0.8, 0.05, 0.02, 60, 440), [AucSpread(1.0, 0.0, 0.0, 5, 5)]) is None
    assert joint_p_value([]) is None


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(1, 600),
    share=st.floats(0, 1),
    history=st.lists(st.tuples(st.integers(1, 600), st.floats(0, 1)), min_size=1, max_size=13),
)
def test_a_p_value_is_a_probability_and_falls_with_every_bad(
    n: int, share: float, history: list[tuple[int, float]]
) -> None:
    past = [(loans, round(loans * part)) for loans, part in history]
    found = [deviation(n, bads, past).p_value for bads in sorted({0, round(n * share), n})]
    assert all(0 <= p_value <= 1 for p_value in found)
    assert found == sorted(found, reverse=True)


def test_p_values_of_an_unchanged_book_are_not_smaller_than_they_say() -> None:
    rng = np.random.default_rng(4)
    by_rate: list[float] = []
    by_auc: list[float] = []
    together: list[float] = []
    for _ in range(400):
        cohorts = [_cohort(rng) for _ in range(10)]
        spreads = [spread for _, _, spread in cohorts]
        rate = deviation(*cohorts[0][:2], [cohort[:2] for cohort in cohorts[2:]])
        auc = auc_deviation(spreads[0], spreads[2:])
        other = auc_deviation(spreads[1], spreads[2:])
        assert auc is not None
        assert other is not None
        by_rate.append(rate.p_value)
        by_auc.append(auc.p_value)
        together.append(joint_p_value([auc, other]) or 0.0)
    for p_values in (by_rate, by_auc, together):
        assert np.mean(np.array(p_values) < 0.05) < 0.08
        assert np.mean(np.array(p_values) < 0.5) < 0.6


def _cohort(rng: np.random.Generator) -> tuple[int, int, AucSpread]:
    score = rng.normal(size=400)
    label = (rng.uniform(size=400) < 1 / (1 + np.exp(2.0 - 1.2 * score))).astype(int)
    spread = auc_spread(label, score)
    assert spread is not None
    return 400, int(label.sum()), spread


def test_a_common_history_is_not_counted_as_several() -> None:
    apart = [Deviation(expected=0.8, z=1.5, weight=1.0, history_share=0.0)] * 4
    shared = [Deviation(expected=0.8, z=1.5, weight=1.0, history_share=1.0)] * 4
    alone, together, same = joint_p_value(apart[:1]), joint_p_value(apart), joint_p_value(shared)
    assert alone is not None
    assert together is not None
    assert together < alone
    assert same == pytest.approx(alone)
