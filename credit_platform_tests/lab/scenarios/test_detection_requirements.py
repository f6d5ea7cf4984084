from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from credit_platform.lab.scenarios.detection_requirements import (
    Noticed,
    failures,
    requirements_by_kind,
    requirements_of,
    what_was_noticed,
)
from credit_platform.lab.scenarios.detections import Detection, Detector
from credit_platform.months import add_months
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.lab.scenarios.scenario_builders import DRIFT, LAST, drifted_scenario

FIRST = date(2022, 1, 1)
CONCEPT = Drift(DriftKind.CONCEPT, DRIFT, 0.7)
NO_ROW = "feature_clickstream: no row"


def noticed(
    drifts: tuple[Drift, ...],
    detections: list[Detection],
    last: date = LAST,
    *,
    first: date = FIRST,
    models: tuple[str, ...] = (),
) -> dict[Detector, Noticed]:
    rows = what_was_noticed(drifts, detections, portfolio=LOANS, lag_months=6, watched=(first, last), models=models)
    return {row.detector: row for row in rows}


def detected(detector: Detector, after: int, model: str | None = None) -> Detection:
    return Detection(detector, add_months(DRIFT, after), NO_ROW, model)


def test_every_detector_has_a_row_and_every_kind_of_drift_a_requirement() -> None:
    assert list(noticed((), [])) == list(Detector)
    assert set(requirements_by_kind(6)) == set(DriftKind)


@pytest.mark.parametrize(
    ("after", "verdict"), [(0, "as expected"), (4, "as expected"), (5, "noticed late"), (None, "not noticed")]
)
def test_early_reads_must_detect_two_months_before_the_first_outcome(after: int | None, verdict: str) -> None:
    detections = [] if after is None else [detected(Detector.EARLY_READS, after)]
    row = noticed((CONCEPT,), detections)[Detector.EARLY_READS]
    assert (row.verdict, row.months_after) == (verdict, after)


def test_what_must_stay_silent_and_does_not_is_a_false_alarm() -> None:
    rows = noticed((CONCEPT,), [detected(Detector.ESTIMATE, 1)])
    assert rows[Detector.ESTIMATE].verdict == "false alarm"
    failed = failures(list(rows.values()))
    assert "estimate: expected silent, false alarm in 2023-02" in failed
    assert "early_reads: expected within 4 months, not noticed" in failed


def test_alarms_before_the_drift_are_counted_and_are_no_first_detection() -> None:
    row = noticed((CONCEPT,), [detected(Detector.EARLY_READS, -3), detected(Detector.EARLY_READS, 2)])[
        Detector.EARLY_READS
    ]
    assert (row.months_after, row.alarms_before) == (2, 1)


def test_a_detector_that_fires_most_of_the_time_is_no_evidence() -> None:
    often = [detected(Detector.EARLY_READS, after) for after in (-4, -3, -2, -1, 0)]
    row = noticed((CONCEPT,), often)[Detector.EARLY_READS]
    assert (row.verdict, row.alarms_before) == ("detected before too", 4)
    assert "early_reads: detected something in 4 months before anything had changed" in failures([row])
    # What asks for a retraining may not be wrong once; what was not watched yet does not count.
    early = detected(Detector.RETRAIN, -1)
    assert (
        noticed((CONCEPT,), [early, detected(Detector.RETRAIN, 6)])[Detector.RETRAIN].verdict == "detected before too"
    )
    later = noticed((CONCEPT,), [early, detected(Detector.RETRAIN, 6)], first=DRIFT)[Detector.RETRAIN]
    assert (later.verdict, later.alarms_before) == ("as expected", 0)


