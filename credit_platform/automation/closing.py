"""When a month is closed, by policy, and which sources it still lacks then.

What starts a run is said in `schedules` (the close itself) and `arriving` (files that come).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from credit_platform.lake.raw.arrivals import Arrivals, Asking, keep_arrivals, look, read_arrivals
from credit_platform.lake.raw.sources import RawSource
from credit_platform.lake.tables.monthly import Lake
from credit_platform.lake.tables.row_counts import newest_with_cases
from credit_platform.months import month_key
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ClosePolicy

# Run tag: the rows that a run was asked to build a month from.
DELIVERY_TAG = "credit_platform/delivery"
# So long what one schedule or sensor has asked for, or is about to, is left to it by the others.
TURN = timedelta(minutes=10)


def delivery_key(month: date, asking: Asking) -> str:
    """What a build of a month is asked for by, whoever asks: one run carries it in the tag of deliveries."""
    return f"{month_key(month)}:{asking.content}#{asking.n}"


@dataclass(frozen=True)
class Closing:
    """The close of the months of one book."""

    lake: Lake
    axis: MonthlyAxis
    sources: Mapping[str, RawSource]
    policy: ClosePolicy

    @property
    def cron(self) -> str:
        """The time of the close as a cron schedule, in the policy's time zone."""
        return f"0 {self.policy.hour} {self.policy.day} * *"

    @property
    def in_words(self) -> str:
        """`on day 1 at 00:00 UTC`."""
        return f"on day {self.policy.day} at {self.policy.hour:02}:00 {self.policy.time_zone}"

    def at(self, month: date) -> datetime:
        """When a month is closed."""
        zone = ZoneInfo(self.policy.time_zone)
        moment = datetime(month.year, month.month, self.policy.day, self.policy.hour, tzinfo=zone)
        # An hour that the zone leaves out in spring is the one after it.
        return moment.astimezone(UTC).astimezone(zone)

    def is_late(self, close: datetime, now: datetime) -> bool:
        """Whether the hours that policy waits after a close are over."""
        return now >= close + timedelta(hours=self.policy.wait_hours)

    def month_at(self, moment: datetime) -> date:
        """The month that a close at this moment is for."""
        return self.axis.month_to_close(self.begun(moment), newest_with_cases(self.lake.layout))

    def begun(self, moment: datetime) -> date:
        """The month that has begun at a moment, in the policy's time zone."""
        return moment.astimezone(ZoneInfo(self.policy.time_zone)).date().replace(day=1)

    def last_close(self, now: datetime) -> datetime:
        """The last time of a close that has passed."""
        begun = self.begun(now)
        this = self.at(begun)
        return this if this <= now else self.at((begun - timedelta(days=1)).replace(day=1))

    def seen(self, now: datetime) -> Arrivals:
        """What lies in the raw folder; what has settled since the last look is read, and written down."""
        before = read_arrivals(self.lake.layout)
        arrivals = look(self.lake.layout, self.sources, now, settle_seconds=self.policy.settle_seconds, before=before)
        if arrivals != before:
            keep_arrivals(self.lake.layout, arrivals)
        return arrivals

    def lacking(self, arrivals: Arrivals, month: date) -> list[str]:
        """The sources without a row of a month, required ones first."""
        missing = [source for source in self.sources.values() if not arrivals.has(source.name, month)]
        return [source.name for source in sorted(missing, key=lambda source: not source.required)]

    def lacking_required(self, arrivals: Arrivals, month: date) -> list[str]:
        """The sources without a row of a month that policy does not let it do without."""
        return [name for name in self.lacking(arrivals, month) if self.sources[name].required]
