from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.data_quality.source_gates import (
    DeliveryFacts,
    Gate,
    judge_month,
    measure_months,
    median_before,
)
from credit_platform.months import add_months
from credit_platform.policy.data_quality import SourceGatePolicy
from credit_platform.schemas.source_cells import SourceCells

JUNE = date(2023, 6, 1)
EARLIER = {add_months(JUNE, -n): 100 for n in range(1, 6)}
SOUND = DeliveryFacts(rows=100)


def failed(facts: DeliveryFacts, *, required: bool = True, error: str | None = None, **limits: float) -> set[Gate]:
    policy = SourceGatePolicy.model_validate(limits)
    return set(judge_month(JUNE, facts, EARLIER, policy, is_required=required, file_error=error).failures)


@pytest.mark.parametrize(
    ("facts", "gates"),
    [
        (SOUND, set()),
        (DeliveryFacts(rows=50), set()),
        (DeliveryFacts(rows=49), {"rows"}),
        (DeliveryFacts(rows=300), set()),
        (DeliveryFacts(rows=301), {"rows"}),
        (DeliveryFacts(rows=100, worst_column=("Age", 0.2)), set()),
        (DeliveryFacts(rows=100, worst_column=("Age", 0.21)), {"cells"}),
        (DeliveryFacts(rows=100, conflicting_key_share=0.2), set()),
        (DeliveryFacts(rows=100, conflicting_key_share=0.21), {"keys"}),
        (DeliveryFacts(rows=100, longest_cell=("Name", 10_000)), set()),
        (DeliveryFacts(rows=100, longest_cell=("Name", 10_001)), {"lengths"}),
        (DeliveryFacts(rows=9, worst_column=("Age", 1.0), conflicting_key_share=0.5), {"rows", "cells", "keys"}),
        (DeliveryFacts(), {"month"}),
    ],
)
def test_each_gate_fails_just_beyond_its_limit(facts: DeliveryFacts, gates: set[Gate]) -> None:
    assert failed(facts) == gates


def test_limits_are_the_policys() -> None:
    assert failed(DeliveryFacts(rows=10), min_rows_of_median=0.1) == set()
    assert failed(DeliveryFacts(rows=150), max_rows_of_median=1.4) == {"rows"}
    assert failed(DeliveryFacts(rows=100, worst_column=("Age", 0.02)), max_unparseable_share=0.01) == {"cells"}


def test_only_a_required_source_must_have_every_month() -> None:
    assert failed(DeliveryFacts(), required=False) == set()
    assert failed(DeliveryFacts(rows=9), required=False) == {"rows"}


def test_a_file_that_cannot_be_read_is_said_and_nothing_else() -> None:
    verdict = judge_month(
        JUNE, DeliveryFacts(), EARLIER, SourceGatePolicy(), is_required=True, file_error="cut off. Again."
    )
    assert verdict.failures == {"file": "2023-06: cut off. Again."}
    assert not verdict.passed


def test_every_failure_names_the_month_and_says_what_to_do() -> None:
    facts = DeliveryFacts(9, ("Age", 0.9), 0.9, ("Name", 99_999))
    verdict = judge_month(JUNE, facts, EARLIER, SourceGatePolicy(), is_required=True, file_error=None)
    assert set(verdict.failures) == {"rows", "cells", "keys", "lengths"}
    for said in verdict.failures.values():
        assert said.startswith("2023-06: ")
        assert said.count(". ") >= 1


def test_the_median_is_that_of_the_latest_months_before_and_none_when_they_are_few() -> None:
    policy = SourceGatePolicy(median_months=3, min_months=2)
    rows = {date(2023, 1, 1): 1, date(2023, 2, 1): 10, date(2023, 3, 1): 20, date(2023, 4, 1): 30, JUNE: 999}
    assert median_before(JUNE, rows, policy) == 20
    assert median_before(date(2023, 2, 1), rows, policy) is None
    assert median_before(JUNE, {**rows, date(2023, 5, 1): 0}, policy) == 20


def test_a_month_is_measured_column_by_column() -> None:
    cells = SourceCells(key=("id",), numbers=("age", "fe"), dates=("start",))
    frame = pl.DataFrame(
        {
            "id": ["a", "b", "b", None],
            "age": ["40", "40_", " 4 ", "x"],
            "fe": ["1", "NaN", "inf", "1e400"],
            "start": ["2023-01-01", "1/1/23", "", "soon"],
            "snapshot_month": [JUNE] * 4,
        }
    )
    facts = measure_months(frame, ("id", "age", "fe", "start"), cells, {JUNE: 4})[JUNE]
    assert facts.rows == 4
    assert facts.worst_column == ("fe", 0.75)
    assert facts.conflicting_key_share == 0.25
    assert facts.longest_cell == ("start", 10)


def test_blank_and_missing_numbers_are_not_unreadable() -> None:
    cells = SourceCells(key=("id",), numbers=("age",))
    frame = pl.DataFrame({"id": ["a", "b"], "age": ["  ", None], "snapshot_month": [JUNE] * 2})
    assert measure_months(frame, ("id", "age"), cells, {JUNE: 2})[JUNE].worst_column == ("", 0.0)
