from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.scoring.champion_challenger.swap_sets import (
    APPROVAL_RATES,
    CELLS,
    SENSITIVITY_SCHEMA,
    SWAP_SET_SCHEMA,
    difference_of_rates,
    n_approved_at_cut_off,
    n_approved_at_rate,
    swap_sensitivity,
    swap_set,
)
from credit_platform.statistics.intervals import jeffreys_interval
from credit_platform_tests.scoring.drawn_samples import honest_sample


def loans_of(label: list[int], champion: list[float], challenger: list[float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "case_id": [f"loan-{place:03}" for place in range(len(label))],
            "label": label,
            "champion_probability": champion,
            "challenger_probability": challenger,
        },
        schema_overrides={"label": pl.Int8, "champion_probability": pl.Float64, "challenger_probability": pl.Float64},
    )


@st.composite
def rivals(draw: st.DrawFn) -> pl.DataFrame:
    """Any number of loans, none included, with many ties in both probabilities."""
    n = draw(st.integers(0, 40))
    level = st.integers(0, 5).map(lambda fifth: fifth / 5)
    probabilities = [draw(st.lists(level, min_size=n, max_size=n)) for _ in range(2)]
    return loans_of(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)), *probabilities)


HAND = loans_of([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.7, 0.8], [0.1, 0.6, 0.7, 0.2, 0.3, 0.8])


def test_the_cells_are_those_counted_by_hand() -> None:
    cells = swap_set(HAND, n_approved=n_approved_at_cut_off(HAND, 0.5), confidence=0.95)
    assert cells["cell"].to_list() == list(CELLS)
    assert cells["n"].to_list() == [1, 2, 2, 1]
    assert cells["n_bad"].to_list() == [0, 1, 1, 1]
    assert cells["bad_rate"].to_list() == [0, 0.5, 0.5, 1]
    assert cells["champion_probability"].to_list() == pytest.approx([0.1, 0.65, 0.25, 0.8])
    assert cells["challenger_probability"].to_list() == pytest.approx([0.1, 0.25, 0.65, 0.8])
    swap_in = cells.filter(cell="swap_in").row(0, named=True)
    assert (swap_in["ci_low"], swap_in["ci_high"]) == jeffreys_interval(1, 2, 0.95)


@given(rivals(), st.floats(0, 1))
def test_counts_add_up_and_as_many_are_swapped_in_as_out(loans: pl.DataFrame, approval_rate: float) -> None:
    n_approved = n_approved_at_rate(loans, approval_rate)
    cells = swap_set(loans, n_approved=n_approved, confidence=0.9)
    assert cells.schema == pl.Schema(SWAP_SET_SCHEMA)
    n = dict(cells.select("cell", "n").iter_rows())
    assert cells["n"].sum() == loans.height
    assert cells["n_bad"].sum() == loans["label"].sum()
    assert n["swap_in"] == n["swap_out"]
    assert n["both_approve"] + n["swap_in"] == n_approved
    assert cells.filter(pl.col("bad_rate").is_null() != (pl.col("n") == 0)).is_empty()
    assert cells.filter((pl.col("ci_low") > pl.col("bad_rate")) | (pl.col("ci_high") < pl.col("bad_rate"))).is_empty()


@given(rivals(), st.floats(0, 1))
def test_a_model_swaps_nobody_against_itself(loans: pl.DataFrame, approval_rate: float) -> None:
    same = loans.with_columns(challenger_probability="champion_probability")
    cells = swap_set(same, n_approved=n_approved_at_rate(same, approval_rate), confidence=0.95)
    assert cells.filter(pl.col("cell").is_in(["swap_in", "swap_out"]))["n"].to_list() == [0, 0]


@given(rivals(), st.integers(0, 40), st.randoms(use_true_random=False))
def test_ties_do_not_hang_on_the_order_of_rows(loans: pl.DataFrame, n_approved: int, random: object) -> None:
    n_approved = min(n_approved, loans.height)
    order = list(range(loans.height))
    random.shuffle(order)  # type: ignore[attr-defined]
    cells = swap_set(loans, n_approved=n_approved, confidence=0.95)
    assert swap_set(loans[order], n_approved=n_approved, confidence=0.95).equals(cells)


@given(rivals())
def test_exchanging_the_models_exchanges_the_swaps(loans: pl.DataFrame) -> None:
    n_approved = loans.height // 2
    exchanged = loans.rename(
        {"champion_probability": "challenger_probability", "challenger_probability": "champion_probability"}
    )
    cells = swap_set(loans, n_approved=n_approved, confidence=0.95).select("cell", "n", "n_bad")
    other = swap_set(exchanged, n_approved=n_approved, confidence=0.95).select("cell", "n", "n_bad")
    names = {"swap_in": "swap_out", "swap_out": "swap_in"}
    assert other.with_columns(pl.col("cell").replace(names)).sort("cell").equals(cells.sort("cell"))


def test_at_its_own_cut_off_the_champion_approves_what_it_decided() -> None:
    assert n_approved_at_cut_off(HAND, 0.6) == 3
    assert n_approved_at_cut_off(HAND, 0.0) == 0
    assert n_approved_at_rate(HAND, 0.75) == 5


def test_a_better_ranker_lowers_the_bad_rate_at_every_approval_rate() -> None:
    label, probability = honest_sample(4000, seed=3)
    noisy = np.clip(probability + np.random.default_rng(4).normal(0, 0.3, 4000), 0, 1)
    loans = loans_of(label.tolist(), noisy.tolist(), probability.tolist())
    table = swap_sensitivity(loans, confidence=0.95)
    assert table.schema == pl.Schema(SENSITIVITY_SCHEMA)
    assert table["approval_rate"].unique().sort().to_list() == list(APPROVAL_RATES)
    assert (min(APPROVAL_RATES), max(APPROVAL_RATES), len(APPROVAL_RATES)) == (0.5, 0.95, 10)
    by_subject = table.filter(metric="bad_rate").partition_by("subject", as_dict=True)
    change = by_subject["difference",]
    gap = by_subject["challenger",]["value"] - by_subject["champion",]["value"]
    assert change["value"].to_list() == pytest.approx(gap.to_list(), abs=1e-12)
    assert (change["ci_high"] < 0).all()
    assert ((change["ci_low"] < change["value"]) & (change["value"] < change["ci_high"])).all()


def test_the_interval_of_the_change_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        bads, others = int(random.binomial(40, 0.1)), int(random.binomial(40, 0.3))
        low, high = difference_of_rates(bads, 40, others, 40, 0.9) or (1.0, 1.0)
        held += low <= -0.2 <= high
    assert 0.85 <= held / 300 <= 0.96


def test_models_that_swap_nobody_change_nothing_for_certain_and_no_loans_define_nothing() -> None:
    same = swap_sensitivity(HAND.with_columns(challenger_probability="champion_probability"), confidence=0.95)
    assert same.filter(subject="difference").select("value", "ci_low", "ci_high", "n").unique().rows() == [(0, 0, 0, 0)]
    nothing = swap_sensitivity(HAND.clear(), confidence=0.95)
    assert nothing["value"].null_count() == nothing["ci_low"].null_count() == nothing.height
    assert difference_of_rates(0, 0, 1, 2, 0.95) is None
