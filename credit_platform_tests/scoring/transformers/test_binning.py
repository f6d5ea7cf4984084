from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np
import polars as pl
import pytest

from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM, CLICKSTREAM_SUMS
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.transformers.binning import BinningPolicy, WoeBinning, fit_binning
from credit_platform.scoring.transformers.bins import LevelBins, NumberBins
from credit_platform.scoring.transformers.evidence import fit_evidence, without_history
from credit_platform.scoring.transformers.transformer import fit_transformer, load_transformer

MakeLoans = Callable[..., pl.DataFrame]
POLICY = BinningPolicy(evidence_pre_bins=50, evidence_min_bin_share=0.02)


@pytest.fixture(scope="module")
def train(loans: MakeLoans) -> pl.DataFrame:
    frame = loans(2000, seed=61)
    return pl.concat([without_history(frame[:200], CLICKSTREAM), frame[200:]])


@pytest.fixture(scope="module")
def fitted(train: pl.DataFrame) -> WoeBinning:
    return fit_binning(train, LOANS.features, [fit_evidence(train, CLICKSTREAM)], POLICY)


def bins_of(fitted: WoeBinning, feature: str) -> NumberBins | LevelBins:
    return next(bins for bins in (*fitted.numbers, *fitted.levels) if bins.feature == feature)


def woe_of(fitted: WoeBinning, frame: pl.DataFrame, feature: str) -> np.ndarray:
    return fitted.design_matrix(frame)[:, fitted.design_features().index(feature)]


def test_every_feature_has_one_column_and_the_sums_only_their_evidence(fitted: WoeBinning) -> None:
    assert fitted.design_features() == [*LOANS.features.numeric, CLICKSTREAM.feature, *LOANS.features.categorical]


def test_the_weight_of_a_loan_is_that_of_its_bin_counted_by_hand(fitted: WoeBinning, train: pl.DataFrame) -> None:
    bins = bins_of(fitted, "outstanding_debt_amount")
    assert isinstance(bins, NumberBins)
    first = train.filter(pl.col("outstanding_debt_amount") <= bins.uppers[0])
    goods, bads = (train.filter(label=value).height for value in (0, 1))
    of_bin = [first.filter(label=value).height for value in (0, 1)]
    by_hand = log((of_bin[0] / goods) / (of_bin[1] / bads))
    assert woe_of(fitted, first, "outstanding_debt_amount") == pytest.approx(by_hand, abs=1e-12)


def test_bins_hold_every_loan_once_and_go_the_way_risk_officers_expect(fitted: WoeBinning, train: pl.DataFrame) -> None:
    for bins in fitted.numbers:
        assert sum(one.n for one in (*bins.bins, bins.missing)) == train.height
        steps = np.diff([one.woe for one in bins.bins])
        assert (np.sign(steps) == -LOANS.features.directions.get(bins.feature, -np.sign(steps[:1]).sum())).all()


def test_a_value_at_a_bound_belongs_to_the_bin_below_it(fitted: WoeBinning, train: pl.DataFrame) -> None:
    bins = bins_of(fitted, "outstanding_debt_amount")
    assert isinstance(bins, NumberBins)
    bound = bins.uppers[1]
    at = train[:2].with_columns(pl.Series("outstanding_debt_amount", [bound, np.nextafter(bound, np.inf)]))
    expected = [bins.bins[1].woe, bins.bins[2].woe]
    assert woe_of(fitted, at, "outstanding_debt_amount").tolist() == expected


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf")])
def test_missing_and_what_is_no_number_have_a_bin_of_their_own(
    fitted: WoeBinning, train: pl.DataFrame, value: float | None
) -> None:
    salary = "monthly_inhand_salary_amount"
    gone = train[:1].with_columns(pl.lit(value, dtype=pl.Float64).alias(salary))
    bins = bins_of(fitted, salary)
    assert bins.missing.n == train[salary].null_count() > 0
    assert woe_of(fitted, gone, salary)[0] == bins.missing.woe != 0


def test_missing_that_training_never_saw_weighs_nothing(fitted: WoeBinning, train: pl.DataFrame) -> None:
    gone = train[:1].with_columns(pl.lit(None, dtype=pl.Float64).alias("outstanding_debt_amount"))
    assert woe_of(fitted, gone, "outstanding_debt_amount")[0] == 0


