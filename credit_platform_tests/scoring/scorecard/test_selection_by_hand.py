"""Characteristics that policy forces or excludes, and signs that cannot be defended."""

from __future__ import annotations

import numpy as np
import pytest

from credit_platform.errors import TrainingError
from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.model_spec import ModelSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.scorecard.selection import EXCLUDED
from credit_platform.scoring.training.version import fit_version
from credit_platform_tests.scoring.conftest import make_loans
from credit_platform_tests.scoring.nearest_mean import NearestMeanEstimator


def fit(values: np.ndarray, label: np.ndarray, **use: str) -> ScorecardEstimator:
    said = {name: CharacteristicPolicy.model_validate({"use": each}) for name, each in use.items()}
    spec = ModelSpec(
        alias="m", algorithm="scorecard", params={"C": 1.0, "min_iv": 0.02, "max_vif": 5.0}, characteristics=said
    )
    names = tuple("abcdefgh"[: values.shape[1]])
    return ScorecardEstimator.fit(Design(values, label), Design(values, label), task=FitTask("m", spec, 42, names))


def sample(n: int = 3000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """a and b tell, c is nearly a and tells a little more, d is noise that leans the right way, e never varies."""
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.3).astype(np.int8)
    values = np.round(random.normal(size=(n, 5)) - 0.8 * label[:, None], 1)
    values[:, 2] = values[:, 0] + np.round(0.3 * (random.normal(size=n) - 0.12 * label), 1)
    values[:, 3] = np.round(random.normal(size=n) - 0.03 * label, 1)
    values[:, 4] = 0.0
    return values, label


def dropped(card: ScorecardEstimator) -> dict[str, str | None]:
    return {one.feature: one.dropped for one in card.characteristics}


def test_what_is_forced_stays_whatever_it_tells_and_whatever_it_shares_with_others() -> None:
    plain, forced = dropped(fit(*sample())), dropped(fit(*sample(), a="force", c="force", d="force"))
    assert plain["d"] is not None
    assert (plain["a"] is None) != (plain["c"] is None)
    assert [name for name, reason in forced.items() if reason is None] == ["a", "b", "c", "d"]
    card = fit(*sample(), a="force", c="force", d="force")
    assert max(one.variance_inflation or 0 for one in card.characteristics) > 5


def test_of_a_collinear_pair_the_one_that_is_not_forced_goes() -> None:
    for kept, goes in (("a", "c"), ("c", "a")):
        found = dropped(fit(*sample(), **{kept: "force"}))
        assert found[kept] is None
        assert "variance inflation" in (found[goes] or "")


def test_what_is_excluded_is_dropped_with_that_reason_and_the_card_is_that_of_the_rest() -> None:
    values, label = sample()
    card = fit(values, label, a="exclude")
    assert dropped(card)["a"] == EXCLUDED == "excluded by policy"
    assert dropped(card)["c"] is None
    rest = fit(np.delete(values, 0, axis=1), label)
    assert [one.weight for one in card.characteristics][1:] == [one.weight for one in rest.characteristics]
    assert card.characteristics[0].by_hand == {"models.m.characteristics.a.use": "exclude"}
    assert card.characteristics[1].by_hand == {}
    assert ScorecardEstimator.from_bytes(card.to_bytes()) == card


def test_a_forced_characteristic_that_would_turn_its_evidence_round_is_refused_with_its_key() -> None:
    random = np.random.default_rng(4)
    label = (random.random(4000) < 0.3).astype(np.int8)
    told = np.round(random.normal(size=4000) - 1.5 * label, 1)
    echo = np.round(0.8 * told + 0.5 * random.normal(size=4000) + 0.4 * label, 1)  # against the label, given the first
    values = np.column_stack([told, echo])
    assert "would turn its evidence round" in (dropped(fit(values, label))["b"] or "")
    message = r"model m: models\.m\.characteristics\.b\.use is force, and its weight .* would turn .* exclude a, which"
    with pytest.raises(TrainingError, match=message):
        fit(values, label, b="force")
    # Without what it overlaps with its sign is right.
    assert dropped(fit(values, label, a="exclude", b="force"))["b"] is None


def test_a_forced_characteristic_without_variation_or_with_a_forced_copy_is_refused() -> None:
    values, label = sample()
    with pytest.raises(TrainingError, match=r"characteristics\.e\.use is force, and all its bins weigh the same"):
        fit(values, label, e="force")
    values[:, 2] = values[:, 0]
    with pytest.raises(TrainingError, match=r"characteristics\.[ac]\.use is force, and it is a copy of other forced"):
        fit(values, label, a="force", c="force")


def test_nothing_is_left_where_all_is_excluded() -> None:
    values, label = sample()
    with pytest.raises(TrainingError, match="no feature is fit for a scorecard"):
        fit(values, label, **dict.fromkeys("abcd", "exclude"))


@pytest.mark.parametrize(
    ("algorithm", "said", "message"),
    [
        ("scorecard", {"annual_incme": {"use": "force"}}, r"models\.card\.characteristics\.annual_incme is no feature"),
        ("scorecard", {"credit_mix": {"cut_points": (1.0,)}}, r"characteristics\.credit_mix\.cut_points cannot be set"),
        (
            f"{NearestMeanEstimator.__module__}:{NearestMeanEstimator.__name__}",
            {"credit_mix": {"use": "exclude"}},
            r"models\.card\.characteristics cannot be set: .*NearestMeanEstimator has no bins",
        ),
    ],
)
def test_a_training_refuses_what_cannot_be_set(
    config: ModelConfig, algorithm: str, said: dict[str, dict[str, object]], message: str
) -> None:
    characteristics = {name: CharacteristicPolicy.model_validate(each) for name, each in said.items()}
    spec = ModelSpec(alias="card", algorithm=algorithm, params={}, characteristics=characteristics)
    chosen = config.model_copy(update={"models": {"card": spec}})
    with pytest.raises(TrainingError, match=message):
        fit_version("card", make_loans(300, seed=1), make_loans(200, seed=2), chosen, portfolio=LOANS)
