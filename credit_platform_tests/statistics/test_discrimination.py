from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from credit_platform.statistics.discrimination import (
    brier,
    confusion,
    delong_interval,
    delong_paired_interval,
    delong_paired_p_value,
    gini,
    ks,
    roc_auc,
)

Sample = tuple[list[int], list[float]]
Metric = Callable[[list[int], list[float]], float | None]


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Both classes at least twice, with many ties."""
    rest = draw(st.lists(st.integers(0, 1), max_size=60))
    label = [0, 0, 1, 1, *rest]
    level = st.integers(0, 20).map(lambda tenth: tenth / 20)
    return label, draw(st.lists(level, min_size=len(label), max_size=len(label)))


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.3).astype(np.int8)
    return label, 1 / (1 + np.exp(-random.normal(1.5 * label - 1, 1)))


@given(samples())
def test_the_auc_is_that_of_scikit_learn(sample: Sample) -> None:
    assert roc_auc(*sample) == pytest.approx(roc_auc_score(*sample), abs=1e-12)


@pytest.mark.parametrize("metric", [roc_auc, gini, ks, delong_interval])
@given(sample=samples())
def test_ranking_metrics_do_not_change_under_rising_maps(metric: Metric, sample: Sample) -> None:
    label, probability = sample
    assert metric(label, [np.expm1(3 * value) - 7 for value in probability]) == metric(label, probability)


@given(samples())
def test_reversing_the_ranking_mirrors_the_auc(sample: Sample) -> None:
    label, probability = sample
    straight, reversed_ = roc_auc(label, probability), roc_auc(label, [-value for value in probability])
    assert straight is not None
    assert reversed_ == pytest.approx(1 - straight, abs=1e-12)


@given(samples())
def test_the_ks_lies_between_half_the_gini_and_one(sample: Sample) -> None:
    statistic, coefficient = ks(*sample), gini(*sample)
    assert statistic is not None
    assert coefficient is not None
    assert abs(coefficient) / 2 - 1e-12 <= statistic <= 1


@given(samples())
def test_the_interval_holds_the_auc_and_widens_with_confidence(sample: Sample) -> None:
    auc, narrow, wide = roc_auc(*sample), delong_interval(*sample, 0.8), delong_interval(*sample, 0.99)
    assert auc is not None
    assert narrow is not None
    assert wide is not None
    assert 0 <= wide[0] <= narrow[0] <= auc + 1e-12
    assert auc - 1e-12 <= narrow[1] <= wide[1] <= 1


def test_the_delong_interval_agrees_with_the_bootstrap() -> None:
    label, probability = drawn(600, seed=3)
    random = np.random.default_rng(4)
    bads, goods = np.flatnonzero(label == 1), np.flatnonzero(label == 0)
    draws = []
    for _ in range(1500):
        rows = np.concatenate([random.choice(bads, len(bads)), random.choice(goods, len(goods))])
        draws.append(roc_auc(label[rows], probability[rows]))
    low, high = np.quantile(np.array(draws), [0.025, 0.975])
    assert delong_interval(label, probability, 0.95) == pytest.approx((low, high), abs=0.006)


def test_the_delong_interval_covers_the_true_auc_as_often_as_it_says() -> None:
    truth = roc_auc(*drawn(200_000, seed=0))
    assert truth is not None
    intervals = [delong_interval(*drawn(300, seed=seed), 0.9) for seed in range(1, 301)]
    covered = sum(interval is not None and interval[0] <= truth <= interval[1] for interval in intervals)
    assert 0.85 <= covered / 300 <= 0.95


def test_the_paired_test_rejects_equal_rankers_as_often_as_its_level_says() -> None:
    rejected = 0
    for seed in range(300):
        label, probability = drawn(300, seed)
        noise = np.random.default_rng(seed + 10_000).normal(0, 0.15, (2, 300))
        p_value = delong_paired_p_value(label, probability + noise[0], probability + noise[1])
        assert p_value is not None
        rejected += p_value < 0.1
    assert 0.05 <= rejected / 300 <= 0.15


def test_the_paired_test_finds_a_clearly_better_ranker() -> None:
    label, probability = drawn(600, seed=5)
    worse = probability + np.random.default_rng(6).normal(0, 0.6, 600)
    p_value = delong_paired_p_value(label, probability, worse)
    assert p_value is not None
    assert p_value < 1e-4
    assert p_value == delong_paired_p_value(label, worse, probability)


def test_two_rankers_that_separate_perfectly_and_perfectly_wrong_differ_for_certain() -> None:
    assert delong_paired_p_value([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.9, 0.8, 0.2, 0.1]) == 0


@pytest.mark.parametrize("metric", [roc_auc, gini, ks, delong_interval])
@pytest.mark.parametrize(
    ("label", "probability"),
    [([], []), ([1, 1, 1], [0.1, 0.2, 0.3]), ([0, 0], [0.1, 0.2]), ([0, 1, 0, 1], [0.1, float("nan"), 0.2, 0.3])],
)
def test_what_the_sample_does_not_define_is_none(metric: Metric, label: list[int], probability: list[float]) -> None:
    assert metric(label, probability) is None


def test_a_variance_needs_two_loans_of_each_class() -> None:
    assert delong_interval([0, 0, 1], [0.1, 0.2, 0.3]) is None
    assert delong_paired_p_value([0, 0, 1], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]) is None
    assert delong_paired_interval([0, 0, 1], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]) is None


@given(samples(), st.randoms(use_true_random=False))
def test_the_paired_interval_excludes_zero_exactly_when_the_paired_test_rejects(sample: Sample, random: object) -> None:
    label, first = sample
    second = list(first)
    random.shuffle(second)  # type: ignore[attr-defined]
    p_value, interval = delong_paired_p_value(label, first, second), delong_paired_interval(label, first, second, 0.9)
    new, old = roc_auc(label, first), roc_auc(label, second)
    assert p_value is not None
    assert interval is not None
    assert new is not None
    assert old is not None
    assert interval[0] - 1e-12 <= new - old <= interval[1] + 1e-12
    if abs(p_value - 0.1) > 1e-9:
        assert (p_value < 0.1) == (not interval[0] <= 0 <= interval[1])
    assert delong_paired_interval(label, second, first, 0.9) == pytest.approx((-interval[1], -interval[0]), abs=1e-12)


def test_brier_is_none_without_loans_or_with_unknown_probabilities() -> None:
    assert brier([], []) is None
    assert brier([0, 1], [0.5, float("nan")]) is None


def test_confusion_ratios_are_those_counted_by_hand() -> None:
    table = confusion([1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0])
    assert (table.true_positive, table.false_positive, table.true_negative, table.false_negative) == (2, 1, 4, 1)
    assert table.accuracy == 6 / 8
    assert table.precision == table.recall == table.f1_score == 2 / 3


@pytest.mark.parametrize(
    ("label", "decision", "undefined"),
    [
        ([], [], {"accuracy", "precision", "recall", "f1_score"}),
        ([0, 0], [0, 0], {"precision", "recall", "f1_score"}),
        ([1, 0], [0, 0], {"precision"}),
        ([0, 0], [1, 0], {"recall"}),
    ],
)
def test_a_ratio_without_a_denominator_is_none_and_never_one(
    label: list[int], decision: list[int], undefined: set[str]
) -> None:
    table = confusion(label, decision)
    found = {name for name in ("accuracy", "precision", "recall", "f1_score") if getattr(table, name) is None}
    assert found == undefined
