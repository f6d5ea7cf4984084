"""What a draft says of bins, samples and the change, on made-up loans."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.scoring.scorecard.draft import (
    NEWEST,
    TRAIN,
    VALIDATION,
    DraftCharacteristic,
    draft_characteristics,
    sample_facts,
)
from credit_platform.scoring.scorecard.draft_change import draft_change
from credit_platform.scoring.scorecard.hand_set_bins import direction_warning, order_warning
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.transformers.bins import Bin, NumberBins
from credit_platform.statistics.discrimination import delong_paired_interval, roc_auc
from credit_platform.statistics.stability_index import stability_index
from credit_platform_tests.scoring.scorecard.drafted import BY_HAND, WINDOWS, drafted, fitted, samples, specs


def characteristic(feature: str) -> DraftCharacteristic:
    return next(one for one in drafted().characteristics if one.known.feature == feature)


def test_every_loan_of_every_sample_is_in_one_bin_of_every_characteristic() -> None:
    given = samples()
    for one in drafted().characteristics:
        for name, loans in given.items():
            assert sum(each.samples[name].n for each in one.bins) == loans.height, one.known.feature
            assert sum(each.samples[name].share for each in one.bins) == pytest.approx(1)
        for name in (TRAIN, VALIDATION):
            assert sum(each.samples[name].n_bad or 0 for each in one.bins) == given[name]["label"].sum()


def test_of_the_newest_loans_no_outcome_is_looked_at() -> None:
    assert drafted().samples[NEWEST].n_bad is None
    assert drafted().samples[NEWEST].auc is None
    assert {each.samples[NEWEST].n_bad for one in drafted().characteristics for each in one.bins} == {None}


def test_special_values_are_counted_apart_and_one_that_no_loan_has_is_warned_of() -> None:
    debt = characteristic("outstanding_debt_amount")
    words = [each.words for each in debt.bins]
    assert words[-2:] == ["<b>no record</b>: -1", "never seen: 123,456.5"]
    assert [each.is_special for each in debt.bins] == [False] * 5 + [True] * 2
    record, unseen = debt.bins[-2:]
    assert [record.samples[name].n for name in (TRAIN, VALIDATION, NEWEST)] == [150, 110, 400]
    assert unseen.warning == "0 bad and 0 good are too few: it weighs nothing"
    assert debt.bins[2].warning is not None  # over 600 up to 601
    assert [each.points is None for each in debt.bins] == [False] * 7


def test_the_shift_of_bins_is_the_stability_index_of_their_counts() -> None:
    debt = characteristic("outstanding_debt_amount")
    counts = {name: [each.samples[name].n for each in debt.bins] for name in (TRAIN, NEWEST)}
    assert debt.shift[NEWEST].index == stability_index(counts[TRAIN], counts[NEWEST])
    assert (debt.shift[NEWEST].index or 0) > 1
    assert (debt.shift[VALIDATION].index or 0) < 0.1


def test_an_order_that_validation_turns_round_is_found_and_told_from_chance() -> None:
    (turned,) = [one for one in characteristic("outstanding_debt_amount").inversions if one.is_beyond_chance]
    assert (turned.safer, turned.riskier) == ("over 601 up to 1,400", "over 1,400")
    by_chance = [each for one in drafted().characteristics for each in one.inversions if not each.is_beyond_chance]
    assert by_chance
    assert all(0.05 <= each.p_value <= 1 for each in by_chance)


def test_the_information_value_of_the_draft_is_that_of_its_bins() -> None:
    for one in drafted().characteristics:
        assert one.training_iv == pytest.approx(sum(each.bin.iv for each in one.bins), abs=1e-9)
    assert (
        characteristic("outstanding_debt_amount").validation_iv < characteristic("outstanding_debt_amount").training_iv
    )


def test_what_is_forced_and_excluded_is_said_with_its_doubts() -> None:
    income, mix = characteristic("annual_income_amount"), characteristic("credit_mix")
    assert income.known.dropped is None
    assert income.warnings == (
        f"forced, although its information value {income.known.information_value:.4f} is below 0.02",
    )
    assert mix.known.dropped == "excluded by policy"
    assert all(each.points is None for each in mix.bins)
    assert all(f"{one.split(': ')[0]}" in BY_HAND for one in drafted().warnings)


def test_the_change_is_measured_on_validation_loans_the_other_was_not_trained_on() -> None:
    change, given = drafted().changes[0], samples()
    assert (change.cohorts, change.left_out) == (WINDOWS.validation[1:2], WINDOWS.validation[:1])
    held_out = given[VALIDATION].filter(pl.col("snapshot_month") == WINDOWS.validation[1])
    draft, plain = fitted(specs()), fitted(specs({}))
    label, now, before = held_out["label"].to_numpy(), draft.predict(held_out), plain.predict(held_out)
    (ranking,) = change.rankings
    assert (ranking.n, ranking.n_bad) == (500, label.sum())
    assert (ranking.draft_auc, ranking.other_auc) == (roc_auc(label, now), roc_auc(label, before))
    assert ranking.interval == delong_paired_interval(label, now, before)
    of_validation, of_newest = change.decisions
    assert of_validation.now_declined == ((now >= 0.5) & (before < 0.5)).sum()
    assert of_validation.now_approved_bad == ((now < 0.5) & (before >= 0.5) & (label == 1)).sum()
    assert of_validation.approved_now == (now < 0.5).sum()
    assert (of_newest.n, of_newest.now_declined_bad, of_newest.now_approved_bad) == (400, None, None)


def test_points_changed_are_those_of_the_loans() -> None:
    change = drafted().changes[0]
    assert change.characteristics is not None
    found = {one.feature: one for one in change.characteristics}
    assert found["outstanding_debt_amount"].most_points > 0
    income = found["annual_income_amount"]
    assert income.before is not None
    assert income.now is not None
    assert (income.before.dropped is None, income.now.dropped) == (False, None)
    assert all(0 <= one.mean_points <= one.most_points for one in found.values())


def test_against_itself_nothing_changes() -> None:
    change = drafted().changes[1]
    assert change.characteristics == ()
    assert [(one.gain, one.interval) for one in change.rankings] == [(0.0, (0.0, 0.0))]
    assert {(one.now_declined, one.now_approved) for one in change.decisions} == {(0, 0)}


def test_against_a_version_trained_on_all_validation_loans_the_ranking_is_unknown() -> None:
    draft = fitted(specs())
    loans = {"validation loans": samples()[VALIDATION]}
    change = draft_change(draft, draft, loans, against="x", cut_offs=(0.5, 0.5), trained_on=WINDOWS.validation)
    assert (change.cohorts, change.rankings, change.decisions) == ((), (), ())


def test_bins_cut_by_hand_that_go_up_and_down_or_the_wrong_way_are_warned_of() -> None:
    def bins(*woe: float) -> NumberBins:
        some = tuple(Bin(100, 20, each, 0.1) for each in woe)
        return NumberBins("x", tuple(map(float, range(len(woe) - 1))), some, Bin(0, 0, 0.0, 0.0))

    cut, key = CharacteristicPolicy(cut_points=(1.0,)), {"models.m.characteristics.x.cut_points": [1.0]}
    assert order_warning(key, bins(1.0, 0.5, -0.5)) is None
    assert order_warning(key, bins(-1.0, 0.0, 0.5)) is None  # the one in the middle weighs nothing
    assert "up and down" in (order_warning(key, bins(1.0, -0.5, 0.5)) or "")
    assert order_warning({}, bins(1.0, -0.5, 0.5)) is None
    assert order_warning(key | {"models.m.characteristics.x.direction": "none"}, bins(1.0, -0.5, 0.5)) is None
    assert direction_warning(cut, bins(1.0, -1.0), 1) is None
    assert "does not rise" in (direction_warning(cut, bins(-1.0, 1.0), 1) or "")
    assert direction_warning(cut, bins(-1.0, 1.0), None) is None
    falling = CharacteristicPolicy(cut_points=(1.0,), direction="falling")
    assert direction_warning(falling, bins(-1.0, 1.0), 1) is None
    assert "does not fall with the value from each bin to the next, as policy says" in (
        direction_warning(falling, bins(1.0, -1.0), 1) or ""
    )


def test_a_model_without_bins_cannot_be_drafted(version: FittedVersion) -> None:
    if version.algorithm == "scorecard":
        assert np.isfinite([one.training_iv for one in draft_characteristics(version, specs({}), samples())]).all()
    else:
        with pytest.raises(TypeError, match="is no scorecard"):
            draft_characteristics(version, specs({}), samples())
    assert sample_facts(version, samples()[NEWEST]).n == 400
