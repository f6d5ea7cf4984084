from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.lab.scenarios.detections import Detector
from credit_platform.lab.scenarios.life_story import mean_auc
from credit_platform_tests.lab.scenarios.scenario_builders import CURED, DRIFT, NEW, drifted_story, outcome


def test_the_cure_is_the_first_version_trained_after_the_request_whose_cohorts_are_ranked_well() -> None:
    assert drifted_story().cure(DRIFT, 0.75) == NEW
    assert drifted_story(cured_auc=0.7).cure(DRIFT, 0.75) is None


def test_nothing_is_cured_where_no_retraining_was_asked_for() -> None:
    # All requests lie before this month.
    assert drifted_story().cure(date(2024, 6, 1), 0.75) is None


def test_phases_hold_live_cohorts_only_and_meet_without_a_gap() -> None:
    story = drifted_story()
    phases = story.auc_by_phase(DRIFT, story.cure(DRIFT, 0.75))
    # Two of the twelve cohorts before the drift were part of development.
    assert [phases[name].n_cohorts for name in ("before", "during", "after")] == [10, 8, 4]
    assert phases["before"].value == pytest.approx(0.9)
    assert phases["during"].value == pytest.approx(0.55)
    assert phases["after"].value == pytest.approx(0.88)
    without = story.auc_by_phase(DRIFT, None)
    assert without["after"].value is None
    assert without["during"].n_cohorts == 12


@given(st.lists(st.tuples(st.floats(0.3, 0.95), st.integers(10, 500)), min_size=1, max_size=8))
def test_a_mean_lies_among_its_cohorts_and_is_surer_than_any_of_them(cohorts: list[tuple[float, int]]) -> None:
    found = mean_auc([outcome(CURED, value, "v", n=n) for value, n in cohorts])
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    values = [value for value, _ in cohorts]
    assert min(values) - 1e-9 <= found.value <= max(values) + 1e-9
    assert found.high - found.low <= 0.08 + 1e-9
    assert found.n == sum(n for _, n in cohorts)


def test_cohorts_that_are_not_measured_are_unknown_and_count_nothing() -> None:
    assert mean_auc([outcome(CURED, None, "v")]).value is None
    assert mean_auc([]).n_cohorts == 0


def test_the_first_detection_is_looked_for_from_a_month_on() -> None:
    story = drifted_story()
    first = story.first_detection(Detector.OUTCOME, DRIFT)
    assert first is not None
    assert first.month == date(2023, 7, 1)
    assert story.first_detection(Detector.SCORES, DRIFT) is None
