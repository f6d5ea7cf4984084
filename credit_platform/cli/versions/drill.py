"""The rollback drill: every step of a rollback on the real data, timed, with nothing moved and nothing written.

What a rollback does is written in `rollback`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import polars as pl
from rich.table import Table

from credit_platform.cli.book import Book
from credit_platform.cli.versions.rollback import plan_rollback, score_in_memory, try_on_newest_month
from credit_platform.cli.versions.version_status import ModelVersions, trained_as_of
from credit_platform.errors import CreditPlatformError, LifeCycleError
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.models.model_store import ModelStore

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Step:
    """One step: how long it took, and what came of it."""

    name: str
    seconds: float
    outcome: str


@dataclass
class Drill:
    """A drill of one model under way: the steps so far, and why it could not go on."""

    model: str
    steps: list[Step] = field(default_factory=list)
    failure: str | None = None

    def timed(self, name: str, act: Callable[[], _Result], tell: Callable[[_Result], str]) -> _Result:
        """Take a step and note its time and outcome."""
        begun = time.perf_counter()
        try:
            result = act()
        except CreditPlatformError as error:
            self.steps.append(Step(name, time.perf_counter() - begun, f"failed: {error}"))
            self.failure = str(error)
            raise
        self.steps.append(Step(name, time.perf_counter() - begun, tell(result)))
        return result

    def as_dict(self) -> dict[str, object]:
        """The drill for JSON output."""
        steps = [{"step": s.name, "seconds": round(s.seconds, 3), "outcome": s.outcome} for s in self.steps]
        return {"model": self.model, "passed": self.failure is None, "steps": steps}


def drill_rollback(book: Book, model: str) -> Drill:
    """Do everything a rollback of a model does, up to writing; a failed step ends it."""
    drill, standing = Drill(model), ModelVersions(book, model)
    try:
        log = AuditLog(book.lake.layout)
        drill.timed("read the audit log", log.records, lambda records: f"{len(records)} records, chain unbroken")
        target, month, _ = drill.timed("choose the version", lambda: _target(standing), lambda found: found[2])
        drill.timed(
            "read and verify it", lambda: standing.load(target), lambda found: f"{len(found.features)} features"
        )
        drill.timed(
            "score the newest month",
            lambda: try_on_newest_month(standing, target),
            lambda tried: f"{tried[1]:,} loans of {tried[0]:%Y-%m}",
        )
        months = [cohort for cohort in standing.open_cohorts if cohort >= month]
        drill.timed(
            "score the open cohorts",
            lambda: score_in_memory(standing, target, months, provenance="rollback"),
            lambda scored: _changes(standing, scored, months),
        )
    except CreditPlatformError:
        return drill
    return drill


def _target(standing: ModelVersions) -> tuple[str, date, str]:
    """The version a rollback would go to, from which month, and how it was chosen."""
    try:
        plan = plan_rollback(standing, to=None, first=None)
    except LifeCycleError:
        return _stand_in(standing)
    return (
        plan.target,
        plan.effective_month,
        f"{plan.target} in place of {plan.current} from {plan.effective_month:%Y-%m}",
    )


def _stand_in(standing: ModelVersions) -> tuple[str, date, str]:
    """For a champion that had no predecessor: another version old enough, or itself, so that the steps are tried."""
    newest = standing.newest_scored
    current = standing.period_of(newest) if newest is not None else None
    if newest is None or current is None:
        raise standing.refused(
            version="(none)", reason="nothing is in force and scored yet", fix="Score a month first."
        )
    first = max(standing.open_cohorts[0], current.first)
    versions = ModelStore(standing.book.lake.layout).versions(standing.model)
    others = [name for name in versions if name != current.version and trained_as_of(name) < first]
    chosen = others[-1] if others else current.version
    said = "another stored version" if others else "itself"
    return chosen, first, f"{chosen}: {current.version} had no predecessor, so the drill goes to {said}"


def _changes(standing: ModelVersions, scored: pl.DataFrame, months: list[date]) -> str:
    now = standing.book.lake.scan(f"prediction/{standing.model}", months).collect()
    both = scored.join(now, on=["snapshot_month", standing.book.settings.portfolio.cases.key], suffix="_now")
    changed = both.filter(pl.col("decision") != pl.col("decision_now")).height
    return f"{scored.height:,} loans of {len(months)} months, {changed:,} would be decided otherwise"


def drill_table(drill: Drill) -> Table:
    """The steps as a table for the terminal."""
    total = sum(step.seconds for step in drill.steps)
    verdict = "passed" if drill.failure is None else "failed"
    table = Table(title=f"Rollback drill of {drill.model}: {verdict} in {total:.2f} s, nothing moved")
    for column in ("step", "seconds", "outcome"):
        table.add_column(column, overflow="fold", justify="right" if column == "seconds" else "left")
    for step in drill.steps:
        table.add_row(step.name, f"{step.seconds:.3f}", step.outcome)
    return table
