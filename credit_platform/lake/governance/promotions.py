"""The promotions in the audit log: which version took effect when, and why others did not.

A view: records are stored by `audit`, replayed by `scoring.governance.life_cycle`. Deciding about a promotion belongs
to `scoring.governance.promotion`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from credit_platform.errors import NoVersionInForceError
from credit_platform.lake.governance.audit import AuditLog, AuditRecord, Entry
from credit_platform.lake.layout import Layout
from credit_platform.months import month_key, parse_month
from credit_platform.scoring.governance.life_cycle import (
    Action,
    Decision,
    PeriodInForce,
    Provenance,
    period_of,
    periods_in_force,
)
from credit_platform.scoring.governance.promotion import Recommendation

_ACTIONS = ("promoted", "not_promoted", "rolled_back")


@dataclass(frozen=True)
class PromotionRecord:
    """A decision about one version: `promoted` with the month it takes effect, or kept out, with the reasons.

    A rollback is a promotion as well, of an earlier version. `scored_until` is the newest month that had been scored
    when a person decided; what was scored up to then is scored again, in hindsight. An interim promotion was made in
    spite of `failed_gates`; `recommended` is what a person is advised to do where policy leaves promotion to people.
    """

    model: str
    model_version: str
    as_of: date
    effective_month: date
    promoted: bool
    actor: str
    reasons: tuple[str, ...]
    is_rollback: bool = False
    scored_until: date | None = None
    failed_gates: tuple[str, ...] = ()
    is_interim: bool = False
    recommended: Recommendation | None = None

    @property
    def action(self) -> Action:
        """The record's name in the audit log."""
        if self.is_rollback:
            return "rolled_back"
        return "promoted" if self.promoted else "not_promoted"

    @property
    def decision(self) -> Decision:
        """The record as the life cycle replays it."""
        despite = self.failed_gates if self.is_interim else ()
        return Decision(self.action, self.model, self.model_version, self.effective_month, self.scored_until, despite)

    @property
    def details(self) -> dict[str, object]:
        """What the audit log holds of it beside what every entry says."""
        details: dict[str, object] = {"as_of": month_key(self.as_of)}
        if self.scored_until is not None:
            details["scored_until"] = month_key(self.scored_until)
        if self.failed_gates:
            details["failed_gates"] = list(self.failed_gates)
        if self.is_interim:
            details["interim"] = True
        if self.recommended is not None:
            details["recommended"] = self.recommended
        return details


@dataclass(frozen=True)
class PromotionLog:
    """The promotions of one data folder."""

    layout: Layout

    def records(self) -> list[PromotionRecord]:
        """Every record in the order it was written; a last line cut off by a crash is left out.

        Raises:
            AuditError: the audit log was tampered with.
        """
        return _promotions(AuditLog(self.layout).records())

    def append(self, record: PromotionRecord, *, policy_sha256: str | None = None, is_new: bool = False) -> bool:
        """Write a record unless it is what its actor decided last about the model in that month; says whether it wrote.

        A rule that runs again decides nothing new; what a person decides is written down each time, as `is_new`.

        Raises:
            AuditError: the audit log was tampered with.
        """

        def is_known(records: Sequence[AuditRecord]) -> bool:
            subject = (record.model, record.as_of, record.actor)
            same = [known for known in _promotions(records) if (known.model, known.as_of, known.actor) == subject]
            return bool(same) and same[-1] == record

        log = AuditLog(self.layout)
        before = incumbent(_promotions(log.records()), record.model, record.effective_month)
        entry = Entry(
            action=record.action,
            model=record.model,
            model_version=record.model_version,
            actor=record.actor,
            reasons=record.reasons,
            effective_month=record.effective_month,
            before=before,
            after=record.model_version if record.promoted else before,
            policy_sha256=policy_sha256,
            details=record.details,
        )
        return log.append(entry, unless=None if is_new else is_known) is not None


def _promotions(records: Iterable[AuditRecord]) -> list[PromotionRecord]:
    return [_record(record) for record in records if record.entry.action in _ACTIONS]


def _record(record: AuditRecord) -> PromotionRecord:
    entry = record.entry
    return PromotionRecord(
        model=entry.model,
        model_version=entry.model_version,
        as_of=parse_month(str(entry.details["as_of"])),
        effective_month=entry.effective_month,
        promoted=entry.action != "not_promoted",
        actor=entry.actor,
        reasons=entry.reasons,
        is_rollback=entry.action == "rolled_back",
        scored_until=record.decision.scored_until,
        failed_gates=_names(entry.details.get("failed_gates")),
        is_interim=entry.details.get("interim") is True,
        recommended=cast("Recommendation | None", entry.details.get("recommended")),
    )


def _names(said: object) -> tuple[str, ...]:
    return tuple(str(name) for name in said) if isinstance(said, list) else ()


def model_periods(records: Iterable[PromotionRecord], model: str) -> list[PeriodInForce]:
    """The periods_in_force of a model's versions in the order of their first month."""
    return periods_in_force([record.decision for record in records], model)


def promotions_kept(records: Sequence[PromotionRecord], model: str) -> list[PromotionRecord]:
    """The promotions that were not taken back, in the order of their effective months."""
    promoted = {(r.model, r.model_version, r.effective_month): r for r in records if r.promoted}
    return [promoted[model, period.version, period.first] for period in model_periods(records, model)]


def incumbent(records: Sequence[PromotionRecord], model: str, month: date) -> str | None:
    """The version whose promotion is in effect in `month`; None before the first takes effect."""
    period = period_of(model_periods(records, model), month)
    return period.version if period else None


def version_in_force(records: Sequence[PromotionRecord], model: str, month: date) -> tuple[str, Provenance]:
    """The version that scores `month`, and whether it does so live.

    Months before the first promotion takes effect are scored by the first version, as a backfill; months that were
    scored again after a rollback, as a rollback.

    Raises:
        NoVersionInForceError: no version of the model was ever promoted.
    """
    periods = model_periods(records, model)
    period = period_of(periods, month)
    if period is not None:
        return period.version, period.provenance(month)
    if not periods:
        waiting = [record.model_version for record in records if record.model == model]
        raise NoVersionInForceError(model=model, month=month, fix=_fix(model, waiting))
    return periods[0].version, "backfill"


def _fix(model: str, waiting: Sequence[str]) -> str:
    if not waiting:
        return f"Train it first: materialize model/{model}, or run credit-platform backfill."
    return (
        f"A person decides which version goes in: credit-platform promote --model {model} --version {waiting[-1]} "
        "--to in-force --approver NAME --reason TEXT."
    )
