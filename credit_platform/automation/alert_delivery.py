"""Telling people: events go out once, by the channels policy names, to the addresses the environment holds.

Which events there are is said by `monitoring.action.alerts`; what was told is kept in `lake.governance.alert_log`.
Nothing here may fail a run: a channel that refuses is noted and tried again.
"""

import logging
import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
from pydantic import SecretStr

from credit_platform.lake.files import one_at_a_time
from credit_platform.lake.governance.alert_log import AlertLog, AlertRecord, Delivery
from credit_platform.lake.governance.promotions import PromotionLog, model_periods
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.alerts import ACTION_OF_LEVEL, AlertEvent, Level, alert_events
from credit_platform.policy.action_policy import Notification
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.settings import AlertAddresses

# A channel that refuses is tried again after a minute, then after twice as long each time, a day in all; after so many
# failures it is left alone, and the ledger keeps the last error.
MAX_ATTEMPTS = 12
_LONGEST_PAUSE_MINUTES = 240
_SIGNS: dict[Level, str] = {"info": "info", "warning": "warning", "critical": "failure"}


def _now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True)
class AlertDispatcher:
    """What it takes to tell somebody: the book, the policy and the addresses."""

    lake: Lake
    thresholds: MonitoringThresholds
    models: Sequence[str]
    addresses: AlertAddresses
    clock: Callable[[], datetime] = _now

    @property
    def log(self) -> AlertLog:
        """What has been told."""
        return AlertLog(self.lake.layout)

    def catch_up(self) -> list[AlertRecord]:
        """Tell what actions and interim versions give rise to and nobody has heard of yet; try again what failed.

        Events of the newest month are sent, and of older ones the last of every alert that is still open. What else
        was never noted is history, such as that of a book that was backfilled: it is noted and not sent, as nobody can
        act on it any more.
        """
        actions = self._actions()
        records = PromotionLog(self.lake.layout).records()
        events = alert_events(
            actions,
            remind_after_months=self.thresholds.alerts.remind_after_months,
            periods={model: model_periods(records, model) for model in self.models},
        )
        newest = max((event.month for event in events), default=date.min)
        last = {event.key: event for event in events}
        standing = {event.event_id for event in last.values() if not event.is_end}
        past = [event.event_id for event in events if event.month < newest and event.event_id not in standing]
        return self.tell(events, past=past)

    def tell(self, events: Iterable[AlertEvent], *, past: Collection[str] = ()) -> list[AlertRecord]:
        """Send the events that are not in the ledger yet, or note those of `past`; then try again what is due."""
        with one_at_a_time(self.lake.layout.alerts()):
            known = self.log.records()
            fresh = [event for event in events if event.event_id not in known]
            told = [self._deliver(AlertRecord(event), is_past=event.event_id in past) for event in fresh]
            return told + [self._deliver(record) for record in known.values() if self._is_due(record)]

    def _is_due(self, record: AlertRecord) -> bool:
        if not record.is_pending or record.attempts >= MAX_ATTEMPTS or record.at is None:
            return False
        pause = min(2 ** (record.attempts - 1), _LONGEST_PAUSE_MINUTES)
        return self.clock() >= record.at + timedelta(minutes=pause)

    def _actions(self) -> pl.DataFrame:
        decided = {table: self.lake.months(table) for table in (f"monitoring/{model}/action" for model in self.models)}
        # The newest month is told of once it is decided for every model: its digest is about them all, and sent once.
        whole = min((months[-1] for months in decided.values() if months), default=date.min)
        known = [
            self.lake.scan(table, [month for month in months if month <= whole])
            for table, months in decided.items()
            if months and months[0] <= whole
        ]
        return pl.concat(known).collect() if known else pl.DataFrame(schema={"snapshot_month": pl.Date})

    def _deliver(self, record: AlertRecord, *, is_past: bool = False) -> AlertRecord:
        notification = self._notification(record.event)
        deliveries: dict[str, Delivery] = {}
        errors = list[str]()
        for target, address in self._targets(notification).items():
            if is_past:
                deliveries[target] = "past"
            elif record.deliveries.get(target) == "sent":
                deliveries[target] = "sent"
            else:
                deliveries[target], said = self._send(target, address, record.event, notification)
                errors += [said] if said else []
        attempts = record.attempts + (0 if is_past else 1)
        finished = replace(record, deliveries=deliveries, attempts=attempts, error="; ".join(errors), at=self.clock())
        self.log.append(finished)
        return finished

    def _notification(self, event: AlertEvent) -> Notification:
        if event.audience is None:
            return self.thresholds.notification.failure
        notification: Notification = getattr(self.thresholds.notification, ACTION_OF_LEVEL[event.audience])
        return notification

    def _targets(self, notification: Notification) -> dict[str, SecretStr | None]:
        """The recipients with an address of their own, and the channels that the others share."""
        known = self.addresses.recipients
        own: dict[str, SecretStr | None] = {name: known[name] for name in notification.recipients if name in known}
        channels: dict[str, SecretStr | None] = {
            channel: getattr(self.addresses, channel) for channel in notification.channels
        }
        if len(own) == len(notification.recipients):
            channels = {channel: address for channel, address in channels.items() if address is not None}
        return channels | own

    def _send(
        self, target: str, address: SecretStr | None, event: AlertEvent, notification: Notification
    ) -> tuple[Delivery, str]:
        if self.addresses.is_dry_run:
            return "dry_run", ""
        if address is None:
            return "no_address", f"CREDIT_ALERT_{target.upper()} is not set"
        body = f"{event.body}\n\nFor: {', '.join(notification.recipients)}"
        # Apprise loads its channels when they are first used, and some of them modules that Python is about to drop.
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            return _notify(target, address.get_secret_value(), event, body)


def _notify(target: str, address: str, event: AlertEvent, body: str) -> tuple[Delivery, str]:
    import apprise
    from apprise.plugins.pagerduty import NotifyPagerDuty

    # Its own log would print addresses, which hold tokens.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    messenger = apprise.Apprise()
    if not messenger.add(address):
        return "failed", f"the address of {target} is none that Apprise understands"
    for service in messenger:
        if isinstance(service, NotifyPagerDuty):
            # One incident per alert, which its end closes.
            service.action, service.dedup = "map", event.key
    sign = apprise.NotifyType("success" if event.is_end else _SIGNS[event.level])
    # Said to be plain text, so that a mail in HTML shows it letter by letter.
    plain = apprise.NotifyFormat.TEXT
    if not messenger.notify(title=event.title, body=body, notify_type=sign, body_format=plain):
        return "failed", f"{target} did not take the message"
    return "sent", ""
