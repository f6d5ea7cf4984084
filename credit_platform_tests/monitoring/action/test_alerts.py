from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.action.alerts import AlertEvent, Attempts, alert_events, failure_event, recovery_event
from credit_platform.months import add_months
from credit_platform.scoring.governance.life_cycle import PeriodInForce

FIRST = date(2025, 1, 1)
BELOW_DS = "below_data_science_threshold: roc_auc 0.7900: value below the data-science threshold 0.8 (P0)"
BELOW_BUSINESS = "below_business_threshold: roc_auc 0.7000: value below the business threshold 0.75 (P0)"
SHIFTED = "scores_shifted: psi of the scores 0.3000 has reached the alert level 0.25"
WATCHED = "worth_watching: f1_score 0.5 (P2)"
FINE = "every P0 and P1 metric is at or above its data-science threshold"
REASONS = (BELOW_DS, BELOW_BUSINESS, SHIFTED, WATCHED, FINE)


def actions(*months: list[str], model: str = "gradient_boosting", is_live: bool = True) -> pl.DataFrame:
    """One action a month with these reasons."""
    return pl.DataFrame(
        [
            {
                "snapshot_month": add_months(FIRST, n),
                "model": model,
                "model_version": "2024-12-01-a1",
                "action": "active_monitoring",
                "actionable": is_live,
                "transition": "healthy -> watch: why",
                "reasons": "\n".join(reasons),
            }
            for n, reasons in enumerate(months)
        ]
    )


def told(frame: pl.DataFrame, remind_after_months: int = 3) -> list[tuple[int, str, str, str]]:
    events = alert_events(frame, remind_after_months=remind_after_months)
    return [(e.month.month, e.key, e.kind, e.level) for e in events if e.kind != "digest"]


FLOOR = "gradient_boosting: roc_auc floor"


def test_an_alert_opens_once_escalates_eases_and_resolves() -> None:
    frame = actions([BELOW_DS], [BELOW_DS], [BELOW_BUSINESS], [BELOW_DS], [FINE])
    assert told(frame) == [
        (1, FLOOR, "opened", "warning"),
        (3, FLOOR, "escalated", "critical"),
        (4, FLOOR, "eased", "warning"),
        (5, FLOOR, "resolved", "info"),
    ]


def test_two_rules_are_two_alerts_and_the_worse_floor_of_a_metric_counts() -> None:
    frame = actions([BELOW_BUSINESS, BELOW_DS, SHIFTED, WATCHED])
    assert told(frame) == [
        (1, FLOOR, "opened", "critical"),
        (1, "gradient_boosting: scores shifted", "opened", "warning"),
    ]


def test_a_standing_alert_is_told_again_after_the_quiet_period_only() -> None:
    frame = actions(*[[SHIFTED]] * 8)
    assert [(month, kind) for month, _, kind, _ in told(frame)] == [(1, "opened"), (4, "reminded"), (7, "reminded")]


def test_a_backtest_neither_raises_nor_resolves() -> None:
    assert told(actions([BELOW_BUSINESS], is_live=False)) == []
    live, backtest = actions([BELOW_DS]), actions([FINE], [FINE], is_live=False)[1:]
    assert [kind for _, _, kind, _ in told(pl.concat([live, backtest]))] == ["opened"]


def test_models_do_not_touch_each_other_and_every_month_has_one_digest_of_all() -> None:
    frame = pl.concat([actions([SHIFTED], [SHIFTED]), actions([FINE], [SHIFTED], model="scorecard")])
    events = alert_events(frame, remind_after_months=9)
    opened = {event.key: event.month for event in events if event.kind == "opened"}
    assert opened == {
        "gradient_boosting: scores shifted": FIRST,
        "scorecard: scores shifted": add_months(FIRST, 1),
    }
    digests = [event for event in events if event.kind == "digest"]
    assert [event.month for event in digests] == [FIRST, add_months(FIRST, 1)]
    assert digests[0].title == (
        "Model monitoring 2025-01: gradient_boosting active_monitoring, scorecard active_monitoring"
    )
    assert digests[1].body.split("\n") == [
        "gradient_boosting 2024-12-01-a1: active_monitoring",
        "  State: healthy -> watch",
        f"  {SHIFTED}",
        "scorecard 2024-12-01-a1: active_monitoring",
        "  State: healthy -> watch",
        f"  {SHIFTED}",
        "Open alerts: 2",
        "  gradient_boosting: scores shifted (warning, since 2025-01)",
        "  scorecard: scores shifted (warning, since 2025-02)",
    ]


