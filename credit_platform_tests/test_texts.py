"""A text that leaves a person alone is found; inputs are told in words."""

from __future__ import annotations

import dagster as dg
import pytest

from credit_platform.assets.asset_metadata import in_words
from credit_platform.partitions import all_months_until, months_before, same_month
from credit_platform_tests.text_rules import faults_of_asset, faults_of_automation, faults_of_check


@pytest.mark.parametrize(
    ("description", "fault"),
    [
        (None, "grain"),
        ("The loans of a month, one row per loan, with all that is known of them.", "grain"),
        ("One row per loan.", "what it means"),
        ("One row per loan and month, with what was due and what was paid.\n\n**Inputs:** `b/c`.", "input a/b"),
        ("One row per loan and month, with what was due and what was paid.\n\n**Inputs:** `a/b`.", "when it is red"),
    ],
)
def test_an_asset_without_one_of_the_parts_is_found(description: str | None, fault: str) -> None:
    assert any(fault in said for said in faults_of_asset(description, reads=["a/b"]))


def test_a_check_and_a_sensor_that_leave_a_person_alone_are_found() -> None:
    assert faults_of_check("Every row has the columns, types, keys and ranges of its contract.") != []
    assert faults_of_check("When it is red, read the error and build the month again, oldest first.") != []
    assert faults_of_automation("Trains a model as of the month whose action says retrain, and only once.") != []
    assert faults_of_automation("When it is red, run.") != []


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_the_months_of_an_input_are_said_in_words() -> None:
    said = {
        "the same month": [None, same_month()],
        "the month and up to 23 before": [months_before(23)],
        "23 to 6 months before": [months_before(23, until=6)],
        "6 months before": [months_before(6, until=6)],
        "all months until then": [all_months_until()],
        "all months": [dg.AllPartitionMapping()],
    }
    assert {words: {in_words(mapping) for mapping in mappings} for words, mappings in said.items()} == {
        words: {words} for words in said
    }
