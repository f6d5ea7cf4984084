"""Going back to an earlier version: planned, tried on the newest month, written down, open cohorts scored again.

The same steps without the writing are the drill, in `drill`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from rich.console import Console
from rich.markup import escape

from credit_platform.cli.book import Book
from credit_platform.cli.run.rescoring import score_again
from credit_platform.cli.versions.pages import redraw_pages
from credit_platform.cli.versions.promotion import Person
from credit_platform.cli.versions.version_status import ModelVersions, trained_as_of
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.months import month_range
from credit_platform.scoring.governance.life_cycle import PeriodInForce, Provenance, displaced, withdrawn
from credit_platform.scoring.predictions import score_loans

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

    Without `to` it goes to the champion before; without `first`, from the first open cohort of the current champion.

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
    target = to or _champion_before(standing, present)
    standing.load(target)
    opened = standing.open_cohorts[0]
    month = first or max(opened, present.first)
    standing.require_effective(target, month, option="--from")
    if displaced(standing.periods_in_force, month) == [target]:
        raise standing.refused(target, reason=f"it is in force from {month:%Y-%m} on", fix="Name another with --to.")
    return RollbackPlan(present.version, target, month, tuple(month_range(month, newest)))


def _champion_before(standing: ModelVersions, current: PeriodInForce) -> str:
    """The last champion before the current one that nobody took out."""
    out = withdrawn(standing.decisions, standing.model) | {current.version}
    earlier = [r.version for r in standing.periods_in_force if r.first < current.first and r.version not in out]
    if not earlier:
        raise standing.refused(
            current.version,
            reason="no other version was in force before it",
            fix="Name the version to go back to with --to; credit-platform models lists them.",
        )
    return earlier[-1]


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
    console.print(f"Version {plan.target} is sound and scores the {n_loans:,} loans of {month:%Y-%m}.", soft_wrap=True)
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
