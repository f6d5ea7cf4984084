from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.champion_challenger import comparison as rivalry_module
from credit_platform.scoring.champion_challenger.comparison import (
    METRICS,
    PAIRED_SCHEMA,
    PairedComparison,
    common_loans,
    compare,
    compare_models,
)
from credit_platform.statistics.discrimination import brier, ks
from credit_platform.statistics.intervals import Interval
from credit_platform_tests.scoring.champion_challenger.paired_loans import paired_loans
from credit_platform_tests.scoring.drawn_samples import honest_sample

COHORT, AS_OF = date(2024, 7, 1), date(2025, 1, 1)


def predictions(*, role: str = "post", cohort: date = COHORT, loans: tuple[str, ...] = ("a", "b")) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "snapshot_month": [cohort] * len(loans),
            "loan_id": list(loans),
            "default_probability": [0.2, 0.7][: len(loans)],
            "sample_role": [role] * len(loans),
        }
    )


def labels(*, cohort: date = COHORT, lag: int = 6) -> pl.DataFrame:
    rows = {"snapshot_month": [add_months(cohort, lag)] * 2, "cohort": [cohort] * 2, "loan_id": ["a", "b"]}
    return pl.DataFrame(rows | {"label": [0, 1]}, schema_overrides={"label": pl.Int8})


def common(champion: pl.DataFrame, challenger: pl.DataFrame, known: pl.DataFrame, as_of: date = AS_OF) -> pl.DataFrame:
    return common_loans(champion, challenger, known, as_of=as_of, mob=6, case_key="loan_id")


def test_a_loan_is_common_when_both_scored_it_unseen_and_its_outcome_is_known() -> None:
    found = common(predictions(), predictions(), labels())
    assert found.schema == pl.Schema(PAIRED_SCHEMA)
    assert found.select("case_id", "label", "champion_probability", "challenger_probability").rows() == [
        ("a", 0, 0.2, 0.2),
        ("b", 1, 0.7, 0.7),
    ]
    assert common(predictions(), predictions(loans=("a",)), labels())["case_id"].to_list() == ["a"]
    assert common(predictions(), predictions(), labels().head(1))["case_id"].to_list() == ["a"]


@pytest.mark.parametrize("role", ["train", "validation", "test", "oot", "outside"])
def test_a_cohort_one_version_was_developed_on_is_never_used(role: str) -> None:
    assert common(predictions(role=role), predictions(), labels()).is_empty()
    assert common(predictions(), predictions(role=role), labels()).is_empty()


def test_a_cohort_that_is_not_mature_is_never_used_even_if_a_label_lies_there() -> None:
    assert common(predictions(), predictions(), labels(), as_of=add_months(AS_OF, -1)).is_empty()
    early = labels(lag=3)
    assert common(predictions(), predictions(), early, as_of=add_months(AS_OF, -1)).is_empty()


def ends(interval: Interval | None) -> Interval:
    assert interval is not None
    return interval


def test_the_difference_is_challenger_minus_champion_and_lies_in_its_interval() -> None:
    label, probability = honest_sample(800, seed=1)
    worse = np.clip(probability + np.random.default_rng(2).normal(0, 0.3, 800), 0.001, 0.999)
    found = compare(label, worse, probability, confidence=0.95, seed=42)
    assert (found.n, found.n_bad, found.n_of_smaller_class) == (800, label.sum(), min(label.sum(), 800 - label.sum()))
    assert (found.champion["ks"].value, found.challenger["brier"].value) == (
        ks(label, worse),
        brier(label, probability),
    )
    for metric in METRICS:
        old, new, change = found.champion[metric], found.challenger[metric], found.difference[metric]
        assert old.value is not None
        assert new.value is not None
        assert change.value == pytest.approx(new.value - old.value, abs=1e-12)
        for figure in (old, new, change):
            assert figure.value is not None
            assert ends(figure.interval).low <= figure.value <= ends(figure.interval).high
    assert ends(found.difference["roc_auc"].interval).low > 0
    assert ends(found.difference["brier"].interval).high < 0


def test_pairing_makes_the_interval_of_a_difference_narrower_than_those_of_the_models() -> None:
    label, probability = honest_sample(600, seed=5)
    near = np.clip(probability + np.random.default_rng(6).normal(0, 0.02, 600), 0.001, 0.999)
    found = compare(label, probability, near, confidence=0.95, seed=42)
    for metric in METRICS:
        change, own = ends(found.difference[metric].interval), ends(found.champion[metric].interval)
        assert change.high - change.low < 0.6 * (own.high - own.low)


