from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.governance.head_to_head import HeadToHead, compare_versions
from credit_platform.scoring.governance.promotion import (
    CandidateResult,
    Situation,
    decide_promotion,
    gate_results,
    uplift_target,
)
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.intervals import Interval

MakeLoans = Callable[..., pl.DataFrame]
SOUND: dict[SampleRole, float | None] = {"train": 0.90, "validation": 0.89, "test": 0.885, "oot": 0.88}


def result(
    auc: dict[SampleRole, float | None] | None = None, *, null_rate: float | None = 0.02, load_back: bool = True
) -> CandidateResult:
    return CandidateResult({**SOUND, **(auc or {})}, null_rate, load_back)


OVERFITTED: dict[SampleRole, float | None] = {"train": 0.96}
IN_BREACH, INTERIM = Situation(is_in_breach=True), Situation(is_interim=True)


def rivals(candidate_noise: float, incumbent_noise: float, n: int = 500, seed: int = 1) -> HeadToHead:
    """Two rankers that see the same truth through noise of their own."""
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.3).astype(np.int8)
    seen = [
        1 / (1 + np.exp(-(2.0 * label - 1 + random.normal(0, noise, n))))
        for noise in (candidate_noise, incumbent_noise)
    ]
    return HeadToHead("2024-09-01-ab12", label, *seen)


def test_the_first_version_goes_in_without_a_test(config: ModelConfig) -> None:
    decision = decide_promotion(result(), None, config=config)
    assert decision.promote
    assert decision.failed_gates == ()
    assert decision.reasons == ("No gate failed.", "No version is in force yet, so there is none to beat.")


def test_the_first_version_goes_in_with_its_failed_gates_shown(config: ModelConfig) -> None:
    decision = decide_promotion(result({"oot": 0.70}), None, config=config)
    assert decision.promote
    assert decision.failed_gates == ("min_oot_roc_auc", "max_oot_test_gap")
    assert decision.reasons[0] == "Gate min_oot_roc_auc: out-of-time ROC-AUC is 0.7000, the gate is 0.8000."


def test_a_version_that_cannot_be_read_back_never_goes_in(config: ModelConfig) -> None:
    decision = decide_promotion(result(load_back=False), None, config=config)
    assert not decision.promote
    assert decision.failed_gates == ("artifacts_load_back",)


def test_a_clearly_better_version_replaces_the_one_in_force(config: ModelConfig) -> None:
    against = rivals(candidate_noise=1.0, incumbent_noise=2.5)
    decision = decide_promotion(result(), against, config=config)
    assert decision.promote
    assert against.candidate_auc is not None
    assert (
        f"{against.candidate_auc:.4f} against {against.incumbent_auc:.4f} of version 2024-09-01-ab12"
        in decision.reasons[-1]
    )
    assert decision.reasons[-1].endswith("better at the significance level of 0.05.")


def test_a_gain_that_chance_can_explain_is_not_enough(config: ModelConfig) -> None:
    lucky = rivals(1.5, 1.5, n=300, seed=2)
    assert lucky.candidate_auc is not None
    assert lucky.incumbent_auc is not None
    assert lucky.candidate_auc > uplift_target(lucky.incumbent_auc, config.promotion.min_uplift)
    decision = decide_promotion(result(), lucky, config=config)
    assert not decision.promote
    assert decision.reasons[-1].endswith("no better at the significance level of 0.05.")


@pytest.mark.parametrize(("age", "promoted"), [(11, False), (12, True)])
def test_an_old_version_gives_way_to_one_that_is_surely_not_worse(
    config: ModelConfig, age: int, *, promoted: bool
) -> None:
    alike, open_question = rivals(0.7, 0.7, n=4000), rivals(1.5, 1.5, n=300)
    assert not alike.is_better(0.05)
    decision = decide_promotion(result(), alike, config=config, situation=Situation(age=age))
    assert decision.promote is promoted
    if promoted:
        assert decision.reasons[-1].endswith("which is enough in place of a version that was trained 12 months ago.")
    assert not decide_promotion(result(), open_question, config=config, situation=Situation(age=age)).promote


