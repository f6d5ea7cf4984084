from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.model_spec import RebalancingShares
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import Design
from credit_platform.scoring.training.samples import rebalance
from credit_platform.scoring.training.version import fit_version

Kind = Literal["downsample", "smote"]
KINDS: tuple[Kind, ...] = ("downsample", "smote")
EVEN = RebalancingShares(smote=0.6, downsample=1.0)
MakeLoans = Callable[..., pl.DataFrame]


def design(n: int, n_bad: int, seed: int = 1) -> Design:
    random = np.random.default_rng(seed)
    return Design(random.normal(size=(n, 3)), np.array([1] * n_bad + [0] * (n - n_bad), dtype=np.int8))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 60), share=st.floats(0, 1))
def test_afterwards_both_classes_have_as_many_loans(*, kind: Kind, n: int, share: float) -> None:
    n_bad = min(max(int(n * share), 1), n - 1)
    given_loans = design(n, n_bad)
    even = rebalance(given_loans, kind, seed=3)
    assert even.label.sum() * 2 == len(even.label) == len(even.values)
    assert len(even.label) == 2 * (min if kind == "downsample" else max)(n_bad, n - n_bad)


def test_downsampling_keeps_loans_as_they_are_and_all_of_the_rarer_class() -> None:
    loans = design(200, 40)
    even = rebalance(loans, "downsample", seed=3)
    assert np.array_equal(even.values[even.label == 1], loans.values[:40])
    rows = {tuple(row) for row in loans.values[40:]}
    kept = [tuple(row) for row in even.values[even.label == 0]]
    assert set(kept) <= rows
    assert len(set(kept)) == 40


def test_made_up_loans_stand_behind_and_lie_between_two_of_their_class() -> None:
    loans = design(200, 40)
    even = rebalance(loans, "smote", seed=3)
    assert np.array_equal(even.values[:200], loans.values)
    bads, made = loans.values[:40], even.values[200:]
    assert (even.label[200:] == 1).all()
    for row in made:
        # On the line between two loans the way over it is no longer than the way past it.
        ways = np.linalg.norm(bads - row, axis=1)
        pairs = np.linalg.norm(bads[:, None] - bads[None], axis=2)
        assert (ways[:, None] + ways[None] - pairs)[~np.eye(40, dtype=bool)].min() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_loans_and_another_seed_others(kind: Kind) -> None:
    loans = design(200, 40)
    assert np.array_equal(rebalance(loans, kind, seed=3).values, rebalance(loans, kind, seed=3).values)
    assert not np.array_equal(rebalance(loans, kind, seed=3).values, rebalance(loans, kind, seed=4).values)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(2, 80),
    share=st.floats(0, 1),
    smote=st.sampled_from([0.1, 0.25, 0.5, 1.0]),
    more=st.sampled_from([1.0, 1.5, 3.0]),
)
def test_bads_are_added_up_to_their_share_of_goods_and_then_goods_left_out(
    n: int, share: float, smote: float, more: float
) -> None:
    n_bad = min(max(int(n * share), 1), n - 1)
    n_good = n - n_bad
    shares = RebalancingShares(smote=smote, downsample=min(smote * more, 1.0))
    given_loans = design(n, n_bad)
    made = rebalance(given_loans, "smote_downsample", shares, seed=3)
    bads = max(n_bad, round(smote * n_good))
    assert int(made.label.sum()) == bads
    assert int((made.label == 0).sum()) == min(n_good, round(bads / shares.downsample))
    # Every loan is one of the given ones, but for the bads that were made.
    goods = {tuple(row) for row in given_loans.values[n_bad:]}
    assert {tuple(row) for row in made.values[made.label == 0]} <= goods
    assert np.array_equal(made.values[made.label == 1][:n_bad], given_loans.values[:n_bad])


def test_both_steps_are_repeated_by_the_same_seed() -> None:
    loans, shares = design(300, 20), RebalancingShares(smote=0.2, downsample=0.5)
    once, again, other = (rebalance(loans, "smote_downsample", shares, seed=seed) for seed in (3, 3, 4))
    assert (int(once.label.sum()), len(once.label)) == (56, 56 + 112)
    assert np.array_equal(once.values, again.values)
    assert not np.array_equal(once.values, other.values)


def test_none_changes_nothing() -> None:
    loans = design(20, 4)
    assert rebalance(loans, "none", seed=3) is loans


@pytest.mark.parametrize("kind", [*KINDS, "smote_downsample"])
@pytest.mark.parametrize("model", ["scorecard", "gradient_boosting"])
def test_recalibration_keeps_probabilities_honest_after_rebalancing(
    model: str, kind: str, config: ModelConfig, loans: MakeLoans
) -> None:
    spec = config.models[model].model_copy(update={"rebalancing": kind, "rebalancing_shares": EVEN})
    even = config.model_copy(update={"models": {model: spec}})
    version = fit_version(model, loans(900, seed=1), loans(2000, seed=2), even, portfolio=LOANS)
    held_out = loans(2000, seed=3)
    observed = held_out["label"].mean()
    assert version.predict(held_out).mean() == pytest.approx(observed, abs=0.03)
    # What the model itself says is of a book with as many bads as goods.
    assert version.predict_raw(held_out).mean() > version.predict(held_out).mean() + 0.04


def test_uncalibrated_probabilities_are_the_algorithms_own(config: ModelConfig, loans: MakeLoans) -> None:
    spec = config.models["gradient_boosting"].model_copy(update={"calibration": "none"})
    plain = config.model_copy(update={"models": {"gradient_boosting": spec}})
    version = fit_version("gradient_boosting", loans(900, seed=1), loans(300, seed=2), plain, portfolio=LOANS)
    held_out = loans(100, seed=3)
    assert np.array_equal(version.predict(held_out), version.predict_raw(held_out))
