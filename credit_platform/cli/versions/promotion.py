"""Moving a version to another status because a person says so: checked, written down, months scored again if need be.

What each status means is written in scoring.life_cycle; going back to an earlier version belongs to `rollback`.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from rich.console import Console
from rich.markup import escape

from credit_platform.assets.models.training import POLICY
from credit_platform.cli.book import Book
from credit_platform.cli.versions.follow_up import redraw_pages, score_again
from credit_platform.cli.versions.version_status import ModelVersions, trained_as_of
from credit_platform.errors import SettingsError
from credit_platform.lake.governance.audit import AuditLog, Entry
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.months import add_months, month_range
from credit_platform.previous_release import version_status

Target = Literal["candidate", "in force", "retired"]
# With the stages of model registries, which these take the place of.
_TARGETS: dict[str, Target] = {
    "candidate": "candidate",
    "in-force": "in force",
    "retired": "retired",
    "staging": "candidate",
    "production": "in force",
    "archived": "retired",
}
_RESERVED = {POLICY, "training"}


@dataclass(frozen=True)
class Person:
    """Who decides, and why."""

    name: str
    reasons: tuple[str, ...]

    @classmethod
    def named(cls, name: str, reason: str) -> "Person":
        """The person a command names.

        Raises:
            SettingsError: the name or the reason is empty, or the name is that of a rule.
        """
        if not name.strip() or name.strip() in _RESERVED:
            raise SettingsError(name="--approver", reason=f"{name!r} is no person", fix="Name who answers for it.")
        if not reason.strip():
            raise SettingsError(name="--reason", reason="is empty", fix="Say why, for those who read it in a year.")
        return cls(name.strip(), (reason.strip(),))


def target_role(word: str) -> Target:
    """The status a word means; words of the previous release are accepted with a warning.

    Raises:
        SettingsError: it means none.
    """
    found = _TARGETS.get(version_status(word.strip().lower()).replace(" ", "-"))
    if found is None:
        raise SettingsError(
            name="--to",
            reason=f"{word!r} is no status of a version",
            fix="Choose in-force, candidate or retired (also Production, Staging, Archived).",
        )
    return found


def promote(
    book: Book,
    console: Console,
    *,
    model: str,
    version: str,
    to: Target,
    person: Person,
    effective_month: date | None,
    despite_failed_gates: bool,
) -> int:
    """Move a version, write it down, and score again the open cohorts it comes to be in force in; the exit code.

    Raises:
        ModelStoreError: the version is unknown or damaged.
        LifeCycleError: it has failed gates, is there already, or cannot be in force in that month.
        AuditError: the audit log was tampered with.
    """
    standing = ModelVersions(book, model)
    standing.load(version)
    failed = standing.failed_gates(version) if to != "retired" else dict[str, str]()
    if failed and not despite_failed_gates:
        raise standing.refused(
            version,
            reason=" ".join(failed.values()).removesuffix("."),
            fix="Choose another version, or say --despite-failed-gates.",
        )
    person = replace(person, reasons=(*person.reasons, *(f"In spite of: {sentence}" for sentence in failed.values())))
    if to == "in force":
        is_interim = bool(failed) and standing.recommended.get(version) == "interim"
        despite = tuple(failed)
        return _put_in_force(standing, console, version, person, effective_month, failed=despite, is_interim=is_interim)
    if effective_month is not None:
        raise SettingsError(name="--effective-month", reason=f"a {to} takes effect at once", fix="Leave it out.")
    _require_movable(standing, version, to)
    entry = Entry(
        action="made_candidate" if to == "candidate" else "retired",
        model=model,
        model_version=version,
        actor=person.name,
        reasons=person.reasons,
        effective_month=standing.present or trained_as_of(version),
        policy_sha256=book.settings.policy.sha256,
    )
    AuditLog(book.lake.layout).append(entry)
    redraw_pages(book, console, model, version)
    console.print(f"{escape(model)}: version {version} is {to} now.", soft_wrap=True)
    return 0


def _require_movable(standing: ModelVersions, version: str, to: Target) -> None:
    role = standing.roles.get(version)
    if role == to:
        raise standing.refused(version, reason=f"it is {to} already", fix="Nothing is left to do.")
    present = standing.present
    to_come = [period for period in standing.periods_in_force if present is not None and period.first > present]
    if role == "in force" or version in {period.version for period in to_come}:
        raise standing.refused(
            version,
            reason="it is in force, or will be by a promotion that was written down",
            fix="Put another version in force, or say credit-platform rollback.",
        )


def _put_in_force(
    standing: ModelVersions,
    console: Console,
    version: str,
    person: Person,
    effective_month: date | None,
    *,
    failed: tuple[str, ...],
    is_interim: bool,
) -> int:
    book, model, newest = standing.book, standing.model, standing.newest_scored
    as_of = trained_as_of(version)
    # By default nothing that was scored changes, and the first version takes effect as policy would have it.
    earliest = add_months(as_of if newest is None else max(as_of, newest), 1)
    month = effective_month or earliest
    standing.require_effective(version, month, option="--effective-month")
    current = standing.period_of(month)
    if current is not None and current.version == version:
        raise standing.refused(version, reason=f"it is in force in {month:%Y-%m} already", fix="Nothing is left to do.")
    record = PromotionRecord(
        model=model,
        model_version=version,
        as_of=as_of,
        effective_month=month,
        promoted=True,
        actor=person.name,
        reasons=person.reasons,
        scored_until=newest if newest is not None and month <= newest else None,
        failed_gates=failed,
        is_interim=is_interim,
    )
    PromotionLog(book.lake.layout).append(record, policy_sha256=book.settings.policy.sha256, is_new=True)
    how = " as interim" if is_interim else ""
    console.print(f"{escape(model)}: version {version} is in force{how} from {month:%Y-%m} on.", soft_wrap=True)
    later = next((period for period in standing.periods_in_force if period.first > month), None)
    if later is not None:
        console.print(
            f"From {later.first:%Y-%m} on it gives way to version {later.version}, whose promotion was written down "
            f"before. To keep it, say: credit-platform rollback --model {model} --to {version} "
            f"--from {later.first:%Y-%m} --approver NAME --reason TEXT",
            soft_wrap=True,
        )
    redraw_pages(book, console, model, version)
    months = month_range(month, newest) if newest is not None else None
    return 0 if score_again(book, console, model, months or (), command="promote") else 1