@pytest.mark.parametrize("seed", range(5))
def test_a_version_no_better_than_the_one_in_force_stays_out(config: ModelConfig, seed: int) -> None:
    against = rivals(1.5, 1.5, seed=seed)
    same = HeadToHead(
        against.incumbent_version, against.label, against.incumbent_probability, against.incumbent_probability
    )
    decision = decide_promotion(result(), same, config=config)
    assert not decision.promote
    assert "DeLong p = 1.0000" in decision.reasons[-1]


def test_a_small_gain_goes_in_when_the_paired_test_sees_it(config: ModelConfig) -> None:
    random = np.random.default_rng(3)
    n = 60_000
    label = (random.random(n) < 0.3).astype(np.int8)
    better = 2.0 * label - 1 + random.normal(0, 1, n)
    against = HeadToHead("old", label, better, better + random.normal(0, 0.15, n))
    assert against.candidate_auc is not None
    assert against.incumbent_auc is not None
    assert against.candidate_auc < uplift_target(against.incumbent_auc, config.promotion.min_uplift)
    decision = decide_promotion(result(), against, config=config)
    assert decision.promote
    assert decision.reasons[-1].endswith("better at the significance level of 0.05.")


def test_a_significantly_worse_version_stays_out(config: ModelConfig) -> None:
    against = rivals(candidate_noise=2.5, incumbent_noise=1.0)
    assert against.p_value is not None
    assert against.p_value < 0.01
    assert not decide_promotion(result(), against, config=config).promote


@pytest.mark.parametrize(
    ("candidate", "failed"),
    [
        (result({"oot": 0.79}), ("min_oot_roc_auc", "max_oot_test_gap")),
        (result({"test": 0.915, "oot": 0.88}), ("max_oot_test_gap",)),
        (result({"train": 0.95}), ("max_train_validation_gap",)),
        (result(null_rate=0.11), ("max_null_rate",)),
        (result({"oot": None}), ("min_oot_roc_auc", "max_oot_test_gap")),
        (result({"validation": None}), ("max_train_validation_gap",)),
        (result(null_rate=None), ("max_null_rate",)),
        (result(load_back=False), ("artifacts_load_back",)),
    ],
)
def test_a_failed_gate_keeps_a_better_version_out_and_says_why(
    config: ModelConfig, candidate: CandidateResult, failed: tuple[str, ...]
) -> None:
    decision = decide_promotion(candidate, rivals(1.0, 2.5), config=config)
    assert not decision.promote
    assert decision.failed_gates == failed
    assert [reason.split(":")[0] for reason in decision.reasons[: len(failed)]] == [f"Gate {name}" for name in failed]


def test_a_later_sample_that_does_better_fails_no_gap_gate(config: ModelConfig) -> None:
    rising: dict[SampleRole, float | None] = {"train": 0.85, "validation": 0.93, "test": 0.90, "oot": 0.97}
    assert decide_promotion(result(rising), None, config=config).failed_gates == ()


def test_an_out_of_time_cohort_of_one_class_decides_nothing(config: ModelConfig) -> None:
    flat = HeadToHead(
        "old", np.zeros(3, dtype=np.int8), np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.3]), cases="loans"
    )
    decision = decide_promotion(result(), flat, config=config)
    assert not decision.promote
    assert "no loans of both classes are new to both" in decision.reasons[-1]


@pytest.mark.parametrize("against", [None, rivals(1.0, 2.5)])
def test_without_auto_promotion_a_person_decides(config: ModelConfig, against: HeadToHead | None) -> None:
    by_hand = config.model_copy(update={"promotion": config.promotion.model_copy(update={"auto_promote": False})})
    decision = decide_promotion(result(), against, config=by_hand)
    assert not decision.promote
    assert "a person decides" in decision.reasons[-1]


@pytest.mark.parametrize(
    ("margin", "judged_by", "passed"),
    [(0.0, "interval", False), (0.01, "interval", False), (0.03, "interval", True), (0.03, "value", False)],
)
def test_a_gap_fails_where_its_whole_interval_is_beyond_the_limit(
    config: ModelConfig, margin: float, judged_by: str, *, passed: bool
) -> None:
    candidate = result({"train": 0.96, "validation": 0.88})
    known = {
        sample: Interval(value - margin, value + margin)
        for sample, value in candidate.roc_auc.items()
        if value is not None
    }
    gates = config.gates.model_copy(update={"gaps_judged_by": judged_by})
    (gate,) = (
        each
        for each in gate_results(replace(candidate, intervals=known), gates)
        if each.name == "max_train_validation_gap"
    )
    assert gate.passed is passed
    assert gate.interval is not None
    assert gate.interval.low == pytest.approx(0.08 - margin * 2**0.5)
    assert f"is 0.0800 ({gate.interval.low:.4f} to" in gate.sentence


