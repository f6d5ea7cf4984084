"""Going back to an earlier version: planned, tried on the newest month, written down, open cohorts scored again.

The drill takes the same steps on the real data and times them, with nothing moved and nothing written.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from credit_platform.cli.book import Book
from credit_platform.cli.printing import folding_table
from credit_platform.cli.versions.follow_up import redraw_pages, score_again
from credit_platform.cli.versions.promotion import Person
from credit_platform.cli.versions.version_status import ModelVersions, trained_as_of
from credit_platform.errors import CreditPlatformError, LifeCycleError
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.months import month_range
from credit_platform.scoring.governance.life_cycle import PeriodInForce, Provenance, displaced, in_force_before
from credit_platform.scoring.predictions import score_loans

_Result = TypeVar("_Result")
_FEATURES = "gold/feature_store"


@dataclass(frozen=True)
class RollbackPlan:
    """What a rollback would do: which version goes, which comes back, from when, and what is scored again."""

    current: str
    target: str
    effective_month: date
    scored_again: tuple[date, ...]


def plan_rollback(standing: ModelVersions, *, to: str | None, first: date | None) -> RollbackPlan:
    """Plan a rollback of the last promotion.

    Without `to` it goes to the version in force before; without `first`, from the first open cohort of the current one.

    Raises:
        ModelStoreError: the version is unknown or damaged.
        LifeCycleError: nothing was scored yet, there is no version to go back to, or it cannot be in force then.
    """
    newest = standing.newest_scored
    present = standing.periods_in_force[-1] if standing.periods_in_force else None
    if newest is None or present is None:
        raise standing.refused(
            to or "(none)",
            reason="no month has been scored by a version in force, so there is nothing to roll back",
            fix="Score a month first, or promote a version: credit-platform promote.",
        )
    target = to or _version_before(standing, present)
    standing.load(target)
    opened = standing.open_cohorts[0]
    month = first or max(opened, present.first)
    standing.require_effective(target, month, option="--from")
    if displaced(standing.periods_in_force, month) == [target]:
        raise standing.refused(target, reason=f"it is in force from {month:%Y-%m} on", fix="Name another with --to.")
    return RollbackPlan(present.version, target, month, tuple(month_range(month, newest)))


def _version_before(standing: ModelVersions, current: PeriodInForce) -> str:
    """The last version in force before the current one that nobody took out."""
    earlier = in_force_before(standing.decisions, standing.model, current.first)
    if not earlier:
        raise standing.refused(
            current.version,
            reason="no other version was in force before it",
            fix="Name the version to go back to with --to; credit-platform models lists them.",
        )
    return earlier[0]


def try_on_newest_month(standing: ModelVersions, version: str) -> tuple[date, int]:
    """Score the newest month of features without writing anything; the month and how many loans it has.

    Raises:
        LifeCycleError: there are no features.
        ModelStoreError: the features lack a column of the version.
    """
    months = standing.book.lake.months(_FEATURES)
    if not months:
        raise standing.refused(version, reason=f"there is no month of {_FEATURES} to try it on", fix="Build one first.")
    return months[-1], score_in_memory(standing, version, months[-1:], provenance="rollback").height


def score_in_memory(
    standing: ModelVersions, version: str, months: Sequence[date], *, provenance: Provenance
) -> pl.DataFrame:
    """What a version says of the loans of some months, checked against the contract of predictions."""
    policy, lake, windows = standing.book.settings.policy, standing.book.lake, standing.read(version).windows
    scored = [
        score_loans(
            standing.load(version),
            lake.scan(_FEATURES, [month]).collect(),
            model_version=version,
            role=windows.role_of(month),
            provenance=provenance,
            config=policy.model,
            reasons=policy.reasons,
        )
        for month in months
    ]
    return pl.concat(scored)


def roll_back(book: Book, console: Console, *, model: str, to: str | None, first: date | None, person: Person) -> int:
    """Put an earlier version in force, write it down, score the open cohorts again; the exit code.

    Nothing is moved before the version has been read, verified and tried on the newest month.

    Raises:
        ModelStoreError: the version is unknown, damaged, or cannot score the newest month.
        LifeCycleError: there is no version to go back to, or it cannot be in force then.
        AuditError: the audit log was tampered with.
    """
    standing = ModelVersions(book, model)
    plan = plan_rollback(standing, to=to, first=first)
    month, n_loans = try_on_newest_month(standing, plan.target)
    cases = book.settings.portfolio.words.cases
    console.print(
        f"Version {plan.target} is sound and scores the {n_loans:,} {cases} of {month:%Y-%m}.", soft_wrap=True
    )
    record = PromotionRecord(
        model=model,
        model_version=plan.target,
        as_of=trained_as_of(plan.target),
        effective_month=plan.effective_month,
        promoted=True,
        actor=person.name,
        reasons=person.reasons,
        is_rollback=True,
        scored_until=standing.newest_scored,
    )
    PromotionLog(book.lake.layout).append(record, policy_sha256=book.settings.policy.sha256, is_new=True)
    console.print(
        f"{escape(model)}: rolled back from version {plan.current} to {plan.target} "
        f"from {plan.effective_month:%Y-%m} on.",
        soft_wrap=True,
    )
    redraw_pages(book, console, model, plan.target)
    return 0 if score_again(book, console, model, plan.scored_again, command="rollback") else 1


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


def drill_rollback(book: Book, model: str, to: str | None = None) -> Drill:
    """Do everything a rollback of a model does, up to writing; a failed step ends it. Without `to` as `roll_back`."""
    drill, standing = Drill(model), ModelVersions(book, model)
    cases = book.settings.portfolio.words.cases
    try:
        log = AuditLog(book.lake.layout)
        drill.timed("read the audit log", log.records, lambda records: f"{len(records)} records, chain unbroken")
        target, month, _ = drill.timed("choose the version", lambda: _target(standing, to), lambda found: found[2])
        drill.timed(
            "read and verify it", lambda: standing.load(target), lambda found: f"{len(found.features)} features"
        )
        drill.timed(
            "score the newest month",
            lambda: try_on_newest_month(standing, target),
            lambda tried: f"{tried[1]:,} {cases} of {tried[0]:%Y-%m}",
        )
        months = [cohort for cohort in standing.open_cohorts if cohort >= month]
        if months:  # none where what is in force is still to take effect: nothing would be scored again
            drill.timed(
                "score the open cohorts",
                lambda: score_in_memory(standing, target, months, provenance="rollback"),
                lambda scored: _changes(standing, scored, months),
            )
    except CreditPlatformError:
        return drill
    return drill


def _target(standing: ModelVersions, to: str | None) -> tuple[str, date, str]:
    """The version a rollback would go to, from which month, and how it was chosen."""
    try:
        plan = plan_rollback(standing, to=to, first=None)
    except LifeCycleError:
        if to is not None:
            raise
        return _stand_in(standing)
    return (
        plan.target,
        plan.effective_month,
        f"{plan.target} in place of {plan.current} from {plan.effective_month:%Y-%m}",
    )


def _stand_in(standing: ModelVersions) -> tuple[str, date, str]:
    """For a version that had no predecessor: another old enough, or itself, so that the steps are tried."""
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
    portfolio = standing.book.settings.portfolio
    now = standing.book.lake.scan(f"prediction/{standing.model}", months).collect()
    both = scored.join(now, on=["snapshot_month", portfolio.cases.key], suffix="_now")
    changed = both.filter(pl.col("decision") != pl.col("decision_now")).height
    return f"{scored.height:,} {portfolio.words.cases} of {len(months)} months, {changed:,} would be decided otherwise"


def drill_table(drill: Drill) -> Table:
    """The steps as a table for the terminal."""
    total = sum(step.seconds for step in drill.steps)
    verdict = "passed" if drill.failure is None else "failed"
    title = f"Rollback drill of {drill.model}: {verdict} in {total:.2f} s, nothing moved"
    rows = ((step.name, f"{step.seconds:.3f}", step.outcome) for step in drill.steps)
    return folding_table(title, "step", "seconds", "outcome", rows=rows, right=("seconds",))
