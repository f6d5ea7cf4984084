from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from credit_platform.policy.model_config import Economics
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.grades import CUT_OFFS_SCHEMA, cut_off_table
from credit_platform.statistics.calibration import probability_of
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample, samples

ECONOMICS = Economics(loss_given_default=0.6, margin=0.2)


def best_cut_off(table: pl.DataFrame) -> float | None:
    """The cut-off of the highest expected value in a table of one sample; None without loans."""
    best = table.filter("is_best")["cut_off"]
    return None if best.is_empty() else float(best[0])


def test_the_value_of_a_cut_off_is_that_counted_by_hand() -> None:
    label, probability = np.array([0, 0, 1, 0, 1], dtype=np.int8), np.array([0.1, 0.2, 0.3, 0.6, 0.9])
    table = cut_off_table(label, probability, cut_off=0.5, economics=ECONOMICS)
    policy = table.filter("is_policy").row(0, named=True)
    assert (policy["cut_off"], policy["n_approved"], policy["approval_rate"]) == (0.5, 3, 0.6)
    assert policy["bad_rate_approved"] == pytest.approx(1 / 3)
    assert policy["expected_value"] == pytest.approx((0.2 + 0.2 - 0.6) / 5)
    assert best_cut_off(table) == 0.21
    assert table.filter("is_best")["expected_value"].item() == pytest.approx(0.4 / 5)


def test_a_loan_at_the_cut_off_is_declined() -> None:
    table = cut_off_table(np.array([0], dtype=np.int8), np.array([0.5]), cut_off=0.5, economics=ECONOMICS)
    assert table.filter("is_policy")["n_approved"].item() == 0
    assert table.filter(pl.col("cut_off") > 0.5)["n_approved"].min() == 1


def test_a_policy_between_the_steps_and_the_break_even_have_rows_of_their_own() -> None:
    table = cut_off_table(
        *honest_sample(500, seed=7), cut_off=0.333, economics=LOANS.load_policy().model.scoring.economics
    )
    assert table.filter("is_policy")["cut_off"].to_list() == [0.333]
    assert 0.25 in table["cut_off"].to_list()
    assert table.height == 102


def test_with_honest_probabilities_the_best_cut_off_is_the_break_even_probability() -> None:
    # The outcome put at its expectation: a thousandfold sample of each probability.
    probability = np.repeat(np.arange(0.005, 1, 0.01), 1000)
    label = (np.tile(np.arange(1000), 100) < probability * 1000 - 0.5).astype(np.int8)
    economics = Economics(loss_given_default=0.45, margin=0.15)
    table = cut_off_table(label, probability, cut_off=0.5, economics=economics)
    assert economics.break_even_probability == pytest.approx(0.25)
    assert best_cut_off(table) == pytest.approx(0.25)


@given(samples())
def test_more_is_approved_the_higher_the_cut_off(sample: tuple[LabelArray, FloatArray]) -> None:
    label, probability = sample
    table = cut_off_table(label, probability, cut_off=0.5, economics=ECONOMICS)
    assert table.schema == pl.Schema(CUT_OFFS_SCHEMA)
    assert table["cut_off"].is_sorted()
    assert table["n_approved"].is_sorted()
    assert table["n_approved"][0] == 0
    assert table["bad_rate_approved"][0] is None
    assert table["expected_value"][0] == 0
    assert table["is_policy"].sum() == table["is_best"].sum() == 1
    assert (table["expected_value_low"] <= table["expected_value"]).all()
    for row in table.gather_every(10).iter_rows(named=True):
        approved = label[probability < row["cut_off"]]
        assert row["n_approved"] == len(approved)
        value = 0.2 * (approved == 0).sum() - 0.6 * approved.sum()
        assert row["expected_value"] == pytest.approx(value / len(label), abs=1e-12)


def test_the_interval_of_the_value_holds_the_truth_as_often_as_it_says() -> None:
    truth = probability_of(np.random.default_rng(0).normal(-1.0, 1.4, 400_000))
    expected = np.where(truth < 0.5, 0.2 * (1 - truth) - 0.6 * truth, 0).mean()
    held = 0
    for seed in range(1, 201):
        row = cut_off_table(*honest_sample(400, seed), cut_off=0.5, economics=ECONOMICS).filter("is_policy")
        held += row["expected_value_low"].item() <= expected <= row["expected_value_high"].item()
    assert 0.90 <= held / 200 <= 0.99


def test_without_loans_no_cut_off_is_best() -> None:
    nothing = np.array([], dtype=np.int8), np.array([], dtype=np.float64)
    table = cut_off_table(*nothing, cut_off=0.5, economics=ECONOMICS)
    assert best_cut_off(table) is None
    assert table["expected_value"].null_count() == table["approval_rate"].null_count() == table.height
