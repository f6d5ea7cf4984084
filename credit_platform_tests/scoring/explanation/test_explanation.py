from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.feature_set import COMBINATIONS
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.explanation.explanation import Explanation, explain_prediction
from credit_platform.scoring.predictions import score_loans
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform.statistics.calibration import probability_of
from credit_platform_tests.scoring.scorecard.leaf_sentences import is_true

MakeLoans = Callable[..., pl.DataFrame]

POLICY = LOANS.load_policy()


def scored_by(version: FittedVersion, loans: pl.DataFrame, policy: Policy = POLICY) -> pl.DataFrame:
    return score_loans(
        version,
        loans,
        model_version="v",
        role="post",
        provenance="live",
        config=policy.model,
        reasons=policy.reasons,
    )


def explained(version: FittedVersion, loans: pl.DataFrame, place: int, policy: Policy = POLICY) -> Explanation:
    return explain_prediction(version, loans[place], scored_by(version, loans, policy), policy=policy)


def all_explained(version: FittedVersion, loans: pl.DataFrame, n: int | None = None) -> list[Explanation]:
    """The first loans of a month explained one by one; the month is scored once."""
    scored = scored_by(version, loans)
    return [explain_prediction(version, loans[place], scored, policy=POLICY) for place in range(n or loans.height)]


@pytest.fixture(scope="module")
def scorecard(config: ModelConfig, loans: MakeLoans) -> FittedVersion:
    return fit_version("scorecard", loans(900, seed=1), loans(300, seed=2), config, portfolio=LOANS)


def test_the_parts_of_every_loan_make_its_score_and_its_probability(version: FittedVersion, loans: MakeLoans) -> None:
    month = loans(60, seed=81)
    for found in all_explained(version, month):
        assert found.base_log_odds + sum(part.log_odds for part in found.parts) == pytest.approx(
            found.log_odds, abs=1e-9
        )
        assert found.base_points + sum(part.points for part in found.parts) == pytest.approx(
            found.exact_score, abs=1e-6
        )
        assert found.error <= 1e-9
        assert round(found.exact_score) == found.prediction["score"]
        assert float(probability_of(np.array([found.log_odds]))[0]) == pytest.approx(
            found.prediction["default_probability"], abs=1e-12
        )


def test_features_come_with_their_values_and_the_riskiest_first(version: FittedVersion, loans: MakeLoans) -> None:
    month = loans(20, seed=82)
    found = explained(version, month, 3)
    assert {part.feature for part in found.parts} == set(version.transformer.design_features())
    values = {part.feature: part.value for part in found.parts}
    assert values["outstanding_debt_amount"] == month["outstanding_debt_amount"][3]
    assert values["credit_mix"] == month["credit_mix"][3]
    parts = [part.log_odds for part in found.parts]
    assert parts == sorted(parts, reverse=True)
    assert all(part.points == pytest.approx(-part.log_odds * 20 / np.log(2)) for part in found.parts)


def test_reasons_are_the_predictions_own_with_both_texts(version: FittedVersion, loans: MakeLoans) -> None:
    found = explained(version, loans(20, seed=83), 0)
    codes = [reason.code for reason in found.reasons]
    assert codes == [found.prediction[f"reason_{place}"] for place in range(1, len(codes) + 1)]
    for reason in found.reasons:
        assert POLICY.reasons.reasons[reason.feature].code == reason.code
        if reason.feature not in COMBINATIONS:  # which name what the loan's own leaf is about
            assert reason.consumer.startswith(POLICY.reasons.reasons[reason.feature].consumer)
        assert reason.log_odds > 0


def test_a_combination_shows_the_sentence_of_the_loans_leaf_and_names_what_it_is_about(
    scorecard: FittedVersion, loans: MakeLoans
) -> None:
    month = loans(60, seed=89)
    found = all_explained(scorecard, month)
    for place, one in enumerate(found):
        (said,) = [part.value for part in one.parts if part.feature == "combination_1"]
        assert is_true(str(said), month.row(place, named=True))
    given = [(one, reason) for one in found for reason in one.reasons if reason.feature in COMBINATIONS]
    assert given
    for one, reason in given:
        (sentence,) = [str(part.value) for part in one.parts if part.feature == reason.feature]
        about = [condition.split()[0] for condition in sentence.split(" and ")]
        for feature in about:
            assert POLICY.reasons.reasons[feature].consumer[1:] in reason.consumer
            assert POLICY.reasons.reasons[feature].internal[1:] in reason.internal
        assert reason.consumer.endswith("(in combination)") == (len(set(about)) > 1)


def test_a_reason_whose_value_was_unknown_says_so(version: FittedVersion, loans: MakeLoans) -> None:
    # Debt, as every model looks at it.
    month = loans(300, seed=84).with_columns(outstanding_debt_amount=pl.lit(None, dtype=pl.Float64))
    found = all_explained(version, month, 80)
    unknown = {
        reason.feature: reason.consumer
        for one in found
        for reason in one.reasons
        if next(part.value for part in one.parts if part.feature == reason.feature) is None
    }
    assert unknown
    assert all(text.endswith(": we had no information on this") for text in unknown.values())


def test_without_clickstream_the_evidence_is_unknown(version: FittedVersion, loans: MakeLoans) -> None:
    found = explained(version, loans(20, seed=85, history=0), 0)
    (evidence,) = [part for part in found.parts if part.feature == "clickstream_evidence"]
    assert evidence.value is None


def test_the_points_of_a_scorecards_attributes_add_up_to_the_score(scorecard: FittedVersion, loans: MakeLoans) -> None:
    month = loans(40, seed=86)
    for found in all_explained(scorecard, month):
        of_attributes = [part.attribute_points for part in found.parts if part.attribute_points is not None]
        assert sum(of_attributes) == found.prediction["score"]
        assert found.error <= 1e-9


def test_other_algorithms_have_no_points_of_attributes(config: ModelConfig, loans: MakeLoans) -> None:
    boosted = fit_version("gradient_boosting", loans(300, seed=1), loans(120, seed=2), config, portfolio=LOANS)
    assert {part.attribute_points for part in explained(boosted, loans(20, seed=87), 0).parts} == {None}


def test_peers_are_the_loans_of_the_month(version: FittedVersion, loans: MakeLoans) -> None:
    month = loans(50, seed=88)
    scored = scored_by(version, month)
    best = scored.sort("score")["loan_id"][-1]
    place = month["loan_id"].to_list().index(best)
    peers = explained(version, month, place).peers
    assert peers.n == 50
    assert peers.n_lower == int((scored["score"] < scored["score"].max()).sum())
    assert peers.percentile > 90
    assert peers.median_score == scored["score"].median()


def test_a_loan_alone_is_its_own_middle(version: FittedVersion, loans: MakeLoans) -> None:
    peers = explained(version, loans(1, seed=89), 0).peers
    assert (peers.n, peers.n_lower, peers.percentile) == (1, 0, 50.0)


def test_the_scale_of_points_is_that_of_the_policy(version: FittedVersion, loans: MakeLoans) -> None:
    scoring = POLICY.model.scoring
    coarse = scoring.model_copy(update={"scaling": scoring.scaling.model_copy(update={"pdo": 40.0})})
    policy = replace(POLICY, model=POLICY.model.model_copy(update={"scoring": coarse}))
    month = loans(5, seed=90)
    usual, wide = explained(version, month, 0), explained(version, month, 0, policy)
    assert [part.points for part in wide.parts] == pytest.approx([2 * part.points for part in usual.parts])