def test_equal_rivals_differ_beyond_chance_as_often_as_the_level_says() -> None:
    missed = dict.fromkeys(METRICS, 0)
    for seed in range(100):
        label, probability = honest_sample(250, seed=seed)
        noise = np.random.default_rng(seed + 5000).normal(0, 0.1, (2, 250))
        first, second = (np.clip(probability + noise[place], 0.001, 0.999) for place in range(2))
        found = compare(label, first, second, confidence=0.9, seed=42)
        for metric in METRICS:
            low, high = ends(found.difference[metric].interval)
            missed[metric] += not low <= 0 <= high
    assert all(3 <= times <= 19 for times in missed.values()), missed


def test_a_model_differs_from_itself_by_nothing_for_certain() -> None:
    label, probability = honest_sample(200, seed=7)
    found = compare(label, probability, probability, confidence=0.95, seed=42)
    assert {found.difference[metric].value for metric in METRICS} == {0}
    assert {found.difference[metric].interval for metric in METRICS} == {(0, 0)}


def test_draws_made_in_blocks_are_as_good_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    label, probability = honest_sample(300, seed=8)
    worse = np.clip(probability + np.random.default_rng(9).normal(0, 0.2, 300), 0.001, 0.999)

    def measured() -> PairedComparison:
        return compare(label, worse, probability, confidence=0.95, seed=42)

    whole = measured()
    monkeypatch.setattr(rivalry_module, "_CELLS_AT_ONCE", 300 * 64)
    blocks = measured()
    assert blocks == measured()
    for metric in ("ks", "brier"):
        assert ends(blocks.difference[metric].interval) == pytest.approx(
            ends(whole.difference[metric].interval), abs=0.02
        )


@pytest.mark.parametrize("label", [[], [0, 0, 0], [1, 1]])
def test_what_one_class_does_not_define_is_none(label: list[int]) -> None:
    probability = np.linspace(0.1, 0.6, len(label))
    found = compare(np.array(label, dtype=np.int8), probability, probability, confidence=0.95, seed=42)
    for metric in ("roc_auc", "ks"):
        assert found.difference[metric] == (None, None)
    assert found.difference["brier"].interval == (None if not label else (0.0, 0.0))


def test_the_rivalry_holds_every_cohort_and_swaps_at_the_champions_approval_rate() -> None:
    config = LOANS.load_policy().model
    loans = paired_loans(n_cohorts=4, per_cohort=200, champion_noise=1.0)
    found = compare_models(loans, champion="old", challenger="new", config=config, versions=("v1", "v2"), cut_off=0.5)
    assert list(found.by_cohort) == loans["cohort"].unique().sort().to_list()
    assert sum(part.n for part in found.by_cohort.values()) == found.pooled.n == 800
    assert found.n_approved == loans.filter(pl.col("champion_probability") < 0.5).height
    assert found.swaps["n"].sum() == 800
    assert found.challenger_line is not None
    assert found.challenger_line.slope.low < 1 < found.challenger_line.slope.high
    rule = config.champion_challenger.model_copy(update={"approval_rate": 0.6})
    at_rate = config.model_copy(update={"champion_challenger": rule})
    assert (
        compare_models(
            loans, champion="old", challenger="new", config=at_rate, versions=("v1", "v2"), cut_off=0.5
        ).n_approved
        == 480
    )


def test_the_same_loans_in_another_order_give_the_same_figures() -> None:
    config = LOANS.load_policy().model
    loans = paired_loans(n_cohorts=2, per_cohort=100, champion_noise=0.5)
    first, again = (
        compare_models(loans, champion="a", challenger="b", config=config, versions=("v1", "v2"), cut_off=0.5)
        for _ in range(2)
    )
    assert first.pooled == again.pooled
    assert first.swaps.equals(again.swaps)


def test_without_a_common_loan_nothing_is_defined() -> None:
    found = compare_models(
        pl.DataFrame(schema=PAIRED_SCHEMA),
        champion="a",
        challenger="b",
        config=LOANS.load_policy().model,
        versions=("v1", "v2"),
        cut_off=0.5,
    )
    assert found.pooled.n == 0
    assert found.by_cohort == {}
    assert found.challenger_line is None
    assert {figure for of in (found.pooled.champion, found.pooled.difference) for figure in of.values()} == {
        (None, None)
    }
