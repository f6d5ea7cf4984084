from __future__ import annotations

import polars as pl
import pytest

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.champion_challenger.comparison import compare_models
from credit_platform.scoring.champion_challenger.decision import ChallengerDecision, decide_challenger
from credit_platform_tests.scoring.champion_challenger.paired_loans import paired_loans


def config_with(**rivalry: object) -> ModelConfig:
    config = LOANS.load_policy().model
    return config.model_copy(update={"champion_challenger": config.champion_challenger.model_copy(update=rivalry)})


def decide(loans: pl.DataFrame, *, state: str | None = None, **rivalry: object) -> ChallengerDecision:
    config = config_with(**rivalry)
    measured = compare_models(
        loans, champion="old", challenger="new", config=config, versions=("v1", "v2"), cut_off=0.5
    )
    return decide_challenger(measured, config=config, cases="loans", challenger_state=state)


BETTER = paired_loans(champion_noise=1.5)


def test_a_challenger_that_ranks_better_by_enough_and_beyond_chance_is_to_be_promoted() -> None:
    found = decide(BETTER, state="healthy")
    assert found.verdict == "promote"
    assert "ranks better, beyond chance and by enough" in found.reasons[0]
    assert "on the same 1,600 loans of 4 cohorts" in found.reasons[0]
    assert found.reasons[1].startswith("No gate fails: calibration slope")


@pytest.mark.parametrize(
    ("loans", "said"),
    [
        (BETTER.filter(pl.col("cohort") < pl.date(2024, 3, 1)), "new to both models: 2; nothing is decided on fewer"),
        (paired_loans(champion_noise=1.5, per_cohort=50), "Bads among the loans of these cohorts"),
        (
            paired_loans(champion_noise=1.5, per_cohort=50).with_columns(label=1 - pl.col("label")),
            "Goods among the loans of these cohorts",
        ),
        (BETTER.clear(), "new to both models: 0"),
    ],
)
def test_too_little_evidence_extends_the_observation_however_good_it_looks(loans: pl.DataFrame, said: str) -> None:
    found = decide(loans)
    assert found.verdict == "extend_observation"
    assert any(said in reason for reason in found.reasons)


def test_the_minimum_is_enough_and_one_less_is_not() -> None:
    n_bad = int(BETTER["label"].sum())
    assert decide(BETTER, min_bads=n_bad, min_cohorts=4).verdict == "promote"
    assert decide(BETTER, min_bads=n_bad + 1).verdict == "extend_observation"
    assert decide(BETTER, min_cohorts=5).verdict == "extend_observation"


def test_a_challenger_that_ranks_worse_is_rejected() -> None:
    found = decide(paired_loans(challenger_noise=1.5))
    assert found.verdict == "reject"
    assert found.reasons[0].startswith("The challenger ranks worse, beyond chance")


def test_worse_probabilities_without_better_ranking_are_rejected() -> None:
    found = decide(paired_loans(challenger_slope=3.0))
    assert found.verdict == "reject"
    assert "further from the outcomes, beyond chance" in found.reasons[0]
    assert "ranks no better" in found.reasons[1]


def test_a_gain_that_is_surely_too_small_keeps_the_champion() -> None:
    found = decide(paired_loans(per_cohort=800, champion_noise=0.2))
    assert found.verdict == "keep"
    assert found.reasons[0].startswith("No gain worth a change, beyond chance")


def test_a_gain_that_may_be_chance_waits_until_the_months_looked_back_on_are_full() -> None:
    open_question = paired_loans(per_cohort=120, champion_noise=0.6, seed=2)
    found = decide(open_question)
    assert found.verdict == "extend_observation"
    assert found.reasons[0].startswith("More cohorts may tell")
    full = decide(open_question, months=4)
    assert full.verdict == "keep"
    assert full.reasons[0].startswith("All 4 months looked back on do not show a gain worth a change")


@pytest.mark.parametrize(
    ("loans", "state", "said"),
    [
        (paired_loans(champion_noise=1.5, challenger_slope=2.0), None, "not honest: the calibration slope"),
        (BETTER, "retrain_required", "Monitoring asks for its retraining"),
    ],
)
def test_a_failed_gate_keeps_the_champion_and_is_the_first_reason(
    loans: pl.DataFrame, state: str | None, said: str
) -> None:
    found = decide(loans, state=state)
    assert found.verdict == "keep"
    assert said in found.reasons[0]
    assert found.reasons[-2].startswith("The challenger ranks better")
    assert found.reasons[-1] == "Compared: version v2 of new with version v1 of old, as in force in the month."


def test_probabilities_further_from_the_outcomes_keep_a_better_ranker_out() -> None:
    found = decide(paired_loans(champion_noise=0.8, challenger_slope=12.0), calibration_slope=wide_band())
    assert found.verdict == "keep"
    assert "further from the outcomes" in found.reasons[0]


def wide_band() -> object:
    return config_with().champion_challenger.calibration_slope.model_copy(update={"low": 0.01})


def test_identical_models_keep_the_champion() -> None:
    loans = paired_loans().with_columns(challenger_probability="champion_probability")
    found = decide(loans)
    assert found.verdict == "keep"
    assert "difference +0.0000 (95 % interval over 12 looks +0.0000 to +0.0000)" in found.reasons[0]