def test_every_model_must_notice() -> None:
    models = ("scorecard", "gradient_boosting")
    both = [detected(Detector.OUTCOME, 6, model) for model in models]
    assert noticed((CONCEPT,), both, models=models)[Detector.OUTCOME].verdict == "as expected"
    row = noticed((CONCEPT,), both[:1], models=models)[Detector.OUTCOME]
    assert (row.verdict, row.missed_by) == ("not noticed", ("gradient_boosting",))
    assert failures([row]) == ["outcome: expected within 8 months, not noticed by gradient_boosting"]
    # A delivery is no model's.
    dark = Drift(DriftKind.SOURCE_DARK, DRIFT, 1.0)
    assert noticed((dark,), [detected(Detector.DELIVERY, 0)], models=models)[Detector.DELIVERY].verdict == "as expected"


@pytest.mark.parametrize(
    ("detail", "month", "verdict"),
    [
        (NO_ROW, 0, "as expected"),
        (NO_ROW, 1, "noticed late"),
        ("features_financials: no row", 0, "not noticed"),
    ],
)
def test_a_source_gone_dark_must_be_named_in_its_month(detail: str, month: int, verdict: str) -> None:
    dark = Drift(DriftKind.SOURCE_DARK, DRIFT, 1.0)
    found = Detection(Detector.DELIVERY, add_months(DRIFT, month), detail)
    assert noticed((dark,), [found])[Detector.DELIVERY].verdict == verdict


def test_with_a_leak_nothing_need_be_silent() -> None:
    found = [detected(detector, 3) for detector in Detector]
    for has_leak in (False, True):
        rows = what_was_noticed((), found, portfolio=LOANS, lag_months=6, watched=(FIRST, LAST), has_leak=has_leak)
        assert bool(failures(rows)) != has_leak


def test_each_of_two_drifts_has_its_own_deadline() -> None:
    dark = Drift(DriftKind.SOURCE_DARK, add_months(DRIFT, 8), 1.0)
    covariate = Drift(DriftKind.COVARIATE, DRIFT, 0.7)
    on_time = [detected(Detector.DELIVERY, 8), detected(Detector.FEATURES, 0)]
    rows = noticed((covariate, dark), on_time)
    assert rows[Detector.DELIVERY].verdict == rows[Detector.FEATURES].verdict == "as expected"
    assert rows[Detector.DELIVERY].months_after == 0
    assert noticed((covariate, dark), [detected(Detector.DELIVERY, 9)])[Detector.DELIVERY].verdict == "noticed late"
    again = Drift(DriftKind.SOURCE_DARK, add_months(DRIFT, 12), 1.0)
    assert noticed((dark, again), [detected(Detector.DELIVERY, 8)])[Detector.DELIVERY].verdict == "not noticed"


def test_a_drift_before_any_model_is_in_force_cannot_be_judged_by_models() -> None:
    rows = noticed((CONCEPT,), [], first=add_months(DRIFT, 1))
    assert rows[Detector.EARLY_READS].verdict == "not watched yet"
    dark = Drift(DriftKind.SOURCE_DARK, DRIFT, 1.0)
    assert noticed((dark,), [], first=add_months(DRIFT, 1))[Detector.DELIVERY].verdict == "not noticed"


def test_one_of_many_features_may_move_by_chance_in_a_drift_that_leaves_them_alone() -> None:
    half = Drift(DriftKind.VOLUME, DRIFT, 0.5)
    delivery = detected(Detector.DELIVERY, 0)
    # 17 months of drift are watched: a tenth and one.
    moved = [detected(Detector.FEATURES, after) for after in (2, 9, 12)]
    assert noticed((half,), [delivery, *moved[:2]])[Detector.FEATURES].verdict == "as expected"
    assert noticed((half,), [delivery, *moved])[Detector.FEATURES].verdict == "false alarm"
    # The estimate cannot detect a concept drift.
    assert noticed((CONCEPT,), [detected(Detector.ESTIMATE, 2)])[Detector.ESTIMATE].verdict == "false alarm"


def test_a_change_of_form_must_be_refused_and_another_order_of_columns_is_none() -> None:
    renamed, reordered = (Drift(DriftKind.SCHEMA_CHANGE, DRIFT, strength) for strength in (1.0, 0.25))
    assert noticed((renamed,), [])[Detector.DELIVERY].verdict == "not noticed"
    assert noticed((renamed,), [detected(Detector.DELIVERY, 0)])[Detector.DELIVERY].verdict == "as expected"
    assert noticed((reordered,), [])[Detector.DELIVERY].verdict == "as expected"
    assert noticed((reordered,), [detected(Detector.DELIVERY, 0)])[Detector.DELIVERY].verdict == "false alarm"


