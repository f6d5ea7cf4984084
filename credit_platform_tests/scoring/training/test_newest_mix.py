"""Samples with as many cases of each source as the newest cohorts have."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM, SOURCE_FLAGS
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.samples import (
    MIN_LOSS,
    SourceMix,
    as_newest,
    by_sources_present,
    no_rarer,
    without_source,
)
from credit_platform.scoring.transformers.evidence import without_history
from credit_platform_tests.scoring.conftest import make_loans

FEATURES = LOANS.features
SAMPLE = make_loans(400, seed=3).with_columns(has_financials=pl.lit(value=True), has_attributes=pl.lit(value=True))
SHARES = st.floats(0.0, 1.0)
MIXES = st.builds(
    SourceMix,
    st.just((date(2024, 1, 1),)),
    st.integers(0, 5000),
    st.fixed_dictionaries(dict.fromkeys(SOURCE_FLAGS, SHARES)),
)


def masked(sample: pl.DataFrame, newest: SourceMix, seed: int = 1) -> pl.DataFrame:
    return as_newest(sample, newest, FEATURES, key="loan_id", seed=seed)


def mix(n: int = 3000, **present: float) -> SourceMix:
    return SourceMix((), n, dict.fromkeys(SOURCE_FLAGS, 1.0) | present)


@given(newest=MIXES)
def test_afterwards_each_source_is_as_frequent_as_in_the_newest_cohorts_or_was_so_before(newest: SourceMix) -> None:
    before, after = SourceMix.of(SAMPLE, FEATURES), SourceMix.of(masked(SAMPLE, newest), FEATURES)
    lost = newest.lost(before)
    for source, share in after.present.items():
        wanted = newest.present[source] if source in lost else before.present[source]
        assert share == pytest.approx(wanted, abs=1 / SAMPLE.height)
        assert source in lost or newest.n < 100 or newest.present[source] >= before.present[source] * (1 - 0.2)


@given(newest=MIXES, order=st.randoms(use_true_random=False))
def test_which_cases_lose_a_source_does_not_depend_on_their_order(newest: SourceMix, order: object) -> None:
    places = list(range(SAMPLE.height))
    order.shuffle(places)  # pyrefly: ignore[missing-attribute]
    shuffled = masked(SAMPLE[places], newest)
    assert_frame_equal(shuffled, masked(SAMPLE, newest)[places])


@given(newest=MIXES)
def test_nothing_but_the_lost_source_changes(newest: SourceMix) -> None:
    only = replace(newest, present={"clickstream": newest.present["clickstream"]})
    after = masked(SAMPLE, only)
    kept = [name for name in SAMPLE.columns if "clickstream" not in name and not name.startswith("fe_")]
    kept.remove("sources_present")
    assert_frame_equal(after.select(kept), SAMPLE.select(kept))
    assert after.schema == SAMPLE.schema


@pytest.mark.parametrize(
    "newest",
    [
        mix(),
        mix(clickstream=1 - MIN_LOSS + 0.001),
        mix(n=10, clickstream=0.9),  # by chance
        SourceMix.of(SAMPLE, FEATURES),
        SourceMix.of(SAMPLE.clear(), FEATURES),
    ],
)
def test_where_the_newest_cohorts_have_no_less_the_sample_is_itself(newest: SourceMix) -> None:
    assert masked(SAMPLE, newest) is SAMPLE


def test_more_of_a_source_than_in_the_sample_gives_no_case_what_it_lacked() -> None:
    dark = without_source(SAMPLE, "clickstream", FEATURES)
    assert masked(dark, mix()) is dark


def test_a_source_that_vanished_leaves_what_scoring_would_see_without_it() -> None:
    after, without = masked(SAMPLE, mix(clickstream=0.0)), without_history(SAMPLE, CLICKSTREAM)
    assert_frame_equal(after.select(FEATURES.columns), without.select(FEATURES.columns))
    assert not after["has_clickstream"].any()
    assert set(after["sources_present"]) == {"attributes+financials"}


def test_a_source_that_is_no_history_leaves_no_value_of_any_feature_made_of_it() -> None:
    after = masked(SAMPLE, mix(financials=0.0))
    assert after.select("annual_income_amount", "n_loans", "debt_to_salary", "credit_mix").null_count().row(0) == (
        (SAMPLE.height,) * 4
    )
    assert set(after["sources_present"]) == {"attributes+clickstream"}
    assert after["n_clickstream_months"].to_list() == SAMPLE["n_clickstream_months"].to_list()


def test_another_seed_takes_the_source_from_other_cases() -> None:
    first, second = (masked(SAMPLE, mix(clickstream=0.5), seed)["has_clickstream"] for seed in (1, 2))
    assert first.sum() == second.sum() == SAMPLE.height / 2
    assert 0.3 < (first != second).mean() < 0.7  # pyrefly: ignore[unsupported-operation]


def test_a_source_of_which_no_feature_is_known_to_be_made_is_left() -> None:
    unknown = replace(FEATURES, lineage=dict)
    after = as_newest(SAMPLE, mix(financials=0.0), unknown, key="loan_id", seed=1)
    assert after is SAMPLE


@pytest.mark.parametrize("n_dark", [0, 30, 150])
def test_a_sample_is_split_by_its_sources_and_shown_without_each(n_dark: int) -> None:
    lit = SAMPLE.with_columns(has_clickstream=pl.lit(value=True)).with_columns(
        sources_present=pl.lit("attributes+clickstream+financials")
    )
    sample = pl.concat([without_source(lit[:n_dark], "clickstream", FEATURES), lit[n_dark:]])
    found = by_sources_present(sample, FEATURES)
    assert all(set(cases["sources_present"]) == {present} for present, cases in found.items())
    assert found["attributes+clickstream+financials"].height == 400 - n_dark
    # As many as have nothing else, where these are enough to show it; else everybody, the rest taken away.
    assert found["attributes+financials"].height == (150 if n_dark == 150 else 400)
    assert (
        found["attributes+clickstream"]["annual_income_amount"].null_count() == found["attributes+clickstream"].height
    )


@given(newest=MIXES)
def test_cases_without_a_source_are_left_out_until_it_is_no_rarer_than_in_the_newest_cohorts(newest: SourceMix) -> None:
    only = replace(newest, present={"clickstream": newest.present["clickstream"]})
    before, wanted = SourceMix.of(SAMPLE, FEATURES).present["clickstream"], only.present["clickstream"]
    after = no_rarer(SAMPLE, only, FEATURES, seed=1)
    assert_frame_equal(after.filter(CLICKSTREAM.flag), SAMPLE.filter(CLICKSTREAM.flag), check_row_order=False)
    if after is SAMPLE:
        assert before >= wanted * (1 - 0.2)
    else:
        assert SourceMix.of(after, FEATURES).present["clickstream"] == pytest.approx(wanted, abs=2 / after.height)


def test_without_any_case_that_has_a_source_none_is_left() -> None:
    blind = without_source(SAMPLE, "clickstream", FEATURES)
    assert no_rarer(blind, mix(), FEATURES, seed=1).is_empty()
    assert no_rarer(blind, mix(clickstream=0.0), FEATURES, seed=1) is blind
