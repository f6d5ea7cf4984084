"""Which alerts a series of actions gives rise to: opened, escalated, eased, told again, resolved; and a monthly digest.

A replay of the action tables, so the same tables always give the same events and none is raised twice. Sending them,
and remembering what was sent, is wiring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from credit_platform.lending.months import months_between

if TYPE_CHECKING:
    import polars as pl

Level = Literal["info", "warning", "critical"]
Kind = Literal["opened", "escalated", "eased", "reminded", "resolved", "digest", "failed", "recovered"]

_RANK: Mapping[Level, int] = {"info": 0, "warning": 1, "critical": 2}
# The two floors of a metric are one alert that escalates, not two.
_LEVEL_OF_RULE: Mapping[str, tuple[str, Level]] = {
    "below_business_threshold": ("floor", "critical"),
    "below_data_science_threshold": ("floor", "warning"),
    "degraded_against_out_of_time": ("degradation", "warning"),
    "scores_shifted": ("scores shifted", "warning"),
    "not_measurable": ("not measurable", "warning"),
    "estimated_below_threshold": ("estimate", "warning"),
    "early_reads_worse": ("early reads", "warning"),
    "overridden": ("override", "warning"),
}
_BY_METRIC = frozenset({"floor", "not measurable", "estimate"})
ACTION_OF_LEVEL: Mapping[Level, str] = {"info": "monitor", "warning": "active_monitoring", "critical": "retrain"}


@dataclass(frozen=True)
class AlertEvent:
    """Something to be told once.

    Attributes:
        key: Whose alert it is, `model: rule` or `job month`; at most one alert is open per key.
        kind: What happened to it.
        level: How serious it is now.
        month: The snapshot month it happened in.
        title: One line.
        body: What is known, and what to do.
        occasion: Tells apart what may happen to a key more than once in a month, such as a run's id.
    """

    key: str
    kind: Kind
    level: Level
    month: date
    title: str
    body: str
    occasion: str = ""

    @property
    def event_id(self) -> str:
        """The same event has the same id whenever it is derived."""
        parts = (f"{self.month:%Y-%m}", self.key, self.kind, self.level, self.occasion)
        return "/".join(part for part in parts if part)


@dataclass
class _Open:
    level: Level
    since: date
    told: date


@dataclass
class _Replay:
    remind_after_months: int
    standing: dict[str, _Open] = field(default_factory=dict)

    def month(self, model: str, month: date, found: Mapping[str, tuple[Level, str]]) -> Iterator[AlertEvent]:
        for key, (level, reason) in sorted(found.items()):
            before = self.standing.get(key)
            kind = self._kind(before, level, month)
            if kind is not None:
                self.standing[key] = _Open(level, before.since if before else month, month)
                since = f", open since {before.since:%Y-%m}" if before else ""
                yield AlertEvent(key, kind, level, month, f"{key} {kind} ({level}{since})", f"{month:%Y-%m}: {reason}")
        own = [key for key in self.standing if key.startswith(f"{model}: ")]
        for key in sorted(set(own) - set(found)):
            was = self.standing.pop(key)
            body = f"{month:%Y-%m}: the rule no longer holds. The alert was open since {was.since:%Y-%m}."
            yield AlertEvent(key, "resolved", "info", month, f"{key} resolved", body)

    def _kind(self, before: _Open | None, level: Level, month: date) -> Kind | None:
        if before is None:
            return "opened"
        if _RANK[level] != _RANK[before.level]:
            return "escalated" if _RANK[level] > _RANK[before.level] else "eased"
        is_due = months_between(before.told, month) >= self.remind_after_months
        return "reminded" if is_due else None


def alert_events(actions: pl.DataFrame, *, remind_after_months: int) -> list[AlertEvent]:
    """Every event the actions give rise to, in order of month, model and key.

    Only actions that may be acted on raise alerts; a backtest raises none and resolves none. An open alert is told
    again after `remind_after_months` without a change. Each month ends with one digest over all models.

    Args:
        actions: Rows of `monitoring/<model>/action` of all models and months.
        remind_after_months: The quiet period.
    """
    events: list[AlertEvent] = []
    replay = _Replay(remind_after_months)
    for (month,), rows in sorted(actions.partition_by("snapshot_month", as_dict=True).items()):
        if not isinstance(month, date):
            continue
        told = rows.sort("model").to_dicts()
        for row in told:
            if row["actionable"]:
                found = _deciding_reasons(row["model"], row["reasons"].split("\n"))
                events += replay.month(row["model"], month, found)
        events.append(_digest(month, told))
    return events


def _deciding_reasons(model: str, reasons: Sequence[str]) -> dict[str, tuple[Level, str]]:
    found: dict[str, tuple[Level, str]] = {}
    for line in reasons:
        rule, _, reason = line.partition(": ")
        if rule not in _LEVEL_OF_RULE:
            continue
        name, level = _LEVEL_OF_RULE[rule]
        key = f"{model}: {reason.split(maxsplit=1)[0]} {name}" if name in _BY_METRIC and reason else f"{model}: {name}"
        if key not in found or _RANK[level] > _RANK[found[key][0]]:
            found[key] = (level, reason)
    return found


def _digest(month: date, rows: Sequence[Mapping[str, object]]) -> AlertEvent:
    lines = [
        f"{row['model']} {row['model_version']}: {row['action']}{'' if row['actionable'] else ' (backtest)'}\n"
        + "\n".join(f"  {reason}" for reason in str(row["reasons"]).split("\n"))
        for row in rows
    ]
    return AlertEvent("digest", "digest", "info", month, f"Model monitoring {month:%Y-%m}", "\n".join(lines))


def failure_event(job: str, month: date, run_id: str, problems: Sequence[str]) -> AlertEvent:
    """A run that failed, or a blocking check that stopped it."""
    body = "\n".join([*problems, f"Run {run_id}. Mend the cause and run {job} for {month:%Y-%m} again."])
    key = f"{job} {month:%Y-%m}"
    return AlertEvent(key, "failed", "critical", month, f"{key} failed", body, occasion=run_id)


def recovery_event(job: str, month: date, run_id: str) -> AlertEvent:
    """A later run of the same job and month that succeeded."""
    body = f"Run {run_id} of {job} for {month:%Y-%m} succeeded."
    key = f"{job} {month:%Y-%m}"
    return AlertEvent(key, "recovered", "info", month, f"{key} recovered", body, occasion=run_id)
