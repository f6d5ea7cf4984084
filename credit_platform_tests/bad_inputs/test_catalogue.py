from __future__ import annotations

import math
from pathlib import Path

import pytest

from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.bad_inputs.cells import CELLS
from credit_platform_tests.bad_inputs.delivery import MONTHS, ROWS_A_MONTH, BadInput, Outcome, deliver, outcome_of
from credit_platform_tests.bad_inputs.files import FILES

CATALOGUE = (*FILES, *CELLS)
MANY_BOOKS = 80


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOANS)


def spoilt(lake: Lake, entry: BadInput) -> Outcome:
    entry.spoil(deliver(lake.layout.raw_dir, entry.source))
    return outcome_of(lake, entry.source)


def assert_in_order(text: str, parts: tuple[str, ...]) -> None:
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not in {text!r} after position {at}"
        at = found


def test_the_catalogue_is_as_large_as_it_should_be() -> None:
    assert len(CATALOGUE) >= MANY_BOOKS
    assert len({entry.name for entry in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("source", sorted({entry.source for entry in CATALOGUE}))
def test_a_sound_delivery_is_taken_as_it_is(lake: Lake, source: str) -> None:
    deliver(lake.layout.raw_dir, source)
    outcome = outcome_of(lake, source)
    assert (outcome.refusal, outcome.held_back) == ("", {})
    assert (outcome.silver.height, outcome.quarantined.height) == (ROWS_A_MONTH * len(MONTHS), 0)
    assert outcome.silver["repairs"].list.len().sum() == 0


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_a_spoilt_delivery_ends_as_written(lake: Lake, entry: BadInput) -> None:
    outcome = spoilt(lake, entry)
    assert not [file for file in lake.layout.data_dir.rglob("*") if ".part" in file.name]
    refusal, held_back = outcome.refusal, " ".join(outcome.held_back.values())
    if entry.how == "refused":
        assert_in_order(refusal, (f"source {entry.source}", *entry.says))
        assert not list(lake.layout.data_dir.rglob("*.parquet"))
        assert len(refusal) < 700
        assert "Traceback" not in refusal
        return
    assert refusal == ""
    assert outcome.silver.height == entry.rows
    quarantined = set(outcome.quarantined["rule"]) if outcome.quarantined.height else set()
    repairs = set(outcome.silver["repairs"].explode().drop_nulls()) if outcome.silver.height else set()
    if entry.how == "held back":
        assert_in_order(held_back, entry.says)
    else:
        assert held_back == ""
    assert quarantined == (set(entry.says) if entry.how == "quarantined" else set())
    assert repairs == (set(entry.says) if entry.how == "repaired" else set())
    numbers = [value for row in outcome.silver.iter_rows() for value in row if isinstance(value, float)]
    assert all(math.isfinite(number) for number in numbers)
