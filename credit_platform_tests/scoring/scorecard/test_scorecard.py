from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from credit_platform.errors import TrainingError
from credit_platform.policy.model_config import ModelConfig, ModelSpec, Scaling
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import Design, FitTask, PlattCalibrator
from credit_platform.scoring.grades import score_points
from credit_platform.scoring.scorecard.point_scale import fit_points
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.scorecard.selection import (
    Selection,
    information_values,
    non_negative_weights,
    select,
    variance_inflation,
)
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform.scoring.transformers.binning import BinningPolicy, fit_binning
from credit_platform.scoring.transformers.bins import NumberBins
from credit_platform.scoring.transformers.evidence import fit_evidence, without_history
from credit_platform.scoring.transformers.tree_leaves import LeafBins

MakeLoans = Callable[..., pl.DataFrame]
SCALING = Scaling(base_score=600, base_odds=50.0, pdo=20.0)
PARAMS: dict[str, bool | int | float | str] = {"C": 1.0, "max_iter": 1000, "min_iv": 0.02, "max_vif": 5.0}


def task(**params: bool | float | str) -> FitTask:
    return FitTask("m", ModelSpec(alias="m", algorithm="scorecard", params=PARAMS | params), 42, tuple("abcde"))


def design(n: int = 2000, seed: int = 1) -> Design:
    """Weights of evidence of five features: a and b tell, c is a copy of a with noise, d is noise, e says nothing."""
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.3).astype(np.int8)
    evidence = np.round(random.normal(size=(n, 5)) - 0.8 * label[:, None], 1)
    evidence[:, 2] = evidence[:, 0] + np.round(0.1 * random.normal(size=n), 1)
    evidence[:, 3] = np.round(random.normal(size=n), 1)
    evidence[:, 4] = 0.0
    return Design(evidence, label)


def selected(woe: np.ndarray, label: np.ndarray) -> Selection:
    def fit(kept: Sequence[int]) -> tuple[float, np.ndarray]:
        model = LogisticRegression(C=1.0, tol=1e-10).fit(-woe[:, kept], label)
        return float(model.intercept_[0]), model.coef_[0]

    return select(
        woe,
        information_values(woe, label),
        min_iv=0.02,
        max_vif=5.0,
        fit=fit,
        fit_non_negative=lambda kept: non_negative_weights(-woe[:, kept], label, 1.0),
    )


@pytest.fixture(scope="module")
def fitted() -> ScorecardEstimator:
    return ScorecardEstimator.fit(design(), design(seed=2), task=task())


@pytest.fixture(scope="module")
def scorecard(config: ModelConfig, loans: MakeLoans) -> FittedVersion:
    spec = ModelSpec(alias="card", algorithm="scorecard", params=PARAMS)
    with_it = config.model_copy(update={"models": {**config.models, "card": spec}})
    return fit_version("card", loans(1500, seed=1), loans(500, seed=2), with_it, portfolio=LOANS)


def learner_of(version: FittedVersion) -> ScorecardEstimator:
    assert isinstance(version.estimator, ScorecardEstimator)
    return version.estimator


def test_what_tells_nothing_and_what_others_tell_is_dropped_with_the_reason(fitted: ScorecardEstimator) -> None:
    reasons = {one.feature: one.dropped for one in fitted.characteristics}
    assert reasons["a"] is None or reasons["c"] is None
    collinear = reasons["a"] or reasons["c"]
    assert collinear is not None
    assert "would turn its evidence round" in collinear or "variance inflation" in collinear
    assert reasons["b"] is None
    assert reasons["d"] == f"information value {fitted.characteristics[3].information_value:.4f} is below 0.02"
    assert reasons["e"] == "information value 0.0000 is below 0.02"
    assert all((one.weight > 0) == (one.dropped is None) for one in fitted.characteristics)
    assert all((one.variance_inflation or 0) < 5 for one in fitted.characteristics)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), order=st.permutations(range(6)))
def test_what_is_kept_does_not_depend_on_the_order_of_the_columns(seed: int, order: list[int]) -> None:
    random = np.random.default_rng(seed)
    label = (random.random(600) < 0.3).astype(np.int8)
    common = random.normal(size=(600, 1)) - 0.8 * label[:, None]
    woe = common + random.normal(size=(600, 6)) * np.array([0.3, 0.5, 0.5, 1.0, 2.0, 0.2])
    kept = [selected(woe, label), selected(woe[:, order], label)]
    assert set(kept[0].kept) == {order[place] for place in kept[1].kept}
    assert set(kept[0].kept) | set(kept[0].dropped) == set(range(6))
    assert min(kept[0].weights) > 0


