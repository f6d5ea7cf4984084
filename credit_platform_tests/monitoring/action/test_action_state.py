from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.action.action_state import (
    LOOK_BACK_MONTHS,
    Judged,
    Training,
    state_of,
    transition_of,
)
from credit_platform.months import add_months

START = date(2025, 1, 1)
OLD, NEW = "2024-06-01-old", "2025-02-01-new"


def month(place: int) -> date:
    return add_months(START, place)


def judged(place: int, action: str = "monitor", *, version: str = OLD, live: bool = True, clean: bool = True) -> Judged:
    return Judged(month(place), version, action, live, clean and action == "monitor", f"cause of {action}")  # type: ignore[arg-type]


def training(as_of: int, version: str = NEW, *, promoted: bool = True, effective: int | None = None) -> Training:
    first = as_of + 1 if effective is None else effective
    reasons = ("beats it",) if promoted else ("no gain of 2 %", "gate failed")
    return Training(version, month(as_of), month(first), promoted, reasons)


def states(months: Sequence[Judged], trainings: Sequence[Training] = ()) -> list[str]:
    return [state_of(months[: n + 1], trainings).state for n in range(len(months))]


def test_without_retraining_the_state_follows_the_action() -> None:
    months = [judged(0), judged(1, clean=False), judged(2, "active_monitoring"), judged(3)]
    assert states(months) == ["healthy", "watch", "active_monitoring", "healthy"]
    assert str(transition_of(months[:3], ())) == "watch -> active_monitoring: cause of active_monitoring"
    assert str(transition_of(months[:1], ())) == "not judged -> healthy: cause of monitor"


def test_a_retrained_version_in_effect_resolves_the_action_while_old_cohorts_still_mature() -> None:
    months = [judged(0, "retrain"), judged(1, "retrain"), judged(2), judged(3, version=NEW)]
    trainings = [training(0)]
    assert states(months, trainings) == ["retrain_required", "resolved", "resolved", "healthy"]
    resolved = transition_of(months[:2], trainings)
    assert (resolved.before, resolved.after) == ("retrain_required", "resolved")
    assert resolved.why == (
        "retraining was asked for in 2025-01; version 2025-02-01-new, trained as of 2025-01, is in effect since "
        "2025-02, while cohorts of 2024-06-01-old still mature"
    )
    assert "now about version 2025-02-01-new" in transition_of(months, trainings).why


def test_a_refused_version_leaves_the_retraining_open_with_the_reasons_of_the_log() -> None:
    standing = state_of([judged(0, "retrain"), judged(1, "retrain")], [training(0, promoted=False)])
    assert standing.state == "retraining"
    assert standing.why.endswith("trained as of 2025-01 was not promoted: no gain of 2 %; gate failed")


def test_a_version_that_takes_effect_later_is_waited_for() -> None:
    months = [judged(0, "retrain"), judged(1, "retrain"), judged(2, "retrain"), judged(3, "retrain")]
    found = states(months, [training(0, effective=3)])
    assert found == ["retrain_required", "retraining", "retraining", "resolved"]


def test_a_training_that_never_happened_leaves_it_required_and_says_so() -> None:
    standing = state_of([judged(0, "retrain"), judged(1, "retrain")], [])
    assert (standing.state, standing.why) == (
        "retrain_required",
        "cause of retrain; asked for since 2025-01, nothing was trained",
    )


def test_a_training_as_of_the_month_is_not_yet_known_in_it() -> None:
    months = [judged(0, "retrain"), judged(1, "retrain")]
    assert states(months, [training(1, promoted=False)]) == ["retrain_required", "retrain_required"]


def test_a_training_before_the_action_does_not_answer_it() -> None:
    months = [judged(0), judged(1, "retrain"), judged(2, "retrain")]
    assert states(months, [training(0)]) == ["healthy", "retrain_required", "retrain_required"]


def test_a_rollback_by_a_person_resolves_as_well() -> None:
    back = Training("2024-01-01-older", month(0), month(1), promoted=True, reasons=("safer",), is_rollback=True)
    standing = state_of([judged(0, "retrain"), judged(1, "retrain")], [back])
    assert (standing.state, "taken up again by a person" in standing.why) == ("resolved", True)


def test_a_backtest_asks_for_nothing() -> None:
    months = [judged(0, "retrain", live=False), judged(1, "retrain", live=False)]
    assert states(months, [training(0)]) == ["retrain_required", "retrain_required"]


def test_a_version_that_recovers_is_no_longer_retrained() -> None:
    assert states([judged(0, "retrain"), judged(1)], [training(0, promoted=False)])[-1] == "healthy"


def test_a_month_without_the_one_before_has_no_state_before() -> None:
    assert transition_of([judged(0, "retrain"), judged(2)], ()).before is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["monitor", "active_monitoring", "retrain"]), st.booleans(), st.booleans()),
        min_size=1,
        max_size=2 * LOOK_BACK_MONTHS + 3,
    ),
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=4),
)
def test_months_beyond_the_look_back_and_trainings_to_come_change_nothing(
    decided: list[tuple[str, bool, bool]], trained: list[tuple[int, bool]]
) -> None:
    months = [
        judged(place, action, version=NEW if is_new else OLD, live=live)
        for place, (action, live, is_new) in enumerate(decided)
    ]
    trainings = [training(as_of, promoted=promoted) for as_of, promoted in trained]
    kept = months[-LOOK_BACK_MONTHS - 2 :]
    assert transition_of(kept, trainings) == transition_of(months, trainings)
    past = [t for t in trainings if t.as_of < months[-1].month]
    assert transition_of(months, past) == transition_of(months, trainings)


@pytest.mark.parametrize("action", ["monitor", "active_monitoring", "retrain"])
def test_the_first_month_of_a_book_has_a_state(action: str) -> None:
    assert state_of([judged(0, action)], ()).why == f"cause of {action}"
