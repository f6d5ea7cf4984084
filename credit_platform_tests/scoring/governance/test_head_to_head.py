"""Two versions on the same loans by another metric than the ROC-AUC, and what promotion makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.policy_section import PrimaryMetric
from credit_platform.scoring.governance.head_to_head import HeadToHead, RankedBy
from credit_platform.scoring.governance.promotion import (
    CandidateResult,
    Situation,
    decide_promotion,
    failed_gates,
    gate_results,
)
from credit_platform_tests.scoring.drawn_samples import honest_sample

SOUND = CandidateResult({"train": 0.9, "validation": 0.89, "test": 0.885, "oot": 0.88}, 0.02, True, {}, (), {})  # noqa: FBT003
BY_F1 = RankedBy("f1_score", (0.3, 0.3))


def rivals(noise: float, *, by: RankedBy = BY_F1, n: int = 800, seed: int = 1) -> HeadToHead:
    """A version that knows the honest probability, against one that sees it through noise."""
    label, honest = honest_sample(n, seed)
    odds = np.log(honest / (1 - honest)) + np.random.default_rng(seed + 1).normal(0, noise, n)
    return HeadToHead("2024-09-01-ab12", label, honest, 1 / (1 + np.exp(-odds)), by=by)


@pytest.mark.parametrize("metric", get_args(PrimaryMetric))
def test_the_better_version_is_found_by_every_metric(metric: PrimaryMetric) -> None:
    against = rivals(4.0, by=RankedBy(metric, (0.3, 0.3)), n=3000)
    assert against.candidate_value is not None
    assert against.incumbent_value is not None
    ends = against.difference(0.95)
    assert ends is not None
    change = against.candidate_value - against.incumbent_value
    assert ends[0] < change < ends[1]
    if metric != "recall":  # noise declines more loans, bads among them
        assert against.is_better(0.05)
        assert replace(
            against,
            candidate_probability=against.incumbent_probability,
            incumbent_probability=against.candidate_probability,
        ).is_worse(0.05)


def test_a_version_is_not_better_than_itself() -> None:
    itself = rivals(0.0)
    assert (itself.p_value, itself.difference(0.95)) == (1.0, (0.0, 0.0))
    assert itself.is_not_worse(0.01, 0.05)


def test_each_version_is_judged_at_its_own_cut_off() -> None:
    same = rivals(0.0, by=RankedBy("f1_score", (0.3, 0.95)))
    assert same.is_better(0.05)
    assert same.candidate_auc == same.incumbent_auc


def test_without_a_class_nothing_is_known() -> None:
    against = rivals(1.0)
    goods = replace(against, label=np.zeros_like(against.label))
    assert (goods.p_value, goods.difference(0.95), goods.is_better(0.05)) == (None, None, False)


def test_the_reason_of_a_promotion_names_the_metric_and_the_test(config: ModelConfig) -> None:
    decision = decide_promotion(SOUND, rivals(4.0), config=config)
    assert decision.promote
    assert decision.reasons[1].startswith("f1_score is ")
    assert "(paired bootstrap p = " in decision.reasons[1]


def test_a_floor_of_another_metric_keeps_a_version_out_and_is_no_gate_that_an_interim_one_may_fail(
    config: ModelConfig,
) -> None:
    gates = config.gates.model_copy(update={"min_oot": {"f1_score": 0.45}})
    low, high, unknown = (replace(SOUND, out_of_time={"f1_score": value}) for value in (0.44, 0.45, None))
    assert set(failed_gates(low, gates)) == set(failed_gates(unknown, gates)) == {"min_oot_f1_score"}
    assert failed_gates(high, gates) == {}
    assert gate_results(low, gates)[1].sentence == "out-of-time f1_score is 0.4400, the gate is 0.4500."
    floored = config.model_copy(update={"gates": gates})
    decision = decide_promotion(low, rivals(4.0), config=floored, situation=Situation(is_in_breach=True))
    assert not decision.promote
