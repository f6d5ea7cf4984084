"""The table of cases is whole: every example that people reported, and more of each kind."""

from __future__ import annotations

import pytest

from credit_platform_tests.field_faults.catalogue import case, cases

# How many examples of each kind were collected from reports; further cases of a kind have higher numbers.
REPORTED = {"A": 8, "B": 6, "C": 3, "D": 5, "E": 6, "F": 4, "G": 2}
# A raw application has no way to be scored yet.
NOT_YET = {"G2"}


@pytest.mark.parametrize("kind", REPORTED)
def test_every_reported_example_of_a_kind_is_held_and_another_case_besides(kind: str) -> None:
    held = {one.name for one in cases() if one.name.startswith(kind)}
    reported = {f"{kind}{number}" for number in range(1, REPORTED[kind] + 1)}
    assert reported - NOT_YET <= held
    assert held - reported


def test_a_case_is_held_by_one_test() -> None:
    with pytest.raises(ValueError, match="A1 is held by"):
        case("A1", given="a loan", right="a label")(test_a_case_is_held_by_one_test)
