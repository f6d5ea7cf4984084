"""The ledger of alerts: every event, and by which channel it was told, tried in vain, or only noted.

An append-only file; the last line of an event is its state. Which events there are is said by
`monitoring.action.alerts`, sending them is `automation.alert_delivery`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

from credit_platform.lake.files import locked_for_writing, to_line, whole_lines
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.layout import Layout
from credit_platform.monitoring.action.alerts import AlertEvent
from credit_platform.months import month_key, parse_month

# dry_run: would have been sent. past: found when it was history already.
Delivery = Literal["sent", "dry_run", "failed", "no_address", "past"]


@dataclass(frozen=True)
class AlertRecord:
    """An event and what became of it, by channel or recipient; `at` is when it was last tried."""

    event: AlertEvent
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    attempts: int = 0
    error: str = ""
    at: datetime | None = None

    @property
    def is_pending(self) -> bool:
        """Whether a channel failed and may be tried again."""
        return "failed" in self.deliveries.values()


@dataclass(frozen=True)
class AlertLog:
    """The ledger of one data folder."""

    layout: Layout

    def records(self) -> dict[str, AlertRecord]:
        """The state of every event by its id, in the order in which they were first noted."""
        found: dict[str, AlertRecord] = {}
        names = AuditLog(self.layout).renames()
        for line in whole_lines(self.layout.alerts()):
            record = _record(_with_new_names(json.loads(line), names))
            found[record.event.event_id] = record
        return found

    def append(self, record: AlertRecord) -> None:
        """Note the state of an event, whole or not at all."""
        event = record.event
        line = {
            "time": (record.at or datetime.now(tz=UTC)).isoformat(timespec="seconds"),
            "key": event.key,
            "kind": event.kind,
            "level": event.level,
            "month": month_key(event.month),
            "title": event.title,
            "body": event.body,
            "occasion": event.occasion,
            "audience": event.audience,
            "deliveries": dict(record.deliveries),
            "attempts": record.attempts,
            "error": record.error,
        }
        with locked_for_writing(self.layout.alerts()) as log:
            log.append(to_line(line))

    def open_alerts(self) -> list[AlertRecord]:
        """The newest record of every key whose alert is neither resolved nor recovered."""
        newest: dict[str, AlertRecord] = {}
        for record in sorted(self.records().values(), key=lambda record: record.event.month):
            if record.event.kind != "digest":
                newest[record.event.key] = record
        return [record for record in newest.values() if not record.event.is_end]


def _with_new_names(line: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """A line in the keys that models have today."""
    content = dict(line)
    for former, name in names.items():
        for part in ("key", "title", "body"):
            content[part] = re.sub(rf"\b{former}\b", name, str(content[part]))
    return content


def _record(line: Mapping[str, object]) -> AlertRecord:
    content = dict(line)
    month: date = parse_month(str(content["month"]))
    event = AlertEvent(
        key=str(content["key"]),
        kind=content["kind"],  # type: ignore[arg-type]
        level=content["level"],  # type: ignore[arg-type]
        month=month,
        title=str(content["title"]),
        body=str(content["body"]),
        occasion=str(content["occasion"]),
        # A ledger of an earlier release does not say it.
        audience=content.get("audience"),  # type: ignore[arg-type]
    )
    deliveries = content["deliveries"]
    told: Mapping[str, Delivery] = deliveries if isinstance(deliveries, dict) else {}
    return AlertRecord(
        event,
        deliveries=told,
        attempts=int(str(content["attempts"])),
        error=str(content["error"]),
        at=datetime.fromisoformat(str(content["time"])),
    )
