"""Telling people: events go out once, by the channels policy names, to the addresses the environment holds.

Which events there are is said by `monitoring.alerts`; what was told is kept in `lake.alert_ledger`. Nothing here may
fail a run: a channel that refuses is noted and tried again.
"""

import logging
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl
from pydantic import SecretStr

from credit_platform.lake.alert_ledger import AlertLedger, AlertRecord, Delivery
from credit_platform.lake.files import one_at_a_time
from credit_platform.lake.tables import Lake
from credit_platform.monitoring.alerts import ACTION_OF_LEVEL, AlertEvent, Level, alert_events
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds, Notification
from credit_platform.settings import AlertAddresses

# After so many failures a channel is left alone; the ledger keeps the last error.
MAX_ATTEMPTS = 5
_SIGNS: dict[Level, str] = {"info": "info", "warning": "warning", "critical": "failure"}


@dataclass(frozen=True)
class AlertDesk:
    """What it takes to tell somebody: the book, the policy and the addresses."""

    lake: Lake
    thresholds: MonitoringThresholds
    models: Sequence[str]
    addresses: AlertAddresses

    @property
    def ledger(self) -> AlertLedger:
        """What has been told."""
        return AlertLedger(self.lake.layout)

    def catch_up(self) -> list[AlertRecord]:
        """Tell what the action tables give rise to and nobody has heard of yet, and try again what failed.

        Events of the newest month are sent. Older ones that were never noted are history, such as a book that was
        backfilled: they are noted and not sent, as nobody can act on them any more.
        """
        actions = self._actions()
        events = alert_events(actions, remind_after_months=self.thresholds.alerts.remind_after_months)
        newest = max((event.month for event in events), default=date.min)
        return self.tell(events, newest=newest)

    def tell(self, events: Iterable[AlertEvent], *, newest: date = date.min) -> list[AlertRecord]:
        """Send or note the events that are not in the ledger yet, then try again what failed before."""
        with one_at_a_time(self.lake.layout.alerts()):
            known = self.ledger.records()
            fresh = [event for event in events if event.event_id not in known]
            told = [self._deliver(AlertRecord(event), is_past=event.month < newest) for event in fresh]
            failed = [r for r in known.values() if r.is_pending and r.attempts < MAX_ATTEMPTS]
            return told + [self._deliver(record) for record in failed]

    def _actions(self) -> pl.DataFrame:
        tables = [f"monitoring/{model}/action" for model in self.models]
        known = [self.lake.scan(table, months) for table in tables if (months := self.lake.months(table))]
        return pl.concat(known).collect() if known else pl.DataFrame(schema={"snapshot_month": pl.Date})

    def _deliver(self, record: AlertRecord, *, is_past: bool = False) -> AlertRecord:
        notification = self._notification(record.event)
        deliveries: dict[str, Delivery] = {}
        errors = list[str]()
        for channel in notification.channels:
            if is_past:
                deliveries[channel] = "past"
            elif record.deliveries.get(channel) == "sent":
                deliveries[channel] = "sent"
            else:
                deliveries[channel], said = self._send(channel, record.event, notification)
                errors += [said] if said else []
        attempts = record.attempts + (0 if is_past else 1)
        finished = replace(record, deliveries=deliveries, attempts=attempts, error="; ".join(errors))
        self.ledger.append(finished)
        return finished

    def _notification(self, event: AlertEvent) -> Notification:
        if event.kind in {"failed", "recovered"}:
            return self.thresholds.notification.failure
        # Whoever heard of an alert hears of its end.
        level: Level = "warning" if event.kind == "resolved" else event.level
        notification: Notification = getattr(self.thresholds.notification, ACTION_OF_LEVEL[level])
        return notification

    def _send(self, channel: str, event: AlertEvent, notification: Notification) -> tuple[Delivery, str]:
        if self.addresses.is_dry_run:
            return "dry_run", ""
        address: SecretStr | None = getattr(self.addresses, channel)
        if address is None:
            return "no_address", f"CREDIT_ALERT_{channel.upper()} is not set"
        body = f"{event.body}\n\nFor: {', '.join(notification.recipients)}"
        # Apprise loads its channels when they are first used, and some of them modules that Python is about to drop.
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            return _notify(channel, address.get_secret_value(), event, body)


def _notify(channel: str, address: str, event: AlertEvent, body: str) -> tuple[Delivery, str]:
    import apprise

    # Its own log would print addresses, which hold tokens.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    messenger = apprise.Apprise()
    if not messenger.add(address):
        return "failed", f"CREDIT_ALERT_{channel.upper()} is not an address Apprise understands"
    sign = apprise.NotifyType(_SIGNS[event.level])
    if not messenger.notify(title=event.title, body=body, notify_type=sign):
        return "failed", f"{channel} did not take the message"
    return "sent", ""
