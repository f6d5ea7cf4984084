"""Whether a scenario can be judged at all: months that did not run are no silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from credit_platform.lab.scenarios.life_story import MonthAction
from credit_platform.months import add_months
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform_tests.lab.scenarios.scenario_builders import DRIFT, drifted_scenario, drifted_story


def test_a_book_without_a_model_is_no_success() -> None:
    empty = replace(drifted_scenario(), drifts=(), noticed=(), models=())
    assert empty.failures == ["no model was trained, so nothing could be noticed of it"]


def test_without_a_drift_a_model_may_be_watched_in_one_month() -> None:
    quiet = replace(drifted_story(), detections=(), actions=())
    watched = tuple(MonthAction(add_months(DRIFT, n), "active_monitoring", n < 2, "seen") for n in range(4))
    one, two = (
        replace(drifted_scenario(replace(quiet, actions=watched[first:])), drifts=(), noticed=()) for first in (1, 0)
    )
    assert one.failures == []
    assert two.failures == ["gradient_boosting: 2 months of active_monitoring, and nothing had changed"]


def test_a_process_that_died_is_a_failure() -> None:
    died = replace(drifted_scenario(), mishaps=("`credit-platform backfill` ended with -9",))
    assert died.failures == ["`credit-platform backfill` ended with -9"]
    assert died.to_dict()["expectations_hold"] is False


def test_months_that_were_not_built_are_failures_unless_the_drift_stops_them() -> None:
    missing = {date(2023, 2, 1): "its features were not built", date(2023, 3, 1): "its features were not built"}
    reasons = ["2 months were not built, the first is 2023-02: its features were not built"]
    assert replace(drifted_scenario(), unbuilt=missing).failures == reasons
    refused = Drift(DriftKind.SCHEMA_CHANGE, DRIFT, 1.0)
    assert replace(drifted_scenario(), unbuilt=missing, drifts=(refused,)).failures == []
    later = Drift(DriftKind.SCHEMA_CHANGE, date(2023, 3, 1), 1.0)
    assert replace(drifted_scenario(), unbuilt=missing, drifts=(later,)).failures == reasons
