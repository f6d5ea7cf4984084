"""Bins that are set by hand: every value is in one, and what is set is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.scorecard.document import number_words
from credit_platform.scoring.transformers.binning import BinningPolicy, WoeBinning, fit_binning
from credit_platform.scoring.transformers.bins import Bin, NumberBins, SpecialBin, number_places
from credit_platform.scoring.transformers.evidence import fit_evidence
from credit_platform.scoring.transformers.tree_leaves import TreePolicy

MakeLoans = Callable[..., pl.DataFrame]
DEBT = "outstanding_debt_amount"
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3) + 0.0)


def fitted_bins(train: pl.DataFrame, said: Mapping[str, CharacteristicPolicy], feature: str = DEBT) -> NumberBins:
    evidence = [fit_evidence(train, CLICKSTREAM)]
    binning = fit_binning(train, LOANS.features, evidence, BinningPolicy(), by_hand=said)
    assert WoeBinning.from_json(binning.to_json(), [CLICKSTREAM]) == binning
    return next(bins for bins in binning.numbers if bins.feature == feature)


@pytest.fixture(scope="module")
def train(loans: MakeLoans) -> pl.DataFrame:
    """Loans of which some have no debt on record, told as -1 or 99999, and some are missing."""
    frame, row = loans(2000, seed=81), pl.int_range(pl.len())
    return frame.with_columns(
        pl.when(row % 10 == 0).then(-1.0).when(row % 10 == 1).then(99999.0).when(row % 10 == 2).then(None)
        .otherwise(pl.col(DEBT)).alias(DEBT)
    )  # fmt: skip


@given(
    uppers=st.lists(NUMBERS, max_size=6, unique=True).map(sorted),
    groups=st.lists(st.lists(NUMBERS, min_size=1, max_size=3), max_size=3),
    values=st.lists(NUMBERS | st.just(float("nan")), min_size=1, max_size=30),
)
@settings(max_examples=200)
def test_every_value_is_in_one_bin_and_a_special_one_in_its_own(
    uppers: list[float], groups: list[list[float]], values: list[float]
) -> None:
    owned = {number: at for at, group in enumerate(groups) for number in group}
    groups = [[number for number in group if owned[number] == at] for at, group in enumerate(groups)]
    values += [number for group in groups for number in group] + uppers
    for value, place in zip(values, number_places(np.array(values), uppers, groups).tolist(), strict=True):
        homes = [len(uppers) + 1 + at for at, group in enumerate(groups) if value in group]
        if not homes and not np.isnan(value):
            bounds = [-np.inf, *uppers, np.inf]
            homes = [at for at in range(len(uppers) + 1) if bounds[at] < value <= bounds[at + 1]]
        assert [place] == (homes or [len(uppers) + 1 + len(groups)])


def test_special_values_have_a_bin_apart_from_missing_and_from_the_others(train: pl.DataFrame) -> None:
    said = CharacteristicPolicy(special_values={"no record": (-1.0, 99999.0)})
    bins, plain = fitted_bins(train, {DEBT: said}), fitted_bins(train, {})
    (special,) = bins.special
    loans_of = train.filter(pl.col(DEBT).is_in([-1.0, 99999.0]))
    assert (special.name, special.values) == ("no record", (-1.0, 99999.0))
    assert (special.bin.n, special.bin.n_bad) == (loans_of.height, loans_of["label"].sum()) == (400, special.bin.n_bad)
    assert bins.missing == plain.missing
    assert bins.missing.n == 200
    goods, bads = (train.filter(label=value).height for value in (0, 1))
    of_bin = [loans_of.filter(label=value).height for value in (0, 1)]
    assert special.bin.woe == pytest.approx(log((of_bin[0] / goods) / (of_bin[1] / bads)), abs=1e-12)
    assert sum(one.n for one in bins.every_bin) == train.height
    assert max(bins.uppers) < 99999
    woe = bins.woe_of(np.array([-1.0, 99999.0, np.nan, -1.5, 1e9]))
    assert woe.tolist() == [special.bin.woe] * 2 + [bins.missing.woe, bins.bins[0].woe, bins.bins[-1].woe]


def test_the_other_bins_are_cut_as_if_loans_with_special_values_were_missing(train: pl.DataFrame) -> None:
    said = CharacteristicPolicy(special_values={"no record": (-1.0, 99999.0)})
    without = train.with_columns(pl.when(pl.col(DEBT).is_in([-1.0, 99999.0])).then(None).otherwise(DEBT).alias(DEBT))
    assert fitted_bins(train, {DEBT: said}).uppers == fitted_bins(without, {}).uppers


def test_cut_points_are_kept_as_they_are_even_where_a_bin_is_small(train: pl.DataFrame) -> None:
    bins = fitted_bins(train, {DEBT: CharacteristicPolicy(cut_points=(-5000.0, 1200.0, 1200.5))})
    assert bins.uppers == (-5000.0, 1200.0, 1200.5)
    assert bins.bins[0] == Bin(0, 0, 0.0, 0.0)
    assert bins.bins[2].n < 10
    assert bins.bins[2].woe == 0.0
    assert bins.bins[1].woe > bins.bins[3].woe


def test_without_cut_points_all_values_are_one_bin(train: pl.DataFrame) -> None:
    bins = fitted_bins(train, {DEBT: CharacteristicPolicy(cut_points=())})
    assert (bins.uppers, len(bins.bins), bins.bins[0].n) == ((), 1, 1800)


def test_a_direction_by_hand_takes_the_place_of_the_declared_one(loans: MakeLoans) -> None:
    train = loans(2000, seed=82)
    assert len(fitted_bins(train, {}).bins) > 2  # declared: the more debt the riskier, and so it is
    assert len(fitted_bins(train, {DEBT: CharacteristicPolicy(direction="falling")}).bins) == 1
    assert fitted_bins(train, {DEBT: CharacteristicPolicy(direction="rising")}) == fitted_bins(train, {})


def test_without_a_direction_a_risk_in_the_middle_is_found(loans: MakeLoans) -> None:
    train = loans(3000, seed=83)
    middle = np.random.default_rng(5).normal(0, 1, 3000)
    risky = np.abs(middle) < 0.7
    label = (np.random.default_rng(6).random(3000) < np.where(risky, 0.5, 0.1)).astype(np.int8)
    train = train.with_columns(label=pl.Series(label), invested_amount=pl.Series(middle))
    said = {"invested_amount": CharacteristicPolicy(direction="none")}
    bins = fitted_bins(train, said, "invested_amount")
    assert 3 <= len(bins.bins) <= 5  # a bin may lie across the edge
    assert min(one.woe for one in bins.bins[1:-1]) < min(bins.bins[0].woe, bins.bins[-1].woe) - 1
    one_way = fitted_bins(train, {}, "invested_amount")
    assert sum(one.iv for one in bins.every_bin) > 2 * sum(one.iv for one in one_way.every_bin)


def test_the_order_of_names_in_policy_changes_no_byte(train: pl.DataFrame) -> None:
    groups = {"no record": (-1.0,), "above": (99999.0,)}
    one = fitted_bins(train, {DEBT: CharacteristicPolicy(special_values=groups)})
    other = fitted_bins(train, {DEBT: CharacteristicPolicy(special_values=dict(reversed(groups.items())))})
    assert one == other
    assert [special.name for special in one.special] == ["above", "no record"]


def test_bins_of_an_earlier_release_have_no_special_values(train: pl.DataFrame) -> None:
    import json

    binning = fit_binning(train, LOANS.features, [fit_evidence(train, CLICKSTREAM)], BinningPolicy())
    content = json.loads(binning.to_json())
    for one in content["numbers"]:
        del one["special"]
    assert WoeBinning.from_json(json.dumps(content).encode(), [CLICKSTREAM]) == binning


def test_trees_split_by_nothing_that_is_excluded_or_has_special_values(train: pl.DataFrame) -> None:
    trees = TreePolicy(trees=1, tree_leaves=8, min_leaf_share=0.03)

    def split_by(**said: CharacteristicPolicy) -> set[str]:
        evidence = [fit_evidence(train, CLICKSTREAM)]
        binning = fit_binning(train, LOANS.features, evidence, BinningPolicy(), trees, by_hand=said)
        return {feature for one in binning.combinations for leaf in one.leaves for feature in leaf.features}

    assert DEBT in split_by()
    assert DEBT not in split_by(**{DEBT: CharacteristicPolicy(use="exclude")})
    assert DEBT not in split_by(**{DEBT: CharacteristicPolicy(special_values={"no record": (-1.0,)})})
    assert DEBT in split_by(**{DEBT: CharacteristicPolicy(use="force")})


def test_words_of_hand_set_bounds_are_the_bounds() -> None:
    assert number_words("debt", (20000.0, 50000.5)) == ["up to 20,000", "over 20,000 up to 50,000.5", "over 50,000.5"]
    assert SpecialBin("no record", (-1.0,), Bin(0, 0, 0.0, 0.0)).values == (-1.0,)