def test_two_that_tell_the_same_are_not_both_kept() -> None:
    random = np.random.default_rng(5)
    label = (random.random(3000) < 0.3).astype(np.int8)
    common = random.normal(size=(3000, 1)) - 0.8 * label[:, None]
    found = selected(common + 0.1 * random.normal(size=(3000, 2)), label)
    assert len(found.kept) == 1
    assert "variance inflation" in next(iter(found.dropped.values()))


def test_the_best_weights_that_are_not_negative_are_those_without_a_limit_where_none_is() -> None:
    random = np.random.default_rng(6)
    label = (random.random(2000) < 0.3).astype(np.int8)
    values = random.normal(size=(2000, 3)) + np.array([0.5, 0.2, -0.3]) * label[:, None]
    found = non_negative_weights(values, label, 1.0)
    assert found[2] == 0
    alone = LogisticRegression(C=1.0, tol=1e-10).fit(values[:, :2], label).coef_[0]
    assert found[:2] == pytest.approx(alone, abs=1e-4)


def test_a_characteristic_that_would_turn_its_evidence_round_is_dropped_and_the_rest_fitted_again() -> None:
    random = np.random.default_rng(4)
    label = (random.random(4000) < 0.3).astype(np.int8)
    told = np.round(random.normal(size=4000) - 1.5 * label, 1)
    echo = np.round(0.8 * told + 0.5 * random.normal(size=4000) + 0.4 * label, 1)  # against the label, given the first
    values = np.column_stack([told, echo, np.zeros((4000, 3))])
    card = ScorecardEstimator.fit(Design(values, label), Design(values, label), task=task())
    assert "would turn its evidence round" in (card.characteristics[1].dropped or "")
    alone = ScorecardEstimator.fit(
        Design(np.column_stack([told, np.zeros((4000, 4))]), label), Design(values, label), task=task()
    )
    assert card.characteristics[0].weight == alone.characteristics[0].weight


def test_the_information_value_is_the_sum_over_bins() -> None:
    woe = np.repeat([np.log(3.0), 0.0, np.log(0.2)], [200, 120, 80])[:, None]
    label = np.concatenate([np.arange(n) < bads for n, bads in ((200, 20), (120, 30), (80, 50))]).astype(np.int8)
    assert information_values(woe, label) == pytest.approx([0.4 * np.log(3.0) + 0.4 * np.log(5.0)])


def test_variance_inflation_is_that_of_the_regression_on_the_others() -> None:
    values = design().values[:, :4]
    for place in range(4):
        others = np.column_stack([np.delete(values, place, axis=1), np.ones(len(values))])
        rest = values[:, place] - others @ np.linalg.lstsq(others, values[:, place], rcond=None)[0]
        assert variance_inflation(values)[place] == pytest.approx(values[:, place].var() / rest.var(), rel=1e-6)
    assert np.isinf(variance_inflation(values[:, [0, 0, 1]])[:2]).all()


@pytest.mark.parametrize("param", ["min_iv", "max_vif", "depth", "C"])
def test_a_refused_parameter_is_named(param: str) -> None:
    with pytest.raises(TrainingError, match=rf"model m: its params are refused: .*{param}"):
        ScorecardEstimator.fit(design(), design(), task=task(**{param: -1.0}))


def test_a_limit_of_the_bins_is_refused_before_any_fit(config: ModelConfig, loans: MakeLoans) -> None:
    spec = ModelSpec(alias="card", algorithm="scorecard", params=PARAMS | {"min_bin_share": 2.0})
    with pytest.raises(TrainingError, match=r"model card: its params are refused: min_bin_share is 2\.0"):
        fit_version(
            "card",
            loans(200, seed=1),
            loans(200, seed=2),
            config.model_copy(update={"models": {"card": spec}}),
            portfolio=LOANS,
        )


def test_nothing_worth_keeping_is_an_error_that_says_how_little_there_is() -> None:
    with pytest.raises(TrainingError, match="no feature is fit for a scorecard; the largest information value is"):
        ScorecardEstimator.fit(design(), design(), task=task(min_iv=99.0))


def test_the_sum_of_points_is_the_score_of_every_loan(
    scorecard: FittedVersion, config: ModelConfig, loans: MakeLoans
) -> None:
    held_out = pl.concat([loans(1500, seed=7, history=24), loans(200, seed=8, history=0)])
    estimator = learner_of(scorecard)
    assert estimator.scale is not None
    points = estimator.scale.points(scorecard.transformer.design_matrix(held_out)).sum(axis=1)
    frame = pl.DataFrame({"p": scorecard.predict(held_out)})
    assert frame.select(score_points(pl.col("p"), config.scoring.scaling)).to_series().to_list() == points.tolist()
    assert len(set(points.tolist())) > 50


