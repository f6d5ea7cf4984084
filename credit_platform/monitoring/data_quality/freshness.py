"""Freshness of a month: how many hours after its beginning it was first built.

Times come in as numbers; reading them from Dagster's history belongs to checks.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time


@dataclass(frozen=True)
class Freshness:
    """When a month was first built, against the limit.

    Attributes:
        month: the month.
        hours: hours from its first day, 00:00 UTC, to its first materialization; None when it is not built.
        limit_hours: how many are allowed.
        is_history: whether the month began before anything was built, so that nobody could have built it in time.
    """

    month: date
    hours: float | None
    limit_hours: float
    is_history: bool

    @property
    def passed(self) -> bool:
        """Whether the month is there, and in time if it could be."""
        return self.hours is not None and (self.is_history or self.hours <= self.limit_hours)

    @property
    def description(self) -> str:
        """One sentence for the Checks tab."""
        if self.hours is None:
            return f"{self.month:%Y-%m}: is not built; it is due {self.limit_hours:g} hours after its first day."
        if self.is_history:
            return f"{self.month:%Y-%m}: began before the platform first ran; built with the history, not judged."
        said = "in time" if self.passed else f"too late: {self.limit_hours:g} are allowed"
        return f"{self.month:%Y-%m}: built {self.hours:.1f} hours after its first day, {said}."


def judge_freshness(month: date, built: float | None, since: float | None, limit_hours: float) -> Freshness:
    """Compare a month's first materialization with its beginning.

    Args:
        month: the month.
        built: when it was first materialized, seconds since 1970 UTC; None when it never was.
        since: when any month was first materialized, in the same unit.
        limit_hours: hours after the month's first day, 00:00 UTC, by which it must be built.

    >>> from datetime import date
    >>> judge_freshness(date(1970, 2, 1), (31 * 24 + 5) * 3600.0, 0.0, 72).description
    '1970-02: built 5.0 hours after its first day, in time.'
    """
    begin = datetime.combine(month, time(), UTC).timestamp()
    return Freshness(
        month=month,
        hours=None if built is None else (built - begin) / 3600,
        limit_hours=limit_hours,
        is_history=since is None or begin < since,
    )