def test_rare_levels_stand_together_and_unseen_ones_weigh_nothing(train: pl.DataFrame) -> None:
    place = pl.int_range(pl.len())
    odd = train.with_columns(
        pl.when(place < 60).then(pl.lit("Pilot")).when(place < 120).then(pl.lit("Diver"))
        .otherwise(pl.col("occupation_group")).alias("occupation_group")
    )  # fmt: skip
    fitted = fit_binning(odd, LOANS.features, [fit_evidence(odd, CLICKSTREAM)], POLICY)
    bins = bins_of(fitted, "occupation_group")
    assert isinstance(bins, LevelBins)
    assert bins.rare_levels == ("Diver", "Pilot")
    assert bins.rare.n == 120
    assert set(bins.levels) == {"Lawyer", "Teacher", "Mechanic"}
    woe = woe_of(fitted, odd, "occupation_group")
    assert woe[0] == woe[119] == bins.rare.woe != 0
    unseen = train[:1].with_columns(pl.lit("Astronaut").alias("occupation_group"))
    assert woe_of(fitted, unseen, "occupation_group")[0] == 0
    missing = train[:1].with_columns(pl.lit(None, dtype=pl.String).alias("occupation_group"))
    assert woe_of(fitted, missing, "occupation_group")[0] == bins.missing.woe


def test_evidence_is_missing_without_any_history(fitted: WoeBinning, train: pl.DataFrame) -> None:
    without = without_history(train, CLICKSTREAM)
    bins = bins_of(fitted, CLICKSTREAM.feature)
    assert bins.missing.n == (train[CLICKSTREAM.months] == 0).sum()
    assert set(woe_of(fitted, without, CLICKSTREAM.feature)) == {bins.missing.woe}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308])
def test_sums_that_are_no_numbers_count_as_no_history(fitted: WoeBinning, train: pl.DataFrame, value: float) -> None:
    wild = train[:1].with_columns(
        pl.lit(5, dtype=pl.Int32).alias(CLICKSTREAM.months), *(pl.lit(value).alias(name) for name in CLICKSTREAM_SUMS)
    )
    bins = bins_of(fitted, CLICKSTREAM.feature)
    expected = [bins.missing.woe] if not np.isfinite(value) else [one.woe for one in (*bins.bins, bins.missing)]
    assert woe_of(fitted, wild, CLICKSTREAM.feature)[0] in expected


def test_a_feature_that_training_never_saw_weighs_nothing(loans: MakeLoans) -> None:
    blind = loans(300, seed=63).with_columns(pl.lit(None, dtype=pl.Float64).alias("debt_to_salary"))
    fitted = fit_binning(blind, LOANS.features, [fit_evidence(blind, CLICKSTREAM)], POLICY)
    assert (woe_of(fitted, loans(50, seed=64), "debt_to_salary") == 0).all()


def test_a_loan_weighs_the_same_alone_and_in_a_batch(fitted: WoeBinning, train: pl.DataFrame) -> None:
    whole = fitted.design_matrix(train[:50])
    assert all(np.array_equal(fitted.design_matrix(train[row : row + 1])[0], whole[row]) for row in range(50))


def test_binning_is_read_back_to_the_last_bit(fitted: WoeBinning, train: pl.DataFrame) -> None:
    restored = WoeBinning.from_json(fitted.to_json(), [CLICKSTREAM])
    assert restored == fitted
    assert restored.to_json() == fitted.to_json()
    assert np.array_equal(restored.design_matrix(train), fitted.design_matrix(train))


def test_the_kind_of_transformer_takes_its_limits_from_the_params(train: pl.DataFrame) -> None:
    params = {"C": 1.0, "evidence_pre_bins": 50, "evidence_min_bin_share": 0.02}
    by_kind = fit_transformer("weight_of_evidence", train, LOANS.features, params)
    assert by_kind == fit_binning(train, LOANS.features, [fit_evidence(train, CLICKSTREAM)], POLICY)
    assert load_transformer("weight_of_evidence", by_kind.to_json(), LOANS.features) == by_kind


def test_no_loan_gives_an_empty_design(fitted: WoeBinning, train: pl.DataFrame) -> None:
    assert fitted.design_matrix(train[:0]).shape == (0, len(fitted.design_features()))