def test_parts_of_two_loans_differ_by_whole_points_and_by_nothing_for_what_was_dropped(
    scorecard: FittedVersion, loans: MakeLoans
) -> None:
    held_out = loans(200, seed=9)
    parts = scorecard.contributions(held_out)
    in_points = (parts.values - parts.values[0]) * (SCALING.pdo / np.log(2))
    assert np.abs(in_points - np.rint(in_points)).max() < 1e-9
    dropped = [one.feature for one in learner_of(scorecard).characteristics if one.dropped]
    assert dropped
    assert not in_points[:, [parts.features.index(name) for name in dropped]].any()
    assert parts.base + parts.values.sum(axis=1) == pytest.approx(scorecard.log_odds(held_out), abs=1e-9)


def test_rounding_moves_no_probability_by_more_than_its_points(scorecard: FittedVersion, loans: MakeLoans) -> None:
    held_out = loans(400, seed=10)
    smooth = replace(scorecard, estimator=replace(learner_of(scorecard), scale=None))
    used = sum(one.dropped is None for one in learner_of(scorecard).characteristics)
    most = (used + 1) / 2 * np.log(2) / SCALING.pdo
    assert np.abs(scorecard.log_odds(held_out) - smooth.log_odds(held_out)).max() <= most


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), share=st.sampled_from([0.02, 0.05, 0.2]), history=st.integers(0, 12))
def test_a_riskier_bin_never_has_more_points(*, loans: MakeLoans, seed: int, share: float, history: int) -> None:
    train = loans(600, seed=seed, history=history)
    binning = fit_binning(train, LOANS.features, [fit_evidence(train, CLICKSTREAM)], BinningPolicy(min_bin_share=share))
    design = Design(binning.design_matrix(train), train["label"].to_numpy())
    spec = ModelSpec(alias="m", algorithm="scorecard", params=PARAMS | {"min_iv": 0.005})
    estimator = ScorecardEstimator.fit(design, design, task=FitTask("m", spec, 42, tuple(binning.design_features())))
    scale = estimator.in_points(PlattCalibrator(0.8, 0.1), SCALING).scale
    assert scale is not None
    for place, characteristic in enumerate(binning.characteristics()):
        if isinstance(characteristic, LeafBins):
            continue
        bins = [*characteristic.bins, characteristic.missing]
        if not isinstance(characteristic, NumberBins):
            bins.append(characteristic.rare)
        telling = sorted((one for one in bins if one.bad_rate is not None), key=lambda one: one.bad_rate or 0)
        woe = np.zeros((len(telling), len(scale.base)))
        woe[:, place] = [one.woe for one in telling]
        assert (np.diff(scale.points(woe)[:, place]) <= 0).all()


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.floats(0, 5), min_size=1, max_size=12).filter(any),
    intercept=st.floats(-6, 6),
    slope=st.floats(0.01, 5),
    shift=st.floats(-3, 3),
    reach=st.floats(0, 8),
)
def test_however_far_the_bins_reach_the_score_gives_the_sum_back(
    *, weights: list[float], intercept: float, slope: float, shift: float, reach: float
) -> None:
    ranges = [(-reach, reach)] * len(weights)
    scale = fit_points(weights, intercept, ranges, PlattCalibrator(slope, shift), SCALING)
    woe = np.array([[-reach] * len(weights), [0.0] * len(weights), [reach] * len(weights)])
    points = scale.points(woe).sum(axis=1)
    odds = PlattCalibrator(slope, shift).on_log_odds(scale.raw_log_odds(points))
    probability = pl.DataFrame({"p": 1 / (1 + np.exp(-odds))})
    assert probability.select(score_points(pl.col("p"), SCALING)).to_series().to_list() == points.tolist()
    assert sum(scale.base) == points[1]
    used = [base for base, weight in zip(scale.base, weights, strict=True) if weight > 0]
    assert max(used) - min(used) <= 1


def test_a_scorecard_read_back_is_the_same_before_and_after_it_is_in_points(fitted: ScorecardEstimator) -> None:
    in_points = fitted.in_points(PlattCalibrator(0.9, 0.1), SCALING)
    for estimator in (fitted, in_points):
        assert ScorecardEstimator.from_bytes(estimator.to_bytes()) == estimator
    assert fitted.contributions(design(seed=3).values).sum(axis=1) == pytest.approx(
        fitted.log_odds(design(seed=3).values), abs=1e-9
    )


def test_without_clickstream_the_evidence_gives_its_own_points_and_the_level_stays(
    scorecard: FittedVersion, loans: MakeLoans
) -> None:
    held_out = loans(3000, seed=11)
    without = without_history(held_out, CLICKSTREAM)
    assert scorecard.predict(without).mean() == pytest.approx(held_out["label"].mean(), abs=0.05)
