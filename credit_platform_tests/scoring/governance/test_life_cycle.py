"""Reigns and roles replayed from decisions."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.months import add_months
from credit_platform.scoring.governance.life_cycle import (
    Action,
    Decision,
    Role,
    displaced,
    in_force_before,
    period_of,
    periods_in_force,
    roles,
    withdrawn,
)

MODEL = "m"
JANUARY = date(2024, 1, 1)


def month(n: int) -> date:
    return add_months(JANUARY, n - 1)


def decide(action: Action, version: str, of: int, until: int | None = None) -> Decision:
    return Decision(action, MODEL, version, month(of), None if until is None else month(until))


def life_of(version: str, trained: int) -> list[Decision]:
    """Trained, through its gates, in force from the next month on."""
    return [
        decide("registered", version, trained),
        decide("made_candidate", version, trained),
        decide("promoted", version, trained + 1),
    ]


THREE_VERSIONS = [*life_of("a", 1), *life_of("b", 4), *life_of("c", 7)]


def periods(decisions: list[Decision]) -> list[tuple[str, int]]:
    return [(period.version, period.first.month) for period in periods_in_force(decisions, MODEL)]


def test_promotions_count_from_their_month_whichever_was_written_first() -> None:
    written = [decide("promoted", "late", 5), decide("promoted", "early", 2), decide("not_promoted", "never", 3)]
    assert periods(written) == [("early", 2), ("late", 5)]


def test_of_two_promotions_with_one_month_the_later_decision_counts() -> None:
    assert periods([decide("promoted", "a", 2), decide("promoted", "b", 2)]) == [("b", 2)]


def test_a_rollback_ends_what_was_to_be_in_force_later_and_leaves_what_was_before() -> None:
    assert periods([*THREE_VERSIONS, decide("rolled_back", "a", 6, until=9)]) == [("a", 2), ("b", 5), ("a", 6)]


def test_a_promotion_decided_after_a_rollback_counts_again() -> None:
    rolled_back = [*THREE_VERSIONS, decide("rolled_back", "a", 6, until=9)]
    assert periods([*rolled_back, *life_of("d", 9)]) == [("a", 2), ("b", 5), ("a", 6), ("d", 10)]


def test_other_models_have_no_part_in_it() -> None:
    foreign = Decision("rolled_back", "other", "x", month(1))
    assert periods([*THREE_VERSIONS, foreign]) == periods(THREE_VERSIONS)
    assert "x" not in roles([*THREE_VERSIONS, foreign], MODEL, month(12))


@pytest.mark.parametrize(
    ("scored", "action", "expected"),
    [
        (6, "rolled_back", "rollback"),
        (9, "rolled_back", "rollback"),
        (10, "rolled_back", "live"),
        (9, "promoted", "backfill"),
    ],
)
def test_months_scored_again_say_so_and_later_ones_are_live(scored: int, action: Action, expected: str) -> None:
    period = period_of(periods_in_force([*THREE_VERSIONS, decide(action, "a", 6, until=9)], MODEL), month(scored))
    assert period is not None
    if action == "promoted" and scored >= 8:
        assert period.version == "c"
    else:
        assert (period.version, period.provenance(month(scored))) == ("a", expected)


@pytest.mark.parametrize(
    ("in_month", "expected"),
    [
        (1, {"a": "in force"}),
        (2, {"a": "in force"}),
        (4, {"a": "in force", "b": "candidate"}),
        (5, {"a": "retired", "b": "in force"}),
        (7, {"a": "retired", "b": "in force", "c": "candidate"}),
        (8, {"a": "retired", "b": "retired", "c": "in force"}),
    ],
)
def test_roles_follow_the_months(in_month: int, expected: dict[str, Role]) -> None:
    assert roles(THREE_VERSIONS, MODEL, month(in_month)) == expected


def test_of_those_made_candidate_one_is_the_last() -> None:
    written = [
        *life_of("a", 1),
        *(decide(action, version, 4) for version in "bc" for action in ("registered", "made_candidate")),
        decide("not_promoted", "c", 5),
        decide("registered", "d", 4),
    ]
    assert roles(written, MODEL, month(5)) == {"a": "in force", "b": "retired", "c": "candidate", "d": "candidate"}


def test_rolled_back_versions_are_retired_and_no_rule_may_promote_them_until_a_person_takes_them_up() -> None:
    written = [*THREE_VERSIONS, decide("rolled_back", "a", 6, until=9)]
    assert roles(written, MODEL, month(9)) == {"a": "in force", "b": "retired", "c": "retired"}
    assert withdrawn(written, MODEL) == {"b", "c"}
    again = [*written, decide("made_candidate", "c", 9)]
    assert roles(again, MODEL, month(9))["c"] == "candidate"
    assert withdrawn(again, MODEL) == {"b"}
    assert withdrawn([*THREE_VERSIONS, decide("retired", "a", 9)], MODEL) == {"a"}


def test_a_rollback_before_a_promotion_took_effect_withdraws_it() -> None:
    written = [*THREE_VERSIONS, decide("rolled_back", "b", 8, until=7)]
    assert displaced(periods_in_force(THREE_VERSIONS, MODEL), month(8)) == ["c"]
    assert roles(written, MODEL, month(8)) == {"a": "retired", "b": "in force", "c": "retired"}
    assert roles(written, MODEL, month(7)) == {"a": "retired", "b": "in force", "c": "retired"}
    assert roles(written, MODEL, month(4)) == {"a": "in force", "b": "candidate"}


def test_without_any_promotion_nothing_is_in_force() -> None:
    assert roles(life_of("a", 1)[:2], MODEL, month(9)) == {"a": "candidate"}
    assert period_of([], month(9)) is None


ACTIONS: tuple[Action, ...] = ("registered", "made_candidate", "promoted", "not_promoted", "rolled_back", "retired")
DECISIONS = st.lists(
    st.builds(decide, st.sampled_from(ACTIONS), st.sampled_from("abc"), st.integers(1, 12)), max_size=12
)


@given(DECISIONS, st.integers(1, 12))
def test_one_version_is_in_force_and_of_those_made_candidate_at_most_one_is_one(
    decisions: list[Decision], in_month: int
) -> None:
    found = roles(decisions, MODEL, month(in_month))
    counted = list(found.values())
    periods = periods_in_force(decisions, MODEL)
    assert counted.count("in force") == (1 if periods else 0)
    made = {each.version for each in decisions if each.action == "made_candidate" and each.month <= month(in_month)}
    assert sum(found[version] == "candidate" for version in made) <= 1
    in_force = period_of(periods, month(in_month))
    if in_force is not None:
        assert found[in_force.version] == "in force"


@given(DECISIONS, st.sampled_from("abc"), st.integers(1, 12))
def test_after_a_rollback_its_version_is_in_force_from_its_month_to_the_end(
    decisions: list[Decision], version: str, of: int
) -> None:
    rolled_back = [*decisions, decide("rolled_back", version, of)]
    assert periods(rolled_back)[-1] == (version, of)
    earlier = [period for period in periods(decisions) if period[1] < of]
    assert periods(rolled_back)[:-1] == earlier


@pytest.mark.parametrize(
    ("later", "at", "before"),
    [
        ([], 1, []),
        ([], 4, []),
        ([], 7, ["a"]),
        ([], 8, ["b", "a"]),
        ([decide("retired", "b", 9)], 9, ["a"]),
        ([decide("rolled_back", "a", 9, until=9)], 9, ["b"]),
        ([decide("promoted", "a", 9), decide("promoted", "d", 10)], 10, ["a", "c", "b"]),
    ],
)
def test_the_in_force_before_are_those_that_nobody_took_out(later: list[Decision], at: int, before: list[str]) -> None:
    assert in_force_before([*THREE_VERSIONS, *later], MODEL, month(at)) == before
