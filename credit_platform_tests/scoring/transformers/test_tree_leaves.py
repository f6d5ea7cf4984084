from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.portfolios.feature_set import COMBINATIONS
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.transformers.binning import BinningPolicy, WoeBinning, fit_binning
from credit_platform.scoring.transformers.evidence import fit_evidence, without_history
from credit_platform.scoring.transformers.tree_leaves import Condition, LeafBins, TreePolicy
from credit_platform_tests.scoring.scorecard.leaf_sentences import is_true

MakeLoans = Callable[..., pl.DataFrame]
POLICY = TreePolicy(trees=3, tree_leaves=8, min_leaf_share=0.05)
DEBT, SALARY = "outstanding_debt_amount", "monthly_inhand_salary_amount"


def together(loans: pl.DataFrame) -> pl.DataFrame:
    """Loans whose default follows from debt and salary only together, and whose credit mix says something."""
    much = (pl.col(DEBT) > 1300) & ~(pl.col(SALARY) > 3000).fill_null(value=False)
    also = (pl.col("credit_mix") == "Bad") & (pl.col("n_loans") > 5)
    turned = pl.Series(np.random.default_rng(1).random(loans.height) < 0.1)  # no leaf is of one class only
    return loans.with_columns(label=((much | also).fill_null(value=False) ^ turned).cast(pl.Int8))


def fit(train: pl.DataFrame, policy: TreePolicy = POLICY) -> WoeBinning:
    return fit_binning(train, LOANS.features, [fit_evidence(train, CLICKSTREAM)], BinningPolicy(), policy)


@pytest.fixture(scope="module")
def train(loans: MakeLoans) -> pl.DataFrame:
    return together(loans(1500, seed=41))


@pytest.fixture(scope="module")
def fitted(train: pl.DataFrame) -> WoeBinning:
    return fit(train)


def leaves_of(fitted: WoeBinning) -> list[LeafBins]:
    assert [one.feature for one in fitted.combinations] == list(COMBINATIONS)[: len(fitted.combinations)]
    return list(fitted.combinations)


def test_a_tree_says_what_features_say_together(fitted: WoeBinning) -> None:
    first = leaves_of(fitted)[0]
    riskiest = min(first.leaves, key=lambda leaf: leaf.bin.woe)
    assert {DEBT, SALARY} <= set(riskiest.features)
    assert {condition.feature for leaf in first.leaves for condition in leaf.conditions} & {"credit_mix", "n_loans"}
    assert (riskiest.bin.bad_rate or 0) > 0.8


def test_leaves_count_every_training_loan_once_with_enough_bads_and_goods(
    fitted: WoeBinning, train: pl.DataFrame
) -> None:
    for one in leaves_of(fitted):
        assert sum(leaf.bin.n for leaf in one.leaves) == train.height
        assert sum(leaf.bin.n_bad for leaf in one.leaves) == train["label"].sum()
        assert all(10 <= leaf.bin.n_bad <= leaf.bin.n - 10 for leaf in one.leaves)
        assert all(leaf.bin.n >= 0.05 * train.height for leaf in one.leaves)
        assert 2 <= len(one.leaves) <= 8


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_every_loan_is_in_the_one_leaf_whose_sentence_is_true(
    *, fitted: WoeBinning, loans: MakeLoans, seed: int
) -> None:
    random = np.random.default_rng(seed)
    month = loans(40, seed=seed).with_columns(
        pl.when(pl.Series(random.random(40) < 0.2)).then(pl.lit(odd)).otherwise(pl.col(name)).alias(name)
        for name, odd in ((DEBT, None), (SALARY, float("nan")), ("credit_mix", None), ("debt_to_salary", float("inf")))
    )
    rows = month.to_dicts()
    for one in leaves_of(fitted):
        true = np.array([[is_true(leaf.sentence, row) for leaf in one.leaves] for row in rows])
        assert (true.sum(axis=1) == 1).all()
        assert (true.argmax(axis=1) == one.places(month)).all()


def test_a_leaf_is_the_same_with_and_without_history(fitted: WoeBinning, train: pl.DataFrame) -> None:
    without = without_history(train, CLICKSTREAM)
    for one in leaves_of(fitted):
        assert (one.places(train) == one.places(without)).all()


def test_trees_read_no_history_and_nothing_that_may_not_be_a_reason(fitted: WoeBinning) -> None:
    assert CLICKSTREAM.months not in LOANS.features.combinable
    used = {feature for one in leaves_of(fitted) for leaf in one.leaves for feature in leaf.features}
    assert used <= set(LOANS.features.combinable)
    assert "credit_mix" in LOANS.features.combinable
    withheld = {name for name, reason in LOANS.features.reasons.items() if not reason["is_given"]}
    assert withheld
    assert not withheld & set(LOANS.features.combinable)


def test_later_trees_do_without_what_earlier_ones_split_first(fitted: WoeBinning) -> None:
    firsts = [one.leaves[0].features[0] for one in leaves_of(fitted)]
    assert len(set(firsts)) == len(firsts)
    for place, one in enumerate(leaves_of(fitted)):
        assert not set(firsts[:place]) & {feature for leaf in one.leaves for feature in leaf.features}


def test_they_are_read_back_from_json_and_absent_where_there_are_none(fitted: WoeBinning, train: pl.DataFrame) -> None:
    assert WoeBinning.from_json(fitted.to_json(), [CLICKSTREAM]) == fitted
    plain = fit(train, TreePolicy(trees=0))
    assert plain.combinations == ()
    assert b"combinations" not in plain.to_json()
    assert plain == fit_binning(train, LOANS.features, [fit_evidence(train, CLICKSTREAM)], BinningPolicy())


def test_where_there_is_nothing_to_split_there_is_no_tree(train: pl.DataFrame) -> None:
    assert fit(train[:18]).combinations == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("trees", 4), ("trees", -1), ("trees", True), ("tree_leaves", 1), ("tree_leaves", 65), ("tree_leaves", 8.0)]
    + [("min_leaf_share", share) for share in (0, 0.51, "much", True)],
)
def test_a_param_that_is_no_limit_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        TreePolicy.from_params({name: value})


def test_params_of_others_are_left_alone() -> None:
    assert TreePolicy.from_params({"C": 1.0, "trees": 2}) == TreePolicy(trees=2)
    assert TreePolicy().trees == 0


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (Condition("x", above=0.1, up_to=1234567.5), "x above 0.1 up to 1,234,567.5"),
        (Condition("x", is_known=False, or_missing=True), "x missing"),
        (Condition("x"), "x known"),
        (Condition("is_x", above=0.0, or_missing=True), "is_x is yes or missing"),
        (Condition("x", levels=("a",), others=("b",), or_missing=True), "x is a or missing"),
        (Condition("x", others=("a", "b"), or_missing=True), "x missing"),
    ],
)
def test_the_words_of_a_condition(condition: Condition, sentence: str) -> None:
    assert condition.in_words() == sentence
