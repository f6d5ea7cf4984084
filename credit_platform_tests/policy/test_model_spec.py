"""What a model's entry in policy may say of tuning, rebalancing and calibration, and how nonsense is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform.errors import PolicyError
from credit_platform.policy.model_spec import SearchRange
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.tuning import regularised

SHARES = "{smote: 0.2, downsample: 0.5}"
BOOSTING = "models: {gradient_boosting: {%s}}"


def entry(folder: Path, text: str) -> Path:
    (folder / "model_config.yaml").write_text(BOOSTING % text)
    return folder


def test_the_shipped_boosting_is_tuned_within_its_ranges_and_nothing_is_rebalanced() -> None:
    models = LOANS.load_policy().model.models
    tuning = models["gradient_boosting"].tuning
    assert tuning is not None
    for name, tried in tuning.space.items():
        assert tried.holds(models["gradient_boosting"].params[name])
    assert {(spec.rebalancing, spec.calibration) for spec in models.values()} == {("none", "platt")}


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("rebalancing: smote, calibration: none", "rebalancing"),
        ("rebalancing: downsample, calibration: none", "rebalancing"),
        ("rebalancing: smote_downsample, rebalancing_shares: *, calibration: none", "rebalancing"),
        ("params: {class_weight: balanced}, calibration: none", "class_weight"),
        ("params: {is_unbalance: true}, calibration: none", "is_unbalance"),
        ("params: {scale_pos_weight: 2.5}, calibration: none", "scale_pos_weight"),
    ],
)
def test_shifted_odds_without_recalibration_are_refused(tmp_path: Path, text: str, culprit: str) -> None:
    message = rf"model_config.yaml: models.gradient_boosting.calibration: none leaves .* shifted by {culprit}; platt"
    with pytest.raises(PolicyError, match=message):
        LOANS.load_policy(entry(tmp_path, text.replace("*", SHARES)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calibration: none", ("none", "none")),
        ("rebalancing: smote", ("smote", "platt")),
        ("rebalancing: downsample, calibration: platt", ("downsample", "platt")),
        ("rebalancing: smote_downsample, rebalancing_shares: *", ("smote_downsample", "platt")),
        ("params: {scale_pos_weight: 2.5}", ("none", "platt")),
    ],
)
def test_what_leaves_probabilities_honest_is_accepted(tmp_path: Path, text: str, expected: tuple[str, str]) -> None:
    spec = LOANS.load_policy(entry(tmp_path, text.replace("*", SHARES))).model.models["gradient_boosting"]
    assert (spec.rebalancing, spec.calibration) == expected


def test_the_shipped_models_are_stricter_on_small_training_samples_and_unchanged_on_large_ones() -> None:
    models = LOANS.load_policy().model.models
    for spec in models.values():
        assert regularised(spec, 800) == regularised(spec, 5000) == spec
    scorecard, boosting = (regularised(models[name], 400).params for name in ("scorecard", "gradient_boosting"))
    assert (scorecard["C"], scorecard["min_iv"]) == (0.5, 0.04)
    assert (boosting["min_child_samples"], boosting["lambda_l2"], boosting["max_depth"]) == (80, 2.0, 2)
    assert regularised(models["scorecard"], 1).params["C"] == regularised(models["scorecard"], 200).params["C"] == 0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{full_bads: 100, raised: [no_such]}", "names no_such, which params do not set"),
        ("{full_bads: 100, lowered: [lambda_l2]}", "names lambda_l2 more than once"),
        ("{full_bads: 0}", "greater than or equal to 1"),
    ],
)
def test_a_regularisation_of_what_is_not_set_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        LOANS.load_policy(entry(tmp_path, f"regularisation: {text}"))


def test_regularisation_leaves_words_alone_and_can_be_switched_off(tmp_path: Path) -> None:
    worded = LOANS.load_policy(entry(tmp_path, "params: {lambda_l2: none}")).model.models["gradient_boosting"]
    assert regularised(worded, 10).params["lambda_l2"] == "none"
    off = LOANS.load_policy(entry(tmp_path, "regularisation: null")).model.models["gradient_boosting"]
    assert regularised(off, 10) == off


def test_tuning_can_be_switched_off(tmp_path: Path) -> None:
    assert LOANS.load_policy(entry(tmp_path, "tuning: null")).model.models["gradient_boosting"].tuning is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rebalancing: adasyn", r"models.gradient_boosting.rebalancing: .*'adasyn'"),
        (
            "rebalancing: smote_downsample",
            r"models.gradient_boosting.rebalancing_shares: is missing; .*{smote: ..., down",
        ),
        (
            "rebalancing: smote, rebalancing_shares: {smote: 0.2, downsample: 0.5}",
            r"shares: cannot be set: .* is smote;",
        ),
        (
            "rebalancing_shares: {smote: 0.2, downsample: 0.5}",
            r"rebalancing_shares: cannot be set: rebalancing is none;",
        ),
        ("rebalancing: smote_downsample, rebalancing_shares: {smote: 0.5, downsample: 0.2}", r"downsample is 0.2 and"),
        (
            "rebalancing: smote_downsample, rebalancing_shares: {smote: 20, downsample: 0.5}",
            r"shares.smote: .*equal to 1",
        ),
        ("rebalancing: smote_downsample, rebalancing_shares: {smote: 0.2}", r"rebalancing_shares.downsample: "),
        ("tuning: {trials: 0}", r"models.gradient_boosting.tuning.trials: .*greater than or equal to 1"),
        (
            "tuning: {space: {learning_rate: {low: 1.0, high: 0.5}}}",
            r"tuning.space.learning_rate: goes from 1.0 to 0.5",
        ),
        ("tuning: {space: {eta: {low: 0.1, high: 0.5}}}", r"gradient_boosting.tuning: space names eta, which params"),
        ("tuning: {seconds: 9}", r"models.gradient_boosting.tuning.seconds: is not a known setting"),
        ("algorithm: forest", r"models.gradient_boosting.algorithm: 'forest' is neither one of .*random_forest"),
    ],
)
def test_a_wrong_entry_is_refused_with_file_key_and_reason(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=rf"model_config.yaml: .*{message}"):
        LOANS.load_policy(entry(tmp_path, text))


def test_shares_that_are_not_set_leave_the_fingerprint_of_a_policy_as_it_was(tmp_path: Path) -> None:
    spec = LOANS.load_policy().model.models["gradient_boosting"]
    assert "rebalancing_shares" not in spec.model_dump(mode="json")
    text = f"rebalancing: smote_downsample, rebalancing_shares: {SHARES}"
    own = LOANS.load_policy(entry(tmp_path, text)).model.models["gradient_boosting"]
    assert own.model_dump(mode="json")["rebalancing_shares"] == {"smote": 0.2, "downsample": 0.5}


XGBOOST = "models: {boosted: {alias: model_3, algorithm: xgboost, params: {%s}}}"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("max_dept: 3", r"max_dept is no parameter of xgboost; did you mean max_depth\?"),
        ("num_leaves: 8", r"num_leaves is no parameter of xgboost; .*"),
        ("nthread: 2", r"nthread is no parameter of xgboost; it has n_estimators, learning_rate"),
        ("objective: 'reg:squarederror'", r"objective is no parameter of xgboost"),
        ("max_depth: 2.5", r"max_depth: input should be a valid integer, not 2.5"),
        ("subsample: 2", r"subsample: input should be less than or equal to 1, not 2"),
        ("reg_lambda: -1", r"reg_lambda: input should be greater than or equal to 0, not -1"),
        ("n_estimators: 0", r"n_estimators: .*not 0"),
        ("tree_method: gpu_hist", r"tree_method: .*'hist', 'approx' or 'exact', not 'gpu_hist'"),
    ],
)
def test_a_parameter_xgboost_would_pass_over_or_refuse_is_named(tmp_path: Path, params: str, said: str) -> None:
    (tmp_path / "model_config.yaml").write_text(XGBOOST % params)
    with pytest.raises(PolicyError, match=rf"model_config.yaml: models.boosted.params: {said}"):
        LOANS.load_policy(tmp_path)


def test_params_of_xgboost_are_taken_as_they_are_and_weights_need_recalibration(tmp_path: Path) -> None:
    params = "n_estimators: 300, learning_rate: 0.05, max_depth: 4, subsample: 1, tree_method: hist, gamma: 0"
    (tmp_path / "model_config.yaml").write_text(XGBOOST % params)
    spec = LOANS.load_policy(tmp_path).model.models["boosted"]
    assert spec.params["subsample"] == 1
    assert spec.params["max_depth"] == 4
    weighted = (XGBOOST % "scale_pos_weight: 4").replace("params", "calibration: none, params")
    (tmp_path / "model_config.yaml").write_text(weighted)
    with pytest.raises(PolicyError, match=r"boosted.calibration: none leaves .* shifted by scale_pos_weight"):
        LOANS.load_policy(tmp_path)


def test_only_numbers_lie_in_a_range() -> None:
    tried = SearchRange(low=0, high=3)
    assert all(tried.holds(value) for value in (0, 3, 1.5))
    assert not any(tried.holds(value) for value in (4, -1, True, "2"))
