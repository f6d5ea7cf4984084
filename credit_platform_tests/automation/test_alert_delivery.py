"""Alerts arrive at real servers on this machine, once, and what fails is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
import pytest
from apprise.plugins.pagerduty import PAGERDUTY_API_LOOKUP
from apprise.plugins.slack import NotifySlack
from pydantic import SecretStr

from credit_platform.automation.alert_delivery import MAX_ATTEMPTS, AlertDispatcher
from credit_platform.errors import SettingsError
from credit_platform.lake.governance.alert_log import AlertRecord
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.alerts import failure_event, recovery_event
from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import AlertAddresses, load_settings
from credit_platform_tests.automation.local_servers import mailbox, web_hook

MODEL, MONTH = "gradient_boosting", date(2025, 6, 1)
WARNING = "scores_shifted: psi of the scores 0.3000 has reached the alert level 0.25"
CRITICAL = "below_business_threshold: roc_auc 0.7000: value below the business threshold 0.75 (P0)"
FINE = "every P0 and P1 metric is at or above its data-science threshold"


def write_actions(lake: Lake, *months: str, first: date = MONTH) -> None:
    """One live action a month with one reason each."""
    for n, reason in enumerate(months):
        month = add_months(first, n)
        row = {
            "snapshot_month": month,
            "cohort": add_months(month, -6),
            "model": MODEL,
            "model_version": "2024-12-01-a1",
            "action": "monitor" if reason == FINE else "active_monitoring",
            "actionable": True,
            "state": "healthy",
            "reasons": reason,
        }
        lake.write(f"monitoring/{MODEL}/action", pl.DataFrame([row]), [month])


def dispatcher(
    folder: Path,
    *,
    slack: SecretStr | None = None,
    pagerduty: SecretStr | None = None,
    email: SecretStr | None = None,
    recipients: Mapping[str, SecretStr] = MappingProxyType({}),
    is_dry_run: bool = False,
) -> AlertDispatcher:
    given = AlertAddresses.model_construct(
        slack=slack, pagerduty=pagerduty, email=email, recipients=recipients, is_dry_run=is_dry_run
    )
    return AlertDispatcher(Lake.at(folder, portfolio=LOANS), LOANS.load_policy().monitoring, [MODEL], given)


def states(records: list[AlertRecord]) -> dict[str, dict[str, str]]:
    return {record.event.kind: dict(record.deliveries) for record in records}


def hook_address(server: Any) -> SecretStr:
    return SecretStr(f"json://127.0.0.1:{server.server_port}")


def test_a_dry_run_notes_what_it_would_send_and_needs_no_address(tmp_path: Path) -> None:
    quiet = dispatcher(tmp_path, is_dry_run=True)
    write_actions(quiet.lake, CRITICAL)
    assert states(quiet.catch_up())["opened"] == {"pagerduty": "dry_run", "slack": "dry_run", "email": "dry_run"}
    assert quiet.catch_up() == []


def test_an_alert_arrives_by_web_hook_and_mail_with_model_rule_reason_and_recipients(tmp_path: Path) -> None:
    with web_hook() as hook, mailbox() as mail:
        address = (
            f"mailto://127.0.0.1:{mail.server_address[1]}?from=platform@lender.test&to=team@lender.test&mode=insecure"
        )
        at_work = dispatcher(tmp_path, slack=hook_address(hook), pagerduty=hook_address(hook), email=SecretStr(address))
        write_actions(at_work.lake, CRITICAL)
        assert states(at_work.catch_up())["opened"] == {"pagerduty": "sent", "slack": "sent", "email": "sent"}
        first = hook.received[0]
        assert "roc_auc floor opened (critical)" in first["title"]
        assert "0.7000" in first["message"]
        assert "oncall" in first["message"]
        assert first["type"] == "failure"
        assert "roc_auc floor opened" in mail.received[0]
        n_received = len(hook.received)
        assert at_work.catch_up() == []
        assert len(hook.received) == n_received


def test_escalation_and_resolution_are_told_and_nothing_twice(tmp_path: Path) -> None:
    with web_hook() as hook:
        at_work = dispatcher(tmp_path, slack=hook_address(hook))
        kinds = []
        for n, reason in enumerate(
            (WARNING, WARNING, CRITICAL.replace("below_business_threshold", "below_data_science_threshold"), FINE)
        ):
            write_actions(at_work.lake, reason, first=add_months(MONTH, n))
            kinds.append(sorted(r.event.kind for r in at_work.catch_up() if r.event.kind != "digest"))
        assert kinds == [["opened"], [], ["opened", "resolved"], ["resolved"]]
        assert len([r for r in hook.received if "resolved" in r["title"]]) == 2
        assert at_work.log.open_alerts() == []


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2025, 6, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)


def test_a_channel_that_refuses_is_tried_again_and_no_other_channel_hears_it_twice(tmp_path: Path) -> None:
    clock = Clock()
    with web_hook(is_refusing=True) as broken, web_hook() as hook:
        at_work = replace(dispatcher(tmp_path, slack=hook_address(hook), pagerduty=hook_address(broken)), clock=clock)
        write_actions(at_work.lake, CRITICAL)
        first = states(at_work.catch_up())["opened"]
        assert (first["slack"], first["pagerduty"], first["email"]) == ("sent", "failed", "no_address")
        broken.is_refusing = False
        assert at_work.catch_up() == []
        clock.pass_minutes(1)
        assert states(at_work.catch_up())["opened"]["pagerduty"] == "sent"
        assert len(broken.received) == 1
        assert len([r for r in hook.received if "opened" in r["title"]]) == 1
        assert at_work.catch_up() == []


def test_a_channel_that_never_answers_is_tried_for_a_day_at_growing_intervals_and_then_left_alone(
    tmp_path: Path,
) -> None:
    clock = Clock()
    with web_hook(is_refusing=True) as broken:
        at_work = replace(dispatcher(tmp_path, slack=hook_address(broken)), clock=clock)
        at_work.tell([failure_event("build_month", MONTH, "r1", ["no rows of 2025-06"])])
        tried = [0]
        for minute in range(1, 36 * 60):
            clock.pass_minutes(1)
            tried += [minute] if at_work.tell([]) else []
        assert [after - before for before, after in pairwise(tried)] == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]
        (record,) = at_work.log.records().values()
        assert record.attempts == MAX_ATTEMPTS
        assert record.error == "slack did not take the message; CREDIT_ALERT_EMAIL is not set"


def test_history_is_noted_and_not_sent(tmp_path: Path) -> None:
    with web_hook() as hook:
        at_work = dispatcher(tmp_path, slack=hook_address(hook))
        write_actions(at_work.lake, CRITICAL, FINE, FINE)
        told = at_work.catch_up()
        sent = [(record.event.month, record.event.kind) for record in told if record.deliveries.get("slack") == "sent"]
        assert sent == []
        assert {record.event.month for record in told if "past" in record.deliveries.values()} == {
            MONTH,
            add_months(MONTH, 1),
        }
        assert hook.received == []


def test_an_alert_that_opened_before_anybody_was_told_and_still_stands_is_told_once(tmp_path: Path) -> None:
    with web_hook() as hook:
        at_work = dispatcher(tmp_path, slack=hook_address(hook))
        write_actions(at_work.lake, CRITICAL, WARNING, WARNING)
        at_work.catch_up()
        assert [one["title"] for one in hook.received] == [f"{MODEL}: scores shifted opened (warning)"]
        assert at_work.catch_up() == []


def test_those_called_for_a_breach_hear_that_it_has_eased_and_ended(tmp_path: Path) -> None:
    with web_hook() as hook, web_hook() as pager:
        at_work = dispatcher(tmp_path, slack=hook_address(hook), pagerduty=hook_address(pager))
        below = CRITICAL.replace("below_business_threshold", "below_data_science_threshold")
        for n, reason in enumerate((CRITICAL, below, FINE)):
            write_actions(at_work.lake, reason, first=add_months(MONTH, n))
            at_work.catch_up()
        alert = f"{MODEL}: roc_auc floor"
        assert [one["title"].split(" (")[0] for one in pager.received] == [
            f"{alert} opened",
            f"{alert} eased",
            f"{alert} resolved",
        ]
        assert pager.received[-1]["type"] == "success"


def test_a_recipient_with_an_address_of_its_own_hears_of_its_levels_alone(tmp_path: Path) -> None:
    with web_hook() as shared, web_hook() as risk:
        at_work = dispatcher(tmp_path, email=hook_address(shared), recipients={"risk-team": hook_address(risk)})
        write_actions(at_work.lake, WARNING)
        assert "risk-team" not in states(at_work.catch_up())["opened"]
        assert risk.received == []
        write_actions(at_work.lake, CRITICAL, first=add_months(MONTH, 1))
        assert states(at_work.catch_up())["opened"]["risk-team"] == "sent"
        assert "roc_auc floor" in risk.received[0]["title"]


def test_slack_and_pagerduty_get_what_they_understand_and_an_incident_is_closed_by_its_alert_s_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_hook() as slack, web_hook() as pager:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{slack.server_port}")
        monkeypatch.setitem(PAGERDUTY_API_LOOKUP, "us", f"http://127.0.0.1:{pager.server_port}")
        at_work = dispatcher(
            tmp_path,
            slack=SecretStr("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ml-monitoring"),
            pagerduty=SecretStr("pagerduty://integration@api-key"),
        )
        write_actions(at_work.lake, CRITICAL)
        at_work.catch_up()
        write_actions(at_work.lake, FINE, first=add_months(MONTH, 1))
        at_work.catch_up()
    opened, resolved = pager.received
    key = f"{MODEL}: roc_auc floor"
    assert (opened["event_action"], opened["dedup_key"], opened["payload"]["severity"]) == ("trigger", key, "critical")
    assert "0.7000" in opened["payload"]["summary"]
    assert (resolved["event_action"], resolved["dedup_key"]) == ("resolve", key)
    attachments = [one["attachments"][0] for one in slack.received]
    assert attachments[0]["title"] == f"{key} opened (critical)"
    assert "0.7000" in attachments[0]["text"]


def test_a_failed_run_is_open_until_a_later_one_succeeds(tmp_path: Path) -> None:
    quiet = dispatcher(tmp_path, is_dry_run=True)
    quiet.tell([failure_event("build_month", MONTH, "r1", ["features_attributes: no row of 2025-06"])])
    (standing,) = quiet.log.open_alerts()
    assert standing.event.key == "build_month 2025-06"
    quiet.tell([recovery_event("build_month", MONTH, "r2")])
    assert quiet.log.open_alerts() == []


def test_addresses_come_from_the_environment_and_are_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CREDIT_ALERT_SLACK", "slack://secret-token")
    monkeypatch.setenv("CREDIT_ALERT_DRY_RUN", "false")
    alerts = load_settings().alerts
    assert alerts.slack is not None
    assert alerts.slack.get_secret_value() == "slack://secret-token"
    assert not alerts.is_dry_run
    assert "secret-token" not in repr(load_settings())
    monkeypatch.setenv("CREDIT_ALERT_RECIPIENTS", '{"risk-team": "mailto://secret-risk"}')
    assert load_settings().alerts.recipients["risk-team"].get_secret_value() == "mailto://secret-risk"
    assert "secret-risk" not in repr(load_settings())
    monkeypatch.setenv("CREDIT_ALERT_RECIPIENTS", "risk-team=mailto://secret-risk")
    with pytest.raises(SettingsError, match="CREDIT_ALERT_RECIPIENTS") as refused:
        load_settings()
    assert "secret-risk" not in str(refused.value)
    monkeypatch.delenv("CREDIT_ALERT_RECIPIENTS")
    monkeypatch.setenv("CREDIT_ALERT_DRY_RUN", "perhaps")
    with pytest.raises(Exception, match="CREDIT_ALERT_DRY_RUN"):
        load_settings()


def test_a_line_cut_off_by_a_crash_is_dropped_and_the_event_told_again(tmp_path: Path) -> None:
    quiet = dispatcher(tmp_path, is_dry_run=True)
    write_actions(quiet.lake, WARNING)
    n_told = len(quiet.catch_up())
    file = quiet.lake.layout.alerts()
    file.write_bytes(file.read_bytes()[:-20])
    assert len(quiet.catch_up()) == 1
    assert len(quiet.log.records()) == n_told