def test_a_deadline_beyond_the_book_is_too_early_to_say_and_not_as_expected() -> None:
    rows = noticed((CONCEPT,), [], last=add_months(DRIFT, 3))
    assert rows[Detector.EARLY_READS].verdict == "too early to say"
    assert failures(list(rows.values()))


def test_of_a_weak_drift_only_silence_is_required() -> None:
    weak = Drift(DriftKind.CONCEPT, DRIFT, 0.2)
    rows = noticed((weak,), [])
    assert not failures(list(rows.values()))
    assert rows[Detector.EARLY_READS].expected == "no requirement"


def test_of_two_drifts_the_one_to_detect_outweighs_the_one_that_asks_for_silence() -> None:
    dark = Drift(DriftKind.SOURCE_DARK, DRIFT, 1.0)
    volume = Drift(DriftKind.VOLUME, DRIFT, 0.5)
    rows = noticed((CONCEPT, dark, volume), [])
    assert rows[Detector.DELIVERY].within == 0
    assert rows[Detector.RETRAIN].within == requirements_by_kind(6)[DriftKind.CONCEPT][2].within


def test_in_a_book_without_drift_a_retraining_is_a_false_alarm() -> None:
    rows = noticed((), [detected(Detector.RETRAIN, 0)])
    assert failures(list(rows.values())) == ["retrain: expected silent, false alarm in 2023-01"]


def test_in_a_book_without_drift_a_hint_may_be_wrong_now_and_then() -> None:
    # 29 months are watched: a tenth and one.
    hints = [detected(Detector.FEATURES, after) for after in range(4)]
    assert noticed((), hints[:3])[Detector.FEATURES].verdict == "as expected"
    assert noticed((), hints)[Detector.FEATURES].verdict == "false alarm"


def test_a_scenario_shows_what_was_detected_first_and_what_cured_it() -> None:
    scenario = drifted_scenario()
    assert scenario.failures == []
    assert scenario.first_detection is not None
    assert scenario.first_detection.detector == Detector.EARLY_READS
    facts = scenario.to_dict()
    assert facts["expectations_hold"] is True
    (model,) = facts["models"]  # type: ignore[misc]
    assert (model["retraining_asked_in"], model["cured_from"], model["months_to_cure"]) == (
        "2023-07-01", "2023-09-01", 8,
    )  # fmt: skip
    assert {phase: auc["n_cohorts"] for phase, auc in model["roc_auc"].items()} == {
        "before": 10, "during": 8, "after": 4,
    }  # fmt: skip


def test_of_two_drifts_the_shorter_deadline_holds_also_where_it_is_at_once() -> None:
    dark, half = Drift(DriftKind.SOURCE_DARK, DRIFT, 1.0), Drift(DriftKind.VOLUME, DRIFT, 0.5)
    for drifts in ((dark, half), (half, dark)):
        row = noticed(drifts, [detected(Detector.DELIVERY, 1)])[Detector.DELIVERY]
        assert (row.within, row.verdict) == (0, "noticed late")
    concept, label = CONCEPT, Drift(DriftKind.LABEL, DRIFT, 1.0)
    assert noticed((label, concept), [])[Detector.RETRAIN].within == 8


def test_deadlines_follow_the_label_and_early_performance_is_required_where_it_is_read() -> None:
    required = {one.detector: one.within for one in requirements_of(CONCEPT, LOANS, 2)}
    assert (required[Detector.EARLY_READS], required[Detector.OUTCOME]) == (0, 4)
    without = replace(LOANS, outcome=replace(LOANS.outcome, early=None))
    assert Detector.EARLY_READS not in {one.detector for one in requirements_of(CONCEPT, without, 2)}
