"""The overridden actions in the audit log: which person decided what in place of the rules.

A view: records are stored by `audit`. What follows from an override belongs to `monitoring.action.override`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from credit_platform.lake.governance.audit import AuditLog, AuditRecord, Entry
from credit_platform.lake.layout import Layout
from credit_platform.monitoring.action.action import Action, ActionOverride

_ACTION = "action_overridden"


@dataclass(frozen=True)
class OverrideLog:
    """The overridden actions of one data folder."""

    layout: Layout

    def records(self) -> list[ActionOverride]:
        """Every override in the order it was written. Raises AuditError where the log was tampered with."""
        return _overrides(AuditLog(self.layout).records())

    def append(self, override: ActionOverride, *, policy_sha256: str | None = None) -> bool:
        """Write an override unless it is the one in force for its month; says whether it wrote.

        Raises:
            AuditError: the audit log was tampered with.
        """

        def is_known(records: Sequence[AuditRecord]) -> bool:
            about = override.model, override.month, override.model_version
            last = override_of(_overrides(records), *about)
            return last is not None and (last.action, last.approver, last.reason) == (
                override.action,
                override.approver,
                override.reason,
            )

        entry = Entry(
            action=_ACTION,
            model=override.model,
            model_version=override.model_version,
            actor=override.approver,
            reasons=(override.reason,),
            effective_month=override.month,
            policy_sha256=policy_sha256,
            details={"action": override.action, "instead_of": override.instead_of},
        )
        return AuditLog(self.layout).append(entry, unless=is_known) is not None


def override_of(overrides: Sequence[ActionOverride], model: str, month: date, version: str) -> ActionOverride | None:
    """The last override of a model's month; one about another version than the one judged does not count."""
    own = [o for o in overrides if (o.model, o.month, o.model_version) == (model, month, version)]
    return own[-1] if own else None


def _overrides(records: Sequence[AuditRecord]) -> list[ActionOverride]:
    return [
        ActionOverride(
            model=record.entry.model,
            model_version=record.entry.model_version,
            month=record.entry.effective_month,
            action=cast("Action", record.entry.details["action"]),
            instead_of=cast("Action", record.entry.details["instead_of"]),
            approver=record.entry.actor,
            reason=record.entry.reasons[0],
        )
        for record in records
        if record.entry.action == _ACTION
    ]
