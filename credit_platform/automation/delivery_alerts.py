"""What people are told of deliveries: one that does not come, a file that cannot be read, a source gone dark.

Each is opened once and closed once its cause is gone. Sending belongs to `alert_delivery`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from credit_platform.automation.closing import Closing
from credit_platform.lake.raw.arrivals import Arrivals
from credit_platform.lake.tables.month_parts import row_count
from credit_platform.monitoring.action.alerts import AlertEvent, Level
from credit_platform.months import add_months

_DELIVERY, _FILE, _SOURCE = "delivery ", "file ", "source "


@dataclass(frozen=True)
class _Trouble:
    """What an open alert is about."""

    key: str
    month: date
    title: str
    body: str
    level: Level = "critical"
    occasion: str = ""

    @property
    def event(self) -> AlertEvent:
        return AlertEvent(self.key, "opened", self.level, self.month, self.title, self.body, self.occasion)


def delivery_alerts(
    closing: Closing, arrivals: Arrivals, opened: Iterable[AlertEvent], now: datetime
) -> list[AlertEvent]:
    """What is to be told now: troubles that stand and were not told yet, and told ones that have ended."""
    standing = {each.key: each for each in _troubles(closing, arrivals, now)}
    known = {event.key: event for event in opened if event.key.startswith((_DELIVERY, _FILE, _SOURCE))}
    fresh = [each.event for key, each in standing.items() if key not in known]
    return fresh + [_end(event) for key, event in known.items() if key not in standing and _is_over(closing, event)]


def _troubles(closing: Closing, arrivals: Arrivals, now: datetime) -> Iterator[_Trouble]:
    yield from _late(closing, arrivals, now)
    for name, seen in arrivals.files.items():
        if seen.problem is not None:
            month = closing.sources[seen.source].month_in_name(Path(name)) or now.date().replace(day=1)
            fix = "Nothing of the file is built; mend or replace it, and it is read by itself."
            yield _Trouble(
                f"{_FILE}{name}", month, f"{name} cannot be read", f"{seen.problem}\n{fix}", occasion=seen.state
            )
    for source in closing.sources:
        yield from _without_rows(closing, source)


def _late(closing: Closing, arrivals: Arrivals, now: datetime) -> Iterator[_Trouble]:
    axis, close = closing.axis, closing.last_close(now)
    month = closing.month_at(close)
    if month < axis.first_snapshot or (axis.last is not None and month > axis.last):
        return
    lacking = closing.lacking_required(arrivals, month)
    # Of a book that nobody has begun to build nothing is expected.
    is_expected = bool(lacking) and not arrivals.unsettled and closing.lake.months(f"bronze/{lacking[0]}")
    if is_expected and closing.is_late(close, now) and not closing.lake.has(f"bronze/{lacking[0]}", month):
        hours = closing.policy.wait_hours
        body = (
            f"{month:%Y-%m} was to be closed at {close:%Y-%m-%d %H:%M %Z}, and {hours} hours later no row of it has "
            f"come for {', '.join(lacking)}. Ask whoever delivers. The month is built by itself once the files lie in "
            f"{closing.lake.layout.raw_dir}."
        )
        yield _Trouble(f"{_DELIVERY}{month:%Y-%m}", month, f"{month:%Y-%m} is not delivered", body)


def _without_rows(closing: Closing, source: str) -> Iterator[_Trouble]:
    """A source that had rows and has none in the newest month built."""
    layout, table = closing.lake.layout, f"bronze/{source}"
    months = closing.lake.months(table)
    last = next((month for month in reversed(months) if row_count(layout, table, month)), None)
    if last is not None and last < months[-1]:
        month = add_months(last, 1)
        body = (
            f"The last month of {source} with rows is {last:%Y-%m}; {months[-1]:%Y-%m} was built without it, and "
            "its scores rest on the other sources. Ask whoever delivers."
        )
        yield _Trouble(f"{_SOURCE}{source}", month, f"{source} has gone dark since {month:%Y-%m}", body, "warning")


def _is_over(closing: Closing, event: AlertEvent) -> bool:
    """A late delivery is over when its month is there, not when the next close has come."""
    if not event.key.startswith(_DELIVERY):
        return True
    return all(closing.lake.has(f"bronze/{name}", event.month) for name, s in closing.sources.items() if s.required)


def _end(event: AlertEvent) -> AlertEvent:
    said = {_DELIVERY: "The files have come.", _FILE: "The file is readable or gone.", _SOURCE: "It has rows again."}
    body = next(text for prefix, text in said.items() if event.key.startswith(prefix))
    return AlertEvent(event.key, "resolved", "info", event.month, f"{event.key} resolved", body, event.occasion)