@given(st.lists(st.lists(st.sampled_from(REASONS), min_size=1, max_size=3, unique=True), min_size=1, max_size=12))
def test_at_most_one_alert_is_open_per_key_and_later_months_never_change_earlier_events(
    months: list[list[str]],
) -> None:
    events = alert_events(actions(*months), remind_after_months=3)
    standing: set[str] = set()
    for event in events:
        if event.kind == "digest":
            continue
        assert (event.key in standing) == (event.kind != "opened")
        (standing.discard if event.kind == "resolved" else standing.add)(event.key)
    assert len({event.event_id for event in events}) == len(events)
    shorter = alert_events(actions(*months[:-1]), remind_after_months=3) if len(months) > 1 else []
    assert events[: len(shorter)] == shorter


def test_an_interim_version_is_an_alert_until_one_that_passed_all_gates_takes_its_place() -> None:
    model, gates = "gradient_boosting", ("max_train_validation_gap",)
    first, interim, full = (
        PeriodInForce(version, add_months(FIRST, begins), None, is_rollback=False, failed_gates=failed)
        for version, begins, failed in (("2024-12-01-a1", 0, ()), ("2025-02-01-b2", 2, gates), ("2025-06-01-c3", 6, ()))
    )
    frame = actions([FINE], [BELOW_BUSINESS], *[[FINE]] * 5)
    key = f"{model}: interim version"
    events = alert_events(frame, remind_after_months=3, periods={model: [first, interim, full]})
    found = [event for event in events if event.key == key]
    assert [(event.month.month, event.kind, event.level) for event in found] == [
        (2, "opened", "warning"),
        (5, "reminded", "warning"),
        (6, "resolved", "info"),
    ]
    assert "2025-02-01-b2 is in force from 2025-03 on in spite of failed gates" in found[0].body
    assert "max_train_validation_gap" in found[0].body
    assert "version 2025-06-01-c3 takes the place of the interim version from 2025-07 on" in found[-1].body
    assert found[-1].audience == "warning"
    floor = [(event.month.month, event.kind) for event in events if event.key == FLOOR]
    assert floor == [(2, "opened"), (2, "resolved")]
    # A month that is not acted on opens and closes it all the same.
    quiet = alert_events(
        actions(*[[FINE]] * 7, is_live=False), remind_after_months=3, periods={model: [first, interim, full]}
    )
    assert [event for event in quiet if event.key == key] == found


def test_a_replaced_version_raises_no_alert_and_the_one_it_had_is_closed_when_another_is_to_take_its_place() -> None:
    periods = [
        PeriodInForce(version, add_months(FIRST, begins), None, is_rollback=False, failed_gates=())
        for version, begins in (("2024-12-01-a1", 0), ("2025-02-01-b2", 2))
    ]
    frame = actions(*[[BELOW_BUSINESS, SHIFTED]] * 5)
    events = alert_events(frame, remind_after_months=9, periods={"gradient_boosting": periods})
    found = [(event.month.month, event.kind) for event in events if event.key == FLOOR]
    assert found == [(1, "opened"), (2, "resolved")]
    (end,) = [event for event in events if event.key == FLOOR and event.is_end]
    assert "version 2024-12-01-a1 is no longer in force from 2025-03 on" in end.body
    # What is known before the outcome is about the version that scores now.
    shifted = [event.kind for event in events if event.key == "gradient_boosting: scores shifted"]
    assert shifted == ["opened"]


def test_two_failures_of_one_month_are_two_events_of_one_alert() -> None:
    events: list[AlertEvent] = [failure_event("build_month", FIRST, run, ["no rows"]) for run in ("a", "b")]
    assert events[0].key == events[1].key == recovery_event("build_month", FIRST, "c").key
    assert events[0].event_id != events[1].event_id
    assert "no rows" in events[0].body


def test_a_retraining_that_failed_is_a_warning_until_no_attempt_is_left() -> None:
    first, last = (
        failure_event(
            "train_models", FIRST, f"r{n}", ["no features"], model="gradient_boosting", attempts=Attempts(n, 3)
        )
        for n in (1, 3)
    )
    assert first.key == last.key == "train_models 2025-01 gradient_boosting"
    assert (first.kind, first.level, first.audience) == ("failed", "warning", None)
    assert "Attempt 1 of 3; the next is made without anybody's help" in first.body
    assert (last.kind, last.level, last.audience) == ("escalated", "critical", "critical")
    assert last.title == "train_models 2025-01 gradient_boosting given up after 3 attempts"
    assert "run train_models for 2025-01 and gradient_boosting again" in last.body