def test_a_better_candidate_replaces_a_version_in_breach_for_the_interim(config: ModelConfig) -> None:
    decision = decide_promotion(result(OVERFITTED), rivals(1.0, 2.5), config=config, situation=IN_BREACH)
    assert (decision.promote, decision.is_interim, decision.failed_gates) == (True, True, ("max_train_validation_gap",))
    assert decision.reasons[0].startswith("Gate max_train_validation_gap: ")
    assert "as interim: until a version passes all gates" in decision.reasons[-1]
    full = decide_promotion(result(), rivals(1.0, 2.5), config=config, situation=IN_BREACH)
    assert (full.promote, full.is_interim) == (True, False)


@pytest.mark.parametrize(
    ("candidate", "against", "situation", "changes"),
    [
        (result(OVERFITTED), rivals(1.0, 2.5), Situation(), {}),
        (result(OVERFITTED), rivals(1.0, 2.5), INTERIM, {}),
        (result(OVERFITTED), rivals(1.0, 2.5), IN_BREACH, {"interim": False}),
        (result(OVERFITTED), rivals(1.5, 1.5), IN_BREACH, {"min_uplift": 0.0}),
        (result({"oot": 0.79}), rivals(1.0, 2.5), IN_BREACH, {}),
        (result(load_back=False), rivals(1.0, 2.5), IN_BREACH, {}),
    ],
    ids=["not in breach", "in force for the interim", "policy", "not by the test", "floor", "unreadable"],
)
def test_a_failed_gate_keeps_out_all_others(
    config: ModelConfig,
    candidate: CandidateResult,
    against: HeadToHead,
    situation: Situation,
    changes: dict[str, object],
) -> None:
    promotion = config.promotion.model_copy(update=changes)
    config = config.model_copy(update={"promotion": promotion})
    decision = decide_promotion(candidate, against, config=config, situation=situation)
    assert (decision.promote, decision.is_interim, decision.recommended) == (False, False, None)


def test_an_interim_version_gives_way_to_one_that_passes_all_gates_and_is_not_worse(config: ModelConfig) -> None:
    alike, worse = rivals(1.5, 1.5), rivals(2.5, 1.0)
    assert not decide_promotion(result(), alike, config=config).promote
    full = decide_promotion(result(), alike, config=config, situation=INTERIM)
    assert (full.promote, full.is_interim) == (True, False)
    assert full.reasons[-1].endswith("not worse, which is enough in place of an interim version.")
    assert not decide_promotion(result(), worse, config=config, situation=INTERIM).promote


@pytest.mark.parametrize(("candidate", "advice"), [(result(OVERFITTED), "interim"), (result(), "promote")])
def test_what_policy_leaves_to_a_person_is_recommended(
    config: ModelConfig, candidate: CandidateResult, advice: str
) -> None:
    by_hand = config.model_copy(update={"promotion": config.promotion.model_copy(update={"auto_promote": False})})
    decision = decide_promotion(candidate, rivals(1.0, 2.5), config=by_hand, situation=IN_BREACH)
    assert (decision.promote, decision.is_interim, decision.recommended) == (False, False, advice)
    assert decision.left_to_a_person("Withdrawn.").recommended is None


@given(st.floats(0.5, 1), st.floats(0, 0.5))
def test_the_target_is_never_out_of_reach(auc: float, uplift: float) -> None:
    assert auc <= uplift_target(auc, uplift) <= (1 + auc) / 2 + 1e-12 <= 1 + 1e-12


def test_both_versions_predict_the_same_loans(version: FittedVersion, loans: MakeLoans) -> None:
    oot = loans(120, seed=81)
    against = compare_versions(version, version, oot, incumbent_version="old")
    assert against.n == 120
    assert against.candidate_auc == against.incumbent_auc
    assert against.p_value == 1
    assert np.array_equal(against.label, oot["label"].to_numpy())
