from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from credit_platform.errors import NoVersionInForceError
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.governance.promotions import (
    PromotionLog,
    PromotionRecord,
    incumbent,
    model_periods,
    promotions_kept,
    version_in_force,
)
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months
from credit_platform.scoring.governance.life_cycle import periods_in_force

MODEL = "gradient_boosting"
TRAINED = date(2024, 1, 1)


def record(version: str, as_of: date = TRAINED, *, promoted: bool = True, model: str = MODEL) -> PromotionRecord:
    return PromotionRecord(model, version, as_of, add_months(as_of, 1), promoted, "policy", ("No gate failed.",))


def test_what_was_appended_is_read_back_in_order(lake: Lake) -> None:
    log = PromotionLog(lake.layout)
    assert log.records() == []
    failed = ("max_oot_test_gap", "max_null_rate")
    written = [
        record("a"),
        record("b", date(2024, 4, 1), promoted=False),
        record("x", model="other"),
        replace(record("c", date(2024, 5, 1)), failed_gates=failed, is_interim=True),
        replace(record("d", date(2024, 6, 1), promoted=False), failed_gates=failed, recommended="interim"),
        replace(record("e", date(2024, 7, 1)), failed_gates=failed),
    ]
    assert [log.append(each) for each in written] == [True] * len(written)
    assert log.records() == written
    periods = model_periods(log.records(), MODEL)
    assert [(period.version, period.is_interim) for period in periods] == [("a", False), ("c", True), ("e", False)]
    assert periods[1].failed_gates == failed
    assert periods == periods_in_force(AuditLog(lake.layout).decisions(), MODEL)


def test_appending_the_same_decision_again_writes_nothing(lake: Lake) -> None:
    log = PromotionLog(lake.layout)
    log.append(record("a"))
    log.append(record("x", model="other"))
    content = lake.layout.audit_log().read_bytes()
    assert log.append(record("a")) is False
    assert lake.layout.audit_log().read_bytes() == content


def test_a_decision_that_changed_its_mind_and_back_is_written_each_time(lake: Lake) -> None:
    log = PromotionLog(lake.layout)
    for version in ("a", "b", "a"):
        assert log.append(record(version)) is True
    assert version_in_force(log.records(), MODEL, date(2024, 2, 1)) == ("a", "live")


def test_a_last_line_cut_off_by_a_crash_is_left_out_and_written_over(lake: Lake) -> None:
    log = PromotionLog(lake.layout)
    log.append(record("a"))
    file = lake.layout.audit_log()
    file.write_bytes(file.read_bytes() + b'{"model": "gradient_boo')
    assert log.records() == [record("a")]
    log.append(record("b", date(2024, 4, 1)))
    assert [each.model_version for each in log.records()] == ["a", "b"]
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_a_record_carries_the_time_and_reasons_for_people(lake: Lake) -> None:
    PromotionLog(lake.layout).append(replace(record("a"), reasons=("größer",)))
    (line,) = lake.layout.audit_log().read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["reasons"] == ["größer"]
    assert "größer" in line
    assert json.loads(line)["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        (date(2023, 6, 1), ("first", "backfill")),
        (date(2024, 1, 1), ("first", "backfill")),
        (date(2024, 2, 1), ("first", "live")),
        (date(2024, 4, 1), ("first", "live")),
        (date(2024, 5, 1), ("second", "live")),
        (date(2030, 1, 1), ("second", "live")),
    ],
)
def test_the_version_in_force_follows_the_effective_month(month: date, expected: tuple[str, str]) -> None:
    records = [
        record("second", date(2024, 4, 1)),
        record("first"),
        record("kept_out", date(2024, 7, 1), promoted=False),
        record("foreign", date(2024, 1, 1), model="other"),
    ]
    assert version_in_force(records, MODEL, month) == expected


def test_of_two_promotions_with_one_effective_month_the_later_decision_counts() -> None:
    records = [record("a"), record("b")]
    assert version_in_force(records, MODEL, date(2024, 2, 1)) == ("b", "live")
    assert version_in_force(records, MODEL, date(2023, 12, 1)) == ("b", "backfill")


def test_there_is_no_incumbent_before_the_first_promotion_takes_effect() -> None:
    assert incumbent([record("a")], MODEL, date(2024, 1, 1)) is None
    assert incumbent([record("a")], MODEL, date(2024, 2, 1)) == "a"


def test_without_any_promotion_the_error_names_model_month_and_fix() -> None:
    with pytest.raises(NoVersionInForceError, match=r"gradient_boosting has no version in force in 2024-02\. Train it"):
        version_in_force([record("x", model="other")], MODEL, date(2024, 2, 1))
    with pytest.raises(NoVersionInForceError, match=r"promote --model gradient_boosting --version a --to in-force"):
        version_in_force([record("a", promoted=False)], MODEL, date(2024, 2, 1))


def test_a_rollback_is_read_back_with_what_had_been_scored_and_takes_the_later_promotion_back(lake: Lake) -> None:
    log = PromotionLog(lake.layout)
    rollback = replace(
        record("a"), effective_month=date(2024, 4, 1), actor="Ann", is_rollback=True, scored_until=date(2024, 6, 1)
    )
    for each in (record("a"), record("b", date(2024, 4, 1)), rollback):
        log.append(each)
    assert log.records()[-1] == rollback
    months = (3, 4, 6, 7)
    expected = [("a", "live"), ("a", "rollback"), ("a", "rollback"), ("a", "live")]
    assert [version_in_force(log.records(), MODEL, date(2024, month, 1)) for month in months] == expected


def test_records_say_who_was_in_force_before_and_after(lake: Lake) -> None:
    log = PromotionLog(lake.layout)
    for each in (record("a"), record("b", date(2024, 4, 1)), record("c", date(2024, 7, 1), promoted=False)):
        log.append(each, policy_sha256="ab")
    entries = [each.entry for each in AuditLog(lake.layout).records()]
    assert [(entry.before, entry.after) for entry in entries] == [(None, "a"), ("a", "b"), ("b", "b")]
    assert {entry.policy_sha256 for entry in entries} == {"ab"}


def test_a_rule_that_decides_the_same_again_after_a_person_decided_otherwise_writes_nothing(lake: Lake) -> None:
    log = PromotionLog(lake.layout)
    log.append(record("a"))
    log.append(replace(record("a"), actor="Ann", reasons=("Once more.",)))
    assert log.append(record("a")) is False


def test_promotions_that_a_rollback_took_back_do_not_stand() -> None:
    first, second = record("a"), record("b", date(2024, 4, 1))
    third = record("c", date(2024, 7, 1))
    rollback = replace(first, effective_month=date(2024, 5, 1), actor="Ann", is_rollback=True)
    assert promotions_kept([third, second, first], MODEL) == [first, second, third]
    assert promotions_kept([first, second, third, rollback], MODEL) == [first, rollback]
