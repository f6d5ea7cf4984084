from __future__ import annotations

from datetime import date

import pytest

from credit_platform.lending.months import add_months
from credit_platform.monitoring.expectations import EXPECTED, Noticed, failures, what_was_noticed
from credit_platform.monitoring.signs import Detector, Sign
from credit_platform.synthetic.drift import Drift, DriftKind
from credit_platform_tests.monitoring.told_stories import DRIFT, LAST, drifted_scenario

FIRST = date(2022, 1, 1)
CONCEPT = Drift(DriftKind.CONCEPT, DRIFT, 0.7)


def noticed(drifts: tuple[Drift, ...], signs: list[Sign], last: date = LAST) -> dict[Detector, Noticed]:
    return {row.detector: row for row in what_was_noticed(drifts, signs, first_month=FIRST, last_month=last)}


def raised(detector: Detector, after: int) -> Sign:
    return Sign(detector, add_months(DRIFT, after), "seen")


def test_every_detector_has_a_row_and_every_kind_of_drift_an_expectation() -> None:
    assert list(noticed((), [])) == list(Detector)
    assert set(EXPECTED) == set(DriftKind)


@pytest.mark.parametrize(
    ("after", "verdict"), [(0, "as expected"), (4, "as expected"), (5, "noticed late"), (None, "not noticed")]
)
def test_early_reads_must_raise_two_months_before_the_first_outcome(after: int | None, verdict: str) -> None:
    signs = [] if after is None else [raised(Detector.EARLY_READS, after)]
    row = noticed((CONCEPT,), signs)[Detector.EARLY_READS]
    assert (row.verdict, row.months_after) == (verdict, after)


def test_what_must_stay_silent_and_raises_is_a_false_alarm() -> None:
    rows = noticed((CONCEPT,), [raised(Detector.ESTIMATE, 1)])
    assert rows[Detector.ESTIMATE].verdict == "false alarm"
    told = failures(list(rows.values()))
    assert "estimate: expected silent, false alarm in 2023-02" in told
    assert "early_reads: expected within 4 months, not noticed" in told


def test_alarms_before_the_drift_are_counted_and_are_no_first_sign() -> None:
    row = noticed((CONCEPT,), [raised(Detector.EARLY_READS, -3), raised(Detector.EARLY_READS, 2)])[Detector.EARLY_READS]
    assert (row.months_after, row.alarms_before) == (2, 1)


def test_a_deadline_beyond_the_book_is_too_early_to_say_and_not_as_expected() -> None:
    rows = noticed((CONCEPT,), [], last=add_months(DRIFT, 3))
    assert rows[Detector.EARLY_READS].verdict == "too early to say"
    assert failures(list(rows.values()))


def test_of_a_weak_drift_only_silence_is_expected() -> None:
    weak = Drift(DriftKind.CONCEPT, DRIFT, 0.2)
    rows = noticed((weak,), [])
    assert not failures(list(rows.values()))
    assert rows[Detector.EARLY_READS].expected == "free to raise"


def test_of_two_drifts_the_one_that_raises_outweighs_the_one_that_is_silent() -> None:
    dark = Drift(DriftKind.SOURCE_DARK, DRIFT, 1.0)
    volume = Drift(DriftKind.VOLUME, DRIFT, 0.5)
    rows = noticed((CONCEPT, dark, volume), [])
    assert rows[Detector.DELIVERY].within == 0
    assert rows[Detector.RETRAIN].within == EXPECTED[DriftKind.CONCEPT][2].within


def test_in_a_book_without_drift_a_retraining_is_a_false_alarm() -> None:
    rows = noticed((), [raised(Detector.RETRAIN, 0)])
    assert failures(list(rows.values())) == ["retrain: expected silent, false alarm in 2023-01"]


def test_a_told_scenario_says_what_was_seen_first_and_what_cured_it() -> None:
    scenario = drifted_scenario()
    assert scenario.failures == []
    assert scenario.first_sign is not None
    assert scenario.first_sign.detector == Detector.EARLY_READS
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
        row = noticed(drifts, [raised(Detector.DELIVERY, 1)])[Detector.DELIVERY]
        assert (row.within, row.verdict) == (0, "noticed late")
    concept, label = CONCEPT, Drift(DriftKind.LABEL, DRIFT, 1.0)
    assert noticed((label, concept), [])[Detector.RETRAIN].within == 8
