"""Which alerts a series of actions gives rise to: opened, escalated, eased, told again, resolved; and a monthly digest.

A replay of the action tables and of the periods in force, so the same tables always give the same events and none is
raised twice. Sending them, and remembering what was sent, is wiring.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

import polars as pl

from credit_platform.months import add_months, months_between
from credit_platform.scoring.governance.life_cycle import PeriodInForce, period_of

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
_INTERIM = "interim version"
# Alerts about the version that scored the cohort whose outcome was read; the others are about the one in force.
_OF_OUTCOMES = (" floor", ": degradation", " not measurable")
_BY_METRIC = frozenset({"floor", "not measurable", "estimate"})
ACTION_OF_LEVEL: Mapping[Level, str] = {"info": "monitor", "warning": "active_monitoring", "critical": "retrain"}


@dataclass(frozen=True)
class AlertEvent:
    """Something to be told once.

    Attributes:
        key: Whose alert it is, `model: rule`, `job month` or `job month model`; at most one alert is open per key.
        kind: What happened to it.
        level: How serious it is now.
        month: The snapshot month it happened in.
        title: One line.
        body: What is known, and what to do.
        occasion: Tells apart what may happen to a key more than once in a month, such as a run's id.
        audience: Who hears of it: whoever hears of this level. None is for failed runs, which policy names by itself.
    """

    key: str
    kind: Kind
    level: Level
    month: date
    title: str
    body: str
    occasion: str = ""
    audience: Level | None = None

    @property
    def is_end(self) -> bool:
        """Whether no alert of the key is open after it."""
        return self.kind in {"resolved", "recovered"}

    @property
    def event_id(self) -> str:
        """The same event has the same id whenever it is derived."""
        parts = (f"{self.month:%Y-%m}", self.key, self.kind, self.level, self.occasion)
        return "/".join(part for part in parts if part)


class Attempts(NamedTuple):
    """Which attempt a run was, of how many."""

    n: int
    most: int


@dataclass
class _Open:
    level: Level
    worst: Level
    since: date
    told: date


@dataclass
class _Replay:
    remind_after_months: int
    standing: dict[str, _Open] = field(default_factory=dict)

    def month(
        self, own: Collection[str], month: date, found: Mapping[str, tuple[Level, str]], *, ends: str
    ) -> Iterator[AlertEvent]:
        """What becomes of alerts of these keys, and of new ones; `ends` says why those not found any more are over."""
        for key, (level, reason) in sorted(found.items()):
            before = self.standing.get(key)
            kind = self._kind(before, level, month)
            if kind is not None:
                worst = max(level, before.worst if before else level, key=_RANK.__getitem__)
                self.standing[key] = _Open(level, worst, before.since if before else month, month)
                since = f", open since {before.since:%Y-%m}" if before else ""
                title = f"{key} {kind} ({level}{since})"
                # Whoever was called because it was worse hears that it is no longer.
                audience = before.level if before and kind == "eased" else level
                yield AlertEvent(key, kind, level, month, title, f"{month:%Y-%m}: {reason}", audience=audience)
        for key in sorted(set(own) - set(found)):
            was = self.standing.pop(key)
            body = f"{month:%Y-%m}: {ends}. The alert was open since {was.since:%Y-%m}."
            yield AlertEvent(key, "resolved", "info", month, f"{key} resolved", body, audience=was.worst)

    def _kind(self, before: _Open | None, level: Level, month: date) -> Kind | None:
        if before is None:
            return "opened"
        if _RANK[level] != _RANK[before.level]:
            return "escalated" if _RANK[level] > _RANK[before.level] else "eased"
        is_due = months_between(before.told, month) >= self.remind_after_months
        return "reminded" if is_due else None


def alert_events(
    actions: pl.DataFrame,
    *,
    remind_after_months: int,
    periods: Mapping[str, Sequence[PeriodInForce]] | None = None,
) -> list[AlertEvent]:
    """Every event the actions give rise to, in order of month, model and key.

    Only actions that may be acted on raise alerts; a backtest raises none and resolves none. An open alert is told
    again after `remind_after_months` without a change, and closed when another version is to take the place of the one
    whose outcomes it is about. Each month ends with one digest over all models: their actions
    and states with the reasons, and every alert that is open. An interim version is an alert from the month in which it
    was decided on, the one before its first, until a version that passed all gates takes its place.

    Args:
        actions: Rows of `monitoring/<model>/action` of all models and months.
        remind_after_months: The quiet period.
        periods: The periods in force by model, in the order of their first month.
    """
    events: list[AlertEvent] = []
    replay = _Replay(remind_after_months)
    for (month,), rows in sorted(actions.partition_by("snapshot_month", as_dict=True).items()):
        if not isinstance(month, date):
            continue
        told = rows.sort("model").to_dicts()
        for row in told:
            model, interim = row["model"], f"{row['model']}: {_INTERIM}"
            own = {key for key in replay.standing if key.startswith(f"{model}: ")}
            known = (periods or {}).get(model, ())
            current, coming = period_of(known, month), period_of(known, add_months(month, 1))
            if row["actionable"]:
                found = _deciding_reasons(model, row["reasons"].split("\n"))
                # What is known of a version that does not score any more can lead to nothing.
                if current is not None and current.version != row["model_version"]:
                    found = {key: how for key, how in found.items() if not key.endswith(_OF_OUTCOMES)}
                events += replay.month(own - {interim}, month, found, ends=_why_over(row, current))
            if current is not None and coming is not None and current.version != coming.version:
                gone = {key for key in replay.standing if key.startswith(f"{model}: ") and key.endswith(_OF_OUTCOMES)}
                ends = f"version {current.version} is no longer in force from {coming.first:%Y-%m} on"
                events += replay.month(gone, month, {}, ends=ends)
            events += replay.month(own & {interim}, month, _interim(interim, coming), ends=_succession(coming))
        events.append(_digest(month, told, replay.standing))
    return events


def _why_over(row: Mapping[str, object], current: PeriodInForce | None) -> str:
    if current is None or current.version == row["model_version"]:
        return "the rule no longer holds"
    return f"the rule no longer holds, or is about version {row['model_version']}, which is no longer in force"


def _interim(key: str, coming: PeriodInForce | None) -> dict[str, tuple[Level, str]]:
    if coming is None or not coming.is_interim:
        return {}
    reason = (
        f"version {coming.version} is in force from {coming.first:%Y-%m} on in spite of failed gates, as the version "
        f"before it was in breach ({', '.join(coming.failed_gates)}). Its successor must pass all gates."
    )
    return {key: ("warning", reason)}


def _succession(coming: PeriodInForce | None) -> str:
    if coming is None:
        return "the interim version is no longer to be in force"
    return f"version {coming.version} takes the place of the interim version from {coming.first:%Y-%m} on"


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


def _digest(month: date, rows: Sequence[Mapping[str, object]], standing: Mapping[str, _Open]) -> AlertEvent:
    lines: list[str] = []
    for row in rows:
        told = "" if row["actionable"] else " (backtest)"
        lines.append(f"{row['model']} {row['model_version']}: {row['action']}{told}")
        state, _, _ = str(row.get("transition") or row.get("state") or "").partition(": ")
        lines += [f"  State: {state}"] if state else []
        lines += [f"  {reason}" for reason in str(row["reasons"]).split("\n")]
    lines.append(f"Open alerts: {len(standing)}")
    lines += [f"  {key} ({was.level}, since {was.since:%Y-%m})" for key, was in sorted(standing.items())]
    actions = ", ".join(f"{row['model']} {row['action']}" for row in rows)
    title = f"Model monitoring {month:%Y-%m}: {actions}"
    return AlertEvent("digest", "digest", "info", month, title, "\n".join(lines), audience="info")


def failure_event(
    job: str,
    month: date,
    run_id: str,
    problems: Sequence[str],
    *,
    model: str | None = None,
    attempts: Attempts | None = None,
) -> AlertEvent:
    """A run that failed, or a blocking check that stopped it.

    A retraining is for one `model`; while `attempts` are left it is only a warning, and whoever hears of a `retrain`
    hears that the last has failed.
    """
    key = failure_key(job, month, model)
    by_hand = f"Mend the cause and run {job} for {month:%Y-%m}{f' and {model}' if model else ''} again."
    if attempts is None:
        body = "\n".join([*problems, f"Run {run_id}. {by_hand}"])
        return AlertEvent(key, "failed", "critical", month, f"{key} failed", body, occasion=run_id)
    count = f"Attempt {attempts.n} of {attempts.most}"
    if attempts.n < attempts.most:
        body = "\n".join([*problems, f"Run {run_id}. {count}; the next is made without anybody's help."])
        return AlertEvent(key, "failed", "warning", month, f"{key} failed", body, occasion=run_id)
    body = "\n".join([*problems, f"Run {run_id}. {count}; no further one is made. {by_hand}"])
    title = f"{key} given up after {attempts.n} attempts"
    return AlertEvent(key, "escalated", "critical", month, title, body, occasion=run_id, audience="critical")


def recovery_event(
    job: str, month: date, run_id: str, *, model: str | None = None, audience: Level | None = None
) -> AlertEvent:
    """A later run of the same job, month and model that succeeded; whoever heard of the failure hears of it."""
    body = f"Run {run_id} of {job} for {month:%Y-%m} succeeded."
    key = failure_key(job, month, model)
    title = f"{key} recovered"
    return AlertEvent(key, "recovered", "info", month, title, body, occasion=run_id, audience=audience)


def failure_key(job: str, month: date, model: str | None = None) -> str:
    """Whose alert a failed run is: the job's and month's, and the model's where the run is for one alone."""
    return f"{job} {month:%Y-%m}{f' {model}' if model else ''}"
